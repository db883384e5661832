//! Random searches over the fields and values of a set of resources.

use std::collections::BTreeSet;

use serde_json::Value;

use super::random::Random;
use super::{Field, Literal, Meaning, Search, Test, Type, instant};

/// A generator of searches over the fields and values of a set of resources.
pub(crate) struct Generator<'a> {
    resources: &'a [Value],
    fields: Vec<Field>,
    random: Random,
}

/// Texts that are easily mistaken for syntax or other values.
const ODD_TEXTS: [&str; 14] = [
    "",
    " ",
    "a",
    "A",
    "it's",
    "\"",
    "\\",
    "50%",
    "a_b",
    "*",
    "[a-z]",
    "Zürich",
    "True') or (1=1) --",
    "00000000-0000-7000-8000-000000000000",
];
const ODD_NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "1000",
    "0.1",
    "-0.0",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e300",
];

impl<'a> Generator<'a> {
    pub(crate) fn new(resources: &'a [Value], seed: u64) -> Self {
        Self { resources, fields: fields(resources), random: Random(seed) }
    }

    /// Returns the next search, of at most 4096 bytes.
    pub(crate) fn search(&mut self) -> Search {
        loop {
            let (text, meaning) = self.expression(3);
            if text.len() <= 4096 {
                return Search { text, meaning };
            }
        }
    }

    fn expression(&mut self, depth: usize) -> (String, Meaning) {
        match self.random.below(if depth == 0 { 2 } else { 6 }) {
            2 => {
                let (text, meaning) = self.part(depth, false);
                (format!("{} {text}", self.word("not")), Meaning::Not(Box::new(meaning)))
            }
            3 | 4 => {
                let (texts, parts): (Vec<_>, Vec<_>) =
                    (0..2 + self.random.below(2)).map(|_| self.part(depth, false)).unzip();
                (texts.join(&format!(" {} ", self.word("and"))), Meaning::All(parts))
            }
            5 => {
                let (texts, parts): (Vec<_>, Vec<_>) =
                    (0..2 + self.random.below(2)).map(|_| self.part(depth, true)).unzip();
                (texts.join(&format!(" {} ", self.word("or"))), Meaning::Any(parts))
            }
            _ => self.comparison(),
        }
    }

    /// Returns an operand of an operator (of `or`, if `beside_or` is set): a comparison, or another expression, in
    /// parentheses where required.
    fn part(&mut self, depth: usize, beside_or: bool) -> (String, Meaning) {
        let (text, meaning) = self.expression(depth - 1);
        match meaning {
            Meaning::Is { .. } => (text, meaning),
            Meaning::Not(inner) if !matches!(*inner, Meaning::Is { .. }) => {
                (format!("({text})"), Meaning::Not(inner))
            }
            Meaning::Not(_) => (text, meaning),
            Meaning::All(_) if beside_or && self.random.once_in(2) => (text, meaning),
            _ => (format!("( {text} )"), meaning),
        }
    }

    /// Returns a keyword, sometimes in upper case.
    fn word(&mut self, word: &str) -> String {
        if self.random.once_in(4) { word.to_ascii_uppercase() } else { word.to_owned() }
    }

    fn comparison(&mut self) -> (String, Meaning) {
        let field = self.random.pick(&self.fields).clone();
        let literal = self.literal(&field, None);
        let orders = !matches!(literal, Literal::Json(Value::Bool(_)));
        let texts = matches!(literal, Literal::Json(Value::String(_)));
        let not = self.random.once_in(2);
        let (test, rest) = match self.random.below(10) {
            0 => (Test::Null, self.word(if not { "is not null" } else { "is null" })),
            1 | 2 => self.list(&field, literal, not),
            3 | 4 if orders => {
                let operator = *self.random.pick(&["<", "<=", ">", ">="]);
                let rest = format!("{operator} {}", self.spell(&literal));
                // These operators have no negated form.
                let meaning = Meaning::Is { field: field.clone(), test: Test::Ordered(operator, literal) };
                return (format!("{} {rest}", field.name), meaning);
            }
            5 if orders => {
                let other = self.literal(&field, Some(&literal));
                let bounds = format!("{} {} {}", self.spell(&literal), self.word("and"), self.spell(&other));
                (
                    Test::Between(literal, other),
                    format!("{} {bounds}", self.word(if not { "not between" } else { "between" })),
                )
            }
            6 | 7 if texts => self.like(literal, not),
            _ => {
                let operator = *self.random.pick(if not { &["!=", "<>"] } else { &["=", "=="] });
                let literal = self.equal(&field, literal);
                let rest = format!("{operator}{}", self.spell(&literal));
                (Test::Equal(vec![literal]), rest)
            }
        };
        let text = format!("{} {rest}", field.name);
        let meaning = Meaning::Is { field, test };
        (text, if not { Meaning::Not(Box::new(meaning)) } else { meaning })
    }

