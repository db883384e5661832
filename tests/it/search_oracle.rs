//! A second implementation of the search language, for comparison with the service.
//!
//! Generates random searches over a set of resources, as the API returns them, and evaluates for each resource
//! whether it matches. It implements the language on JSON values and shares no code with the service.

mod generator;
mod random;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::{Number, Value};

pub(crate) use generator::Generator;
pub(crate) use random::Random;

/// A search: its text and its meaning.
pub(crate) struct Search {
    pub(crate) text: String,
    meaning: Meaning,
}

impl Search {
    /// Returns whether a resource, as the API returns it, matches.
    pub(crate) fn matches(&self, resource: &Value) -> bool {
        self.meaning.holds(resource)
    }
}

enum Meaning {
    All(Vec<Meaning>),
    Any(Vec<Meaning>),
    Not(Box<Meaning>),
    Is { field: Field, test: Test },
}

impl Meaning {
    fn holds(&self, resource: &Value) -> bool {
        match self {
            Meaning::All(parts) => parts.iter().all(|part| part.holds(resource)),
            Meaning::Any(parts) => parts.iter().any(|part| part.holds(resource)),
            Meaning::Not(part) => !part.holds(resource),
            Meaning::Is { field, test: Test::Null } => field.value(resource).is_none(),
            Meaning::Is { field, test } => field.value(resource).is_some_and(|value| test.holds(value)),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Text,
    Status,
    Phase,
    Integer,
    Time,
    Spec,
}

#[derive(Clone)]
struct Field {
    name: String,
    of: Type,
}

impl Field {
    fn new(name: impl Into<String>, of: Type) -> Self {
        Self { name: name.into(), of }
    }

    /// Returns the value of the field in a resource. Null counts as absent.
    fn value<'a>(&self, resource: &'a Value) -> Option<&'a Value> {
        let members = |value: &'a Value, path: &str| {
            path.split('.').try_fold(value, |value, key| value.as_object()?.get(key))
        };
        let value = if self.name == "owner_id" {
            members(resource, "owner_references.id")
        } else if let Some(key) = self.name.strip_prefix("labels.") {
            resource["labels"].get(key)
        } else if let Some(path) = self.name.strip_prefix("status.conditions.") {
            let (wanted, member) = path.split_once('.').unwrap_or((path, "status"));
            let conditions = resource["status"]["conditions"].as_array()?;
            conditions.iter().find(|condition| condition["type"] == wanted)?.get(member)
        } else {
            members(resource, &self.name)
        };
        value.filter(|value| !value.is_null())
    }
}

enum Test {
    Null,
    Equal(Vec<Literal>),
    Ordered(&'static str, Literal),
    Between(Literal, Literal),
    Like { pattern: String, ignore_case: bool },
}

#[derive(Clone)]
enum Literal {
    Json(Value),
    Time(String),
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Test::Null => false,
            Test::Equal(literals) => {
                literals.iter().any(|literal| literal.order(value) == Some(Ordering::Equal))
            }
            Test::Ordered(operator, literal) => literal.order(value).is_some_and(|order| match *operator {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                ">" => order.is_gt(),
                _ => order.is_ge(),
            }),
            Test::Between(low, high) => {
                low.order(value).is_some_and(Ordering::is_ge)
                    && high.order(value).is_some_and(Ordering::is_le)
            }
            Test::Like { pattern, ignore_case } => value.as_str().is_some_and(|text| {
                let chars = |text: &str| match ignore_case {
                    true => text.to_ascii_lowercase().chars().collect::<Vec<char>>(),
                    false => text.chars().collect(),
                };
                like(&chars(text), &chars(pattern))
            }),
        }
    }
}

impl Literal {
    /// Returns the order of a value relative to the literal, or `None` if their types differ.
    fn order(&self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Literal::Time(literal), Value::String(text)) => Some(instant(text)?.cmp(&instant(literal)?)),
            (Literal::Json(Value::String(literal)), Value::String(text)) => {
                Some(text.as_bytes().cmp(literal.as_bytes()))
            }
            (Literal::Json(Value::Number(literal)), Value::Number(number)) => numbers(number, literal),
            (Literal::Json(Value::Bool(literal)), Value::Bool(boolean)) => Some(boolean.cmp(literal)),
            _ => None,
        }
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

/// Compares integers of 64 bits exactly, and all other numbers as doubles.
fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            text.first() == Some(literal) && like(&text[1..], rest)
        }
    }
}
