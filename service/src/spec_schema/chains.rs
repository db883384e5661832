//! Limits the number of schemas that apply to one value, both in a chain and in total.
//!
//! In a chain, each schema applies through the one before. Each step of a chain uses stack while a value is
//! checked, again at each level of the value's nesting. A schema that applies to a value through itself would
//! constrain nothing, and its check would not end.

use serde_json::Value;

use super::error::SpecSchemaError;
use super::graph::Graph;
use super::keywords;

/// The maximum number of schemas that apply to one value in a chain, each through the one before.
pub(super) const MAX_CHAIN: usize = 24;
/// The maximum number of schemas that apply to one value in total. A schema counts once for each path that leads to
/// it.
const MAX_APPLIED: usize = 10_000;

/// Rejects schemas that apply to one value through themselves, or through too many others.
pub(super) fn check(graph: &Graph<'_>) -> Result<(), SpecSchemaError> {
    let mut chains = Chains { graph, reaches: vec![None; graph.schemas.len()], open: Vec::new() };
    for (number, definition) in graph.schemas.iter().enumerate() {
        chains.definition(number)?;
        // Each property and each item starts a separate chain.
        for start in keywords::starts(definition) {
            chains.reach(start, number, 0)?;
        }
    }
    Ok(())
}

/// The length of the longest chain that starts with a schema, and the number of all schemas that apply with it.
type Reach = (usize, usize);

struct Chains<'g> {
    graph: &'g Graph<'g>,
    /// The reach of each definition, once it is known.
    reaches: Vec<Option<Reach>>,
    /// The definitions that are being measured, each reached from the one before.
    open: Vec<usize>,
}

impl<'g> Chains<'g> {
    fn definition(&mut self, number: usize) -> Result<Reach, SpecSchemaError> {
        if let Some(reach) = self.reaches[number] {
            return Ok(reach);
        }
        let definition: &'g Value = &self.graph.schemas[number];
        if self.open.contains(&number) {
            return self
                .refuse(number, "the schema refers to itself without a property or an item in between");
        }
        self.open.push(number);
        let reach = self.reach(definition, number, 0)?;
        self.open.pop();
        self.reaches[number] = Some(reach);
        Ok(reach)
    }

    /// Returns the reach of a schema that is nested `depth` schemas deep in the definition `number`.
    fn reach(&mut self, schema: &Value, number: usize, depth: usize) -> Result<Reach, SpecSchemaError> {
        let (mut chain, mut applied) = (self.open.len() + depth, 1);
        if chain <= MAX_CHAIN + 1 {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(Graph::number);
            let mut next: Vec<Reach> =
                target.map(|target| self.definition(target)).transpose()?.into_iter().collect();
            for child in keywords::in_place(schema) {
                next.push(self.reach(child, number, depth + 1)?);
            }
            chain = 1 + next.iter().map(|(chain, _)| *chain).max().unwrap_or(0);
            applied += next.iter().map(|(_, applied)| applied).sum::<usize>();
        }
        if chain > MAX_CHAIN + 1 {
            return self.refuse(
                number,
                "more than 24 schemas apply one through the other; refer to them more directly",
            );
        }
        if applied > MAX_APPLIED {
            return self
                .refuse(number, "more than 10000 schemas apply to one value; refer to them less often");
        }
        Ok((chain, applied))
    }

    fn refuse<T>(&self, number: usize, problem: &str) -> Result<T, SpecSchemaError> {
        Err(SpecSchemaError::at(self.graph.location(number), problem))
    }
}