    fn list(&mut self, field: &Field, first: Literal, not: bool) -> (Test, String) {
        let mut literals = vec![first];
        for _ in 0..self.random.below(4) {
            let like_first = literals[0].clone();
            literals.push(self.literal(field, Some(&like_first)));
        }
        let literals: Vec<Literal> = literals.into_iter().map(|literal| self.equal(field, literal)).collect();
        let spelled: Vec<String> = literals.iter().map(|literal| self.spell(literal)).collect();
        let (open, close) = if self.random.once_in(2) { ('[', ']') } else { ('(', ')') };
        let operator = self.word(if not { "not in" } else { "in" });
        (Test::Equal(literals), format!("{operator} {open}{}{close}", spelled.join(", ")))
    }

    fn like(&mut self, literal: Literal, not: bool) -> (Test, String) {
        let Literal::Json(Value::String(text)) = literal else { unreachable!("only texts have patterns") };
        let mut pattern = String::new();
        for char in text.chars() {
            match self.random.below(8) {
                0 => pattern.push('_'),
                1 if !pattern.ends_with('%') => pattern.push('%'),
                _ if matches!(char, '%' | '_' | '\\') => pattern.extend(['\\', char]),
                _ if self.random.once_in(6) => pattern.push(char.to_ascii_uppercase()),
                _ => pattern.push(char),
            }
        }
        if self.random.once_in(2) {
            pattern.push('%');
        }
        let ignore_case = self.random.once_in(2);
        let operator =
            format!("{}{}", if not { "not " } else { "" }, if ignore_case { "ilike" } else { "like" });
        let rest = format!("{} {}", self.word(&operator), self.quote(&pattern));
        (Test::Like { pattern, ignore_case }, rest)
    }

    /// Phases and statuses of conditions can only be compared with their three values.
    fn equal(&mut self, field: &Field, literal: Literal) -> Literal {
        match field.of {
            Type::Status => Literal::Json(Value::from(*self.random.pick(&["True", "False", "Unknown"]))),
            Type::Phase => Literal::Json(Value::from(*self.random.pick(&["NotReady", "Ready", "Failed"]))),
            _ => literal,
        }
    }

    /// Returns a literal for a field, usually near a value of some resource, and of the type of `other` if given.
    fn literal(&mut self, field: &Field, other: Option<&Literal>) -> Literal {
        loop {
            let value = field.value(self.random.pick(self.resources)).cloned();
            let literal = match (field.of, value) {
                (Type::Time, value) => self.time(value.as_ref().and_then(Value::as_str)),
                (Type::Integer, Some(Value::Number(number))) => {
                    Literal::Json(Value::from(number.as_i64().unwrap_or(0) + self.random.below(3) as i64 - 1))
                }
                (Type::Integer, _) => Literal::Json(Value::from(self.random.below(4))),
                (Type::Spec, Some(value @ (Value::Number(_) | Value::Bool(_)))) => Literal::Json(value),
                (Type::Spec, _) if self.random.once_in(5) => {
                    Literal::Json(number(self.random.pick::<&str>(&ODD_NUMBERS)))
                }
                (_, Some(Value::String(text))) => Literal::Json(Value::from(self.near(text))),
                _ => Literal::Json(Value::from(*self.random.pick(&ODD_TEXTS))),
            };
            match (&literal, other) {
                (Literal::Json(mine), Some(Literal::Json(theirs)))
                    if std::mem::discriminant(mine) != std::mem::discriminant(theirs) => {}
                _ => return literal,
            }
        }
    }

