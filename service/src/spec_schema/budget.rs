//! Bounds the work of one check.
//!
//! A recursive schema whose alternatives overlap takes twice the steps for each level of a value, and jsonschema
//! has neither a limit nor a way to stop it. So a schema of this module goes before every other: it accepts all
//! values, counts what applying the other one to a value costs, and unwinds out of the library when the budget
//! is spent. [`within`] catches that; no panic hook runs. It needs a profile that unwinds, as the server does
//! anyway to survive a panic. Steps are counted, not time: the same value is accepted or refused on every
//! machine, however busy.

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

/// The keyword that counts. Names with `$` are not for others to choose.
pub(super) const KEYWORD: &str = "$steps";

/// What an error costs to make, in steps of deciding (5 to 10 ns each).
const ERROR: u64 = 16;
/// What the errors of one alternative cost to keep.
const ALTERNATIVE: u64 = 256;
/// Positions of a pattern that are tried against one character in a step.
const POSITIONS: u64 = 4;
/// The largest automaton that a regular expression's engine keeps whole, in bytes.
const MAX_AUTOMATON: usize = 1 << 20;

thread_local! {
    /// Steps that are left to the check that runs on this thread.
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// The payload of the unwinding that ends a check.
struct Spent;

/// The result of `work`, or `None` if it takes more than `steps` steps.
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

/// The schema with a meter before itself and every schema inside it. Of one schema the library applies keywords
/// that are not its own last, when it may have stopped already; only the parts of `allOf` keep their order.
pub(super) fn metered(schema: &Value) -> Value {
    let Value::Object(found) = schema else { return schema.clone() };
    let inside = found.iter().map(|(keyword, value)| {
        let Ok(value) = keywords::map(keyword, value, |_, inner| Ok::<_, Infallible>(metered(inner)));
        (keyword.clone(), value)
    });
    json!({ "allOf": [{ KEYWORD: Meter::new(found) }, inside.collect::<Map<_, _>>()] })
}

/// Makes what applies [`KEYWORD`].
pub(super) fn keyword<'a>(
    _: &'a Map<String, Value>,
    meter: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let meter = Meter::deserialize(meter).map_err(|error| ValidationError::schema(error.to_string()))?;
    Ok(Box::new(meter))
}

/// What applying one schema costs, without the schemas inside it: they have meters of their own.
#[derive(Debug, Serialize, Deserialize)]
struct Meter {
    /// Keywords, and the entries of their lists and maps.
    keywords: u64,
    alternatives: u64,
    /// The positions of its patterns that a character is tried against.
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
        let text = |text: &str| (text.len() as u64).saturating_mul(self.character) / POSITIONS;
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

    /// Every keyword may give an error, and an error inside an alternative holds a copy of the value.
    fn iter_errors(&self, value: &'i Value) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let errors = self.keywords * (ERROR + size(value)) + self.alternatives * ALTERNATIVE;
        spend(self.steps(value).saturating_add(errors));
        Box::new(std::iter::empty())
    }
}

/// The number of values in a value, long texts counted as several.
fn size(value: &Value) -> u64 {
    1 + match value {
        Value::String(text) => text.len() as u64 / 64,
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

/// How many positions of a pattern a character of a text is tried against.
///
/// That is one if the automaton of the pattern is small: then each character is a step from state to state. Else
/// the text decides, and can be made so that all positions count.
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
    let limit = Some(MAX_AUTOMATON);
    let config =
        Config::new().dfa_size_limit(limit).determinize_size_limit(limit).unicode_word_boundary(true);
    if Builder::new().configure(config).build(pattern).is_ok() {
        return 1;
    }
    // What is written in another way than Rust's is estimated by its length.
    regex_syntax::parse(pattern).map_or(pattern.len() as u64, |parsed| of(&parsed))
}
