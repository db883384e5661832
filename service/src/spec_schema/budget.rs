//! Limits the work of one check.
//!
//! With a recursive schema whose alternatives overlap, each level of a value doubles the number of steps, and
//! jsonschema has neither a limit nor a way to stop. So a schema of this module precedes every other schema. It
//! accepts all values, counts the cost of applying the other schema to a value, and unwinds out of the library when
//! the budget is spent. [`within`] catches the unwinding; no panic hook runs. This requires a profile that unwinds,
//! which the server also needs to survive a panic. The budget counts steps, not time, so that the same value is
//! accepted or refused on every machine, regardless of its load.

use std::cell::Cell;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use regex_automata::dfa::dense::{Builder, Config};
use regex_syntax::hir::{Hir, HirKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::keywords;

/// The keyword that counts steps. Names that start with `$` are reserved.
pub(super) const KEYWORD: &str = "$steps";

/// The cost of creating an error, in steps of deciding (5 to 10 ns each).
const ERROR_STEPS: u64 = 16;
/// The cost of keeping the errors of one alternative, in steps.
const ALTERNATIVE_STEPS: u64 = 256;
/// The number of positions of a pattern that are tried against one character in one step.
const POSITIONS_PER_STEP: u64 = 4;
/// The maximum size of an automaton that the regular expression engine keeps whole, in bytes.
const MAX_AUTOMATON_BYTES: usize = 1 << 20;

thread_local! {
    /// The number of steps left for the check that runs on this thread.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// The payload of the unwinding that ends a check.
struct Spent;

/// Returns the result of `work`, or `None` if it needs more than `steps` steps.
pub(super) fn within<T>(steps: u64, work: impl FnOnce() -> T) -> Option<T> {
    LEFT.set(steps);
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Spent>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

fn spend(steps: u64) {
    match LEFT.get().checked_sub(steps) {
        Some(left) => LEFT.set(left),
        None => resume_unwind(Box::new(Spent)),
    }
}

/// Adds a meter before the schema and before every schema inside it. The library applies custom keywords of a
/// schema last, and may have stopped before them. Only the parts of `allOf` are applied in order.
pub(super) fn metered(schema: &Value) -> Value {
    let Value::Object(found) = schema else { return schema.clone() };
    let inside = found.iter().map(|(keyword, value)| {
        let Ok(value) = keywords::map(keyword, value, |_, inner| Ok::<_, Infallible>(metered(inner)));
        (keyword.clone(), value)
    });
    json!({ "allOf": [{ KEYWORD: Meter::new(found) }, inside.collect::<Map<_, _>>()] })
}

/// Creates the implementation of [`KEYWORD`].
pub(super) fn keyword<'a>(
    _: &'a Map<String, Value>,
    meter: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let meter = Meter::deserialize(meter).map_err(|error| ValidationError::schema(error.to_string()))?;
    Ok(Box::new(meter))
}

/// The cost of applying one schema, without the schemas inside it, which have their own meters.
#[derive(Debug, Serialize, Deserialize)]
struct Meter {
    /// The number of keywords, plus the entries of their lists and maps.
    keywords: u64,
    alternatives: u64,
    /// The number of positions in its patterns that each character is tried against.
    character: u64,
    unique: bool,
}

impl Meter {
    fn new(schema: &Map<String, Value>) -> Self {
        let length = |value: &Value| match value {
            Value::Array(items) => items.len(),
            Value::Object(entries) => entries.len(),
            _ => 0,
        };
        let listed = |keyword: &str| schema.get(keyword).map_or(0, length);
        let names =
            schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let patterns =
            schema.get("pattern").and_then(Value::as_str).into_iter().chain(names.map(String::as_str));
        Self {
            keywords: schema.values().map(|value| 1 + length(value) as u64).sum(),
            alternatives: (listed("oneOf") + listed("anyOf")) as u64,
            character: patterns.map(positions).fold(1, u64::saturating_add),
            unique: schema.get("uniqueItems") == Some(&Value::Bool(true)),
        }
    }

    fn steps(&self, value: &Value) -> u64 {
        let text = |text: &str| (text.len() as u64).saturating_mul(self.character) / POSITIONS_PER_STEP;
        self.keywords
            + match value {
                Value::String(content) => text(content),
                Value::Object(members) => members.keys().map(|name| 1 + text(name)).sum(),
                Value::Array(_) if self.unique => size(value),
                _ => 0,
            }
    }
}

impl<'i> Keyword<'i> for Meter {
    fn is_valid(&self, value: &'i Value) -> bool {
        spend(self.steps(value));
        true
    }

    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        spend(self.steps(value));
        Ok(())
    }

    /// Every keyword may return an error, and an error inside an alternative holds a copy of the value.
    fn iter_errors(&self, value: &'i Value) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let errors = self.keywords * (ERROR_STEPS + size(value)) + self.alternatives * ALTERNATIVE_STEPS;
        spend(self.steps(value).saturating_add(errors));
        Box::new(std::iter::empty())
    }
}

/// Returns the number of values in a value. A long text counts as several.
fn size(value: &Value) -> u64 {
    1 + match value {
        Value::String(text) => text.len() as u64 / 64,
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

/// Returns the number of positions of a pattern that each character of a text is tried against.
///
/// The number is 1 if the automaton of the pattern is small: each character is then one transition between states.
/// Otherwise, it depends on the text, and a text can be made for which all positions count.
fn positions(pattern: &str) -> u64 {
    fn of(pattern: &Hir) -> u64 {
        let inside = || pattern.kind().subs().iter().map(of).fold(0, u64::saturating_add);
        match pattern.kind() {
            HirKind::Literal(literal) => literal.0.len() as u64,
            HirKind::Class(_) => 1,
            HirKind::Repetition(part) => inside().saturating_mul(part.max.unwrap_or(part.min).max(1).into()),
            _ => inside(),
        }
    }
    let limit = Some(MAX_AUTOMATON_BYTES);
    let config =
        Config::new().dfa_size_limit(limit).determinize_size_limit(limit).unicode_word_boundary(true);
    if Builder::new().configure(config).build(pattern).is_ok() {
        return 1;
    }
    // A pattern that is not in Rust's syntax is estimated by its length.
    regex_syntax::parse(pattern).map_or(pattern.len() as u64, |parsed| of(&parsed))
}
