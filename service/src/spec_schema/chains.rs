//! Bounds how many schemas apply to one value, each through the one before.
//!
//! Every step costs stack while a value is checked, and does so again at each level of the value's nesting.
//! A schema that applies to a value through itself would say nothing, and never end.

use serde_json::Value;

use super::error::SpecSchemaError;
use super::graph::Graph;
use super::keywords;

/// How many schemas may apply to one value, each through the one before.
pub(super) const MAX_CHAIN: usize = 24;

/// Refuses schemas that apply to one value through themselves, or through too many others.
pub(super) fn check(graph: &Graph<'_>) -> Result<(), SpecSchemaError> {
    let definitions = graph.definitions();
    let mut chains = Chains { graph, lengths: vec![Length::Unknown; definitions.len()] };
    for (number, schema) in definitions.iter().enumerate() {
        chains.definition(number, 0)?;
        chains.inside(schema, number)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Unknown,
    /// Being measured: whoever meets it has come back to where it started.
    Open,
    Known(usize),
}

struct Chains<'g> {
    graph: &'g Graph<'g>,
    lengths: Vec<Length>,
}

impl Chains<'_> {
    /// Measures every schema below a property or an item: a chain of its own starts there.
    fn inside(&mut self, schema: &Value, number: usize) -> Result<(), SpecSchemaError> {
        let Value::Object(schema) = schema else {
            return Ok(());
        };
        for (keyword, child) in keywords::children(schema) {
            if !keywords::is_in_place(keyword) {
                self.longest(child, number, 0)?;
            }
            self.inside(child, number)?;
        }
        Ok(())
    }

    /// The longest chain from a definition, which is itself `steps` into a chain.
    fn definition(&mut self, number: usize, steps: usize) -> Result<usize, SpecSchemaError> {
        let length = match self.lengths.get(number).copied() {
            Some(Length::Open) => {
                return Err(SpecSchemaError::EndlessReference { at: self.graph.place(number) });
            }
            Some(Length::Known(length)) => length,
            _ => self.measure(number, steps)?,
        };
        self.bounded(steps + length, number)?;
        Ok(length)
    }

    fn measure(&mut self, number: usize, steps: usize) -> Result<usize, SpecSchemaError> {
        let Some(schema) = self.graph.definitions().get(number) else {
            return Ok(0);
        };
        self.lengths[number] = Length::Open;
        let length = self.longest(schema, number, steps)?;
        self.lengths[number] = Length::Known(length);
        Ok(length)
    }

    /// The longest chain from a schema inside the definition `number`.
    fn longest(&mut self, schema: &Value, number: usize, steps: usize) -> Result<usize, SpecSchemaError> {
        self.bounded(steps, number)?;
        let Value::Object(schema) = schema else {
            return Ok(0);
        };
        let mut longest = 0;
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(Graph::number) {
            longest = 1 + self.definition(target, steps + 1)?;
        }
        for (_, child) in keywords::children(schema).filter(|(keyword, _)| keywords::is_in_place(keyword)) {
            longest = longest.max(1 + self.longest(child, number, steps + 1)?);
        }
        Ok(longest)
    }

    fn bounded(&self, steps: usize, number: usize) -> Result<(), SpecSchemaError> {
        if steps > MAX_CHAIN {
            return Err(SpecSchemaError::TooDeep { at: self.graph.place(number), limit: MAX_CHAIN });
        }
        Ok(())
    }
}