    fn near(&mut self, text: String) -> String {
        match self.random.below(12) {
            0 => text.to_ascii_uppercase(),
            1 => format!("{text}a"),
            2 => text.chars().take(1).collect(),
            3 => (*self.random.pick(&ODD_TEXTS)).to_owned(),
            // Changes the path of an existing resource so that it matches none.
            4 => text.replacen("clusters", "cluster", 1),
            _ => text,
        }
    }

    /// Returns a time, sometimes offset by a nanosecond or more, sometimes in another time zone.
    fn time(&mut self, near: Option<&str>) -> Literal {
        let near = near.unwrap_or("2026-11-22T20:10:00.000001Z");
        let off = *self.random.pick(&[0, 0, 0, 1, -1, 1000, -1000, 600_000_000_000]);
        let time =
            instant(near).expect("times of resources are RFC 3339") + chrono::TimeDelta::nanoseconds(off);
        let minutes = *self.random.pick(&[0, 0, 90, -480]);
        let zone = chrono::FixedOffset::east_opt(minutes * 60).expect("less than a day");
        let text = time.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        Literal::Time(if self.random.once_in(20) { "0001-01-01T00:00:00Z".to_owned() } else { text })
    }

    fn spell(&mut self, literal: &Literal) -> String {
        match literal {
            Literal::Time(text) | Literal::Json(Value::String(text)) => self.quote(text),
            Literal::Json(other) => other.to_string(),
        }
    }

    /// Returns a text as a string literal, in one of its possible spellings.
    fn quote(&mut self, text: &str) -> String {
        let quote = *self.random.pick(&['\'', '"']);
        let mut literal = String::from(quote);
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let special = matches!(chars.peek(), None | Some('\'' | '"' | '\\'));
            match char {
                '\\' if special || self.random.once_in(2) => literal.push_str("\\\\"),
                char if char == quote => {
                    literal.extend([if self.random.once_in(2) { '\\' } else { quote }, quote])
                }
                char => literal.push(char),
            }
        }
        literal.push(quote);
        literal
    }
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).expect("a number")
}

/// Returns all fields that these resources have, and some that none of them has.
fn fields(resources: &[Value]) -> Vec<Field> {
    let text = ["id", "name", "kind", "href", "created_by", "updated_by", "deleted_by", "owner_id"];
    let integer = ["generation", "status.observed_generation"];
    let time = [
        "created_time",
        "updated_time",
        "deleted_time",
        "status.last_updated_time",
        "status.last_transition_time",
    ];
    let mut fields: Vec<Field> = text.iter().map(|name| Field::new(*name, Type::Text)).collect();
    fields.push(Field::new("status.phase", Type::Phase));
    fields.extend(integer.iter().map(|name| Field::new(*name, Type::Integer)));
    fields.extend(time.iter().map(|name| Field::new(*name, Type::Time)));

    let mut labels = BTreeSet::from(["missing/key".to_owned()]);
    let mut paths = BTreeSet::from(["missing.path".to_owned(), "name.0".to_owned()]);
    let mut conditions = BTreeSet::from(["Reconciled".to_owned(), "MissingSuccessful".to_owned()]);
    for resource in resources {
        labels.extend(resource["labels"].as_object().into_iter().flatten().map(|(key, _)| key.clone()));
        spec_paths(&resource["spec"], "", &mut paths);
        let types = resource["status"]["conditions"].as_array().into_iter().flatten();
        conditions.extend(types.filter_map(|condition| condition["type"].as_str().map(str::to_owned)));
    }
    fields.extend(labels.iter().map(|key| Field::new(format!("labels.{key}"), Type::Text)));
    fields.extend(paths.iter().map(|path| Field::new(format!("spec.{path}"), Type::Spec)));
    for condition in conditions {
        let member = |name, of| Field::new(format!("status.conditions.{condition}{name}"), of);
        fields.extend([
            member("", Type::Status),
            member(".reason", Type::Text),
            member(".observed_generation", Type::Integer),
            member(".last_updated_time", Type::Time),
            member(".last_transition_time", Type::Time),
        ]);
    }
    fields
}

/// Collects the paths that a search can name.
fn spec_paths(value: &Value, prefix: &str, paths: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let nameable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !key.is_empty() && key.bytes().all(nameable) {
            let path = format!("{prefix}{key}");
            spec_paths(value, &format!("{path}."), paths);
            paths.insert(path);
        }
    }
}
