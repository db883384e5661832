//! The subset of jq that the documentation uses: paths, pipes, and construction of objects and arrays.

use serde_json::Value;

/// Returns the outputs of a filter for one input.
pub fn run(filter: &str, input: &Value) -> Vec<Value> {
    let mut parser = Parser { rest: filter };
    let outputs = parser.pipe(vec![input.clone()]);
    assert!(parser.rest.is_empty(), "jq cannot read {:?} of {filter:?}", parser.rest);
    outputs
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn take(&mut self, symbol: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, symbol: char) {
        assert!(self.take(symbol), "jq expects {symbol} before {:?}", self.rest);
    }

    fn name(&mut self) -> &'a str {
        let end = self.rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name
    }

    fn pipe(&mut self, inputs: Vec<Value>) -> Vec<Value> {
        let mut outputs = self.term(inputs);
        while self.take('|') {
            outputs = self.term(outputs);
        }
        self.rest = self.rest.trim_start();
        outputs
    }

    /// Applies a term to every input by parsing the same text once per input.
    fn term(&mut self, inputs: Vec<Value>) -> Vec<Value> {
        let start = self.rest.trim_start();
        // Parsed once with null, so that the term is consumed even if there are no inputs.
        self.rest = start;
        self.one(&Value::Null);
        let end = self.rest;
        let mut outputs = Vec::new();
        for input in &inputs {
            self.rest = start;
            outputs.extend(self.one(input));
        }
        self.rest = end;
        outputs
    }

    fn one(&mut self, input: &Value) -> Vec<Value> {
        if self.take('{') {
            vec![self.object(input)]
        } else if self.take('[') {
            let items = self.pipe(vec![input.clone()]);
            self.expect(']');
            vec![items.into()]
        } else {
            self.path(input)
        }
    }

    fn object(&mut self, input: &Value) -> Value {
        let mut members = serde_json::Map::new();
        loop {
            self.rest = self.rest.trim_start();
            let name = self.name();
            let value = match self.take(':') {
                true => {
                    self.rest = self.rest.trim_start();
                    self.one(input).pop().unwrap_or_default()
                }
                false => input[name].clone(),
            };
            members.insert(name.to_owned(), value);
            if !self.take(',') {
                break;
            }
        }
        self.expect('}');
        members.into()
    }

    fn path(&mut self, input: &Value) -> Vec<Value> {
        self.expect('.');
        let mut values = vec![input.clone()];
        loop {
            if let Some(rest) = self.rest.strip_prefix("[]") {
                self.rest = rest;
                values =
                    values.iter().flat_map(|value| value.as_array().cloned().unwrap_or_default()).collect();
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (index, rest) = rest.split_once(']').expect("the end of an index");
                self.rest = rest;
                let index: usize = index.parse().expect("an index");
                values = values.iter().map(|value| value[index].clone()).collect();
            } else {
                self.rest = self.rest.strip_prefix('.').unwrap_or(self.rest);
                let name = self.name();
                if name.is_empty() {
                    return values;
                }
                values = values.iter().map(|value| value[name].clone()).collect();
            }
        }
    }
}

#[test]
fn filters_give_what_jq_gives() {
    let input = serde_json::json!({"a": {"b": [{"c": 1, "d": 2}, {"c": 3, "d": 4}]}, "e": null});
    for (filter, expected) in [
        (".", vec![input.clone()]),
        (".a.b[1].c", vec![3.into()]),
        (".x.y", vec![Value::Null]),
        (".a.b[].c", vec![1.into(), 3.into()]),
        ("[.a.b[] | {c, f: .d}]", vec![serde_json::json!([{"c": 1, "f": 2}, {"c": 3, "f": 4}])]),
        ("{e, g: .a.b[0].d}", vec![serde_json::json!({"e": null, "g": 2})]),
        ("[.e[]]", vec![serde_json::json!([])]),
    ] {
        assert_eq!(run(filter, &input), expected, "{filter}");
    }
}
