//! Evaluates a filter on a resource in memory. The result equals that of the SQL of both engines, which a test
//! verifies.

use super::field::{Member, SearchField};
use super::filter::{Filter, Leaf, Number, ValueTest};
use super::syntax::{Node, Test};
use super::time::TimeTest;
use super::token::Inequality;
use crate::error::Result;
use crate::field::{Source, Type};
use crate::model::Resource;
use chrono::{DateTime, Utc};
use entity::JsonText;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;

impl Filter {
    /// Whether a resource matches.
    ///
    /// # Errors
    /// A document of the resource cannot be read.
    pub(crate) fn matches(&self, resource: &Resource) -> Result<bool> {
        let values = Values::of(resource);
        let holds = self.root.holds(&values);
        values.failed.take().map_or(Ok(holds), |error| Err(error.into()))
    }
}

/// A resource, and its documents, which are parsed when first needed.
struct Values<'a> {
    resource: &'a Resource,
    spec: OnceCell<Value>,
    labels: OnceCell<Value>,
    conditions: OnceCell<Value>,
    /// The error of a document that could not be read. Such a document counts as null.
    failed: Cell<Option<serde_json::Error>>,
}

impl<'a> Values<'a> {
    fn of(resource: &'a Resource) -> Self {
        let (spec, labels, conditions) = Default::default();
        Self { resource, spec, labels, conditions, failed: Cell::default() }
    }

    /// Returns the document, and parses it when it is first needed.
    fn read<'s>(&'s self, cell: &'s OnceCell<Value>, document: &JsonText) -> &'s Value {
        cell.get_or_init(|| {
            document.read().unwrap_or_else(|error| {
                self.failed.set(Some(error));
                Value::Null
            })
        })
    }

    fn spec(&self, path: &[String]) -> Option<&Value> {
        let spec = self.read(&self.spec, &self.resource.spec);
        let value = path.iter().try_fold(spec, |value, key| value.as_object()?.get(key));
        value.filter(|value| !value.is_null())
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.read(&self.labels, &self.resource.labels)[key].as_str()
    }

    /// Returns the member of the condition that has the type, if it exists and is not null.
    fn condition(&self, member: &Member) -> Option<&Value> {
        let conditions = self.read(&self.conditions, &self.resource.status.conditions);
        let mut all = conditions.as_array().into_iter().flatten();
        let found = all.find(|condition| condition["type"] == member.condition.as_str());
        found.and_then(|condition| condition.get(member.name)).filter(|value| !value.is_null())
    }

    /// Returns the value of a field, if it has one.
    fn value(&self, field: &SearchField) -> Option<Found<'_>> {
        let Resource { kind, id, owner_id, created_time, status, .. } = self.resource;
        match field {
            SearchField::Named(Source::Column(column)) => self.column(column.name),
            SearchField::Named(Source::Id) => text(id.to_string()),
            SearchField::Named(Source::OwnerId) => text((*owner_id)?.to_string()),
            SearchField::Named(Source::Kind) => text(kind.as_str()),
            SearchField::Named(Source::Href) => text(self.resource.href()),
            SearchField::Named(Source::CreatedTime) => Some(Found::Time(*created_time)),
            SearchField::Label(key) => text(self.label(key)?),
            SearchField::Reconciled => text(if status.reconciled { "True" } else { "False" }),
            SearchField::ReconciledTime => Some(Found::Time(status.reconciled_updated_time)),
            SearchField::Condition(member) => {
                let value = self.condition(member)?;
                match member.r#type {
                    Type::Integer => Some(Found::Integer(value.as_i64()?)),
                    Type::Time => Some(Found::Time(value.as_str()?.parse().ok()?)),
                    Type::Text | Type::Uuid => text(value.as_str()?),
                }
            }
            SearchField::Spec(path) => match self.spec(path)? {
                Value::String(value) => text(value),
                value => Some(Found::Json(value)),
            },
        }
    }

    fn column(&self, name: &str) -> Option<Found<'_>> {
        let resource = self.resource;
        let status = &resource.status;
        match name {
            "name" => text(&resource.name),
            "created_by" => text(&resource.created_by),
            "updated_by" => text(&resource.updated_by),
            "deleted_by" => text(resource.deleted_by.as_deref()?),
            "phase" => text(&status.phase),
            "generation" => Some(Found::Integer(resource.generation)),
            "observed_generation" => Some(Found::Integer(status.observed_generation)),
            "updated_time" => Some(Found::Time(resource.updated_time)),
            "deleted_time" => resource.deleted_time.map(Found::Time),
            "status_updated_time" => Some(Found::Time(status.updated_time)),
            "status_transition_time" => Some(Found::Time(status.transition_time)),
            _ => None,
        }
    }
}

enum Found<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    Time(DateTime<Utc>),
    /// A value in `spec` that is not a string.
    Json(&'a Value),
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Option<Found<'a>> {
    Some(Found::Text(text.into()))
}

impl Node<Leaf> {
    fn holds(&self, values: &Values<'_>) -> bool {
        match self {
            Node::All(parts) => parts.iter().all(|part| part.holds(values)),
            Node::Any(parts) => parts.iter().any(|part| part.holds(values)),
            Node::Leaf(leaf) => leaf.test.holds(values.value(&leaf.field)) != leaf.negated,
        }
    }
}

impl ValueTest {
    fn holds(&self, found: Option<Found<'_>>) -> bool {
        let Some(found) = found else { return *self == ValueTest::Null };
        match (self, found) {
            (ValueTest::Text(test), Found::Text(text)) => {
                test.holds(|literal| Some((*text).cmp(literal.as_str())))
            }
            (ValueTest::Like { pattern, ignore_case }, Found::Text(text)) => {
                pattern.matches(&text, *ignore_case)
            }
            (ValueTest::Integer(test), Found::Integer(integer)) => {
                test.holds(|literal| Some(integer.cmp(literal)))
            }
            (ValueTest::Time(test), Found::Time(time)) => test.holds(time),
            (ValueTest::Number(test), Found::Json(Value::Number(number))) => {
                test.holds(|literal| compare(number, &literal.read()?))
            }
            (ValueTest::Boolean(booleans), Found::Json(Value::Bool(boolean))) => booleans.contains(boolean),
            _ => false,
        }
    }
}

impl<T> Test<T> {
    /// Whether a value passes. `compare` returns the ordering of the value relative to a literal.
    fn holds(&self, compare: impl Fn(&T) -> Option<Ordering>) -> bool {
        let is = |literal, fits: fn(Ordering) -> bool| compare(literal).is_some_and(fits);
        match self {
            Test::OneOf(literals) => literals.iter().any(|literal| is(literal, Ordering::is_eq)),
            Test::Ordered(Inequality::Less, bound) => is(bound, Ordering::is_lt),
            Test::Ordered(Inequality::LessOrEqual, bound) => is(bound, Ordering::is_le),
            Test::Ordered(Inequality::Greater, bound) => is(bound, Ordering::is_gt),
            Test::Ordered(Inequality::GreaterOrEqual, bound) => is(bound, Ordering::is_ge),
            Test::Between(low, high) => is(low, Ordering::is_ge) && is(high, Ordering::is_le),
        }
    }
}

impl TimeTest {
    fn holds(&self, time: DateTime<Utc>) -> bool {
        match self {
            TimeTest::OneOf(times) => times.contains(&time),
            TimeTest::Within(from, until) => {
                from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until)
            }
        }
    }
}

impl Number {
    fn read(&self) -> Option<serde_json::Number> {
        serde_json::from_str(&self.0).ok()
    }
}

/// Compares two numbers exactly.
fn compare(left: &serde_json::Number, right: &serde_json::Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => integer_and_double(left, right.as_f64()?),
        (None, Some(right)) => integer_and_double(right, left.as_f64()?).map(Ordering::reverse),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Compares an integer with a double. Doubles outside the range of integers compare by their sign. Otherwise, the
/// integer part of the double, rounded down, is compared first, then its fraction.
fn integer_and_double(integer: i128, double: f64) -> Option<Ordering> {
    const BEYOND: f64 = 1e30;
    if double.abs() >= BEYOND {
        return 0.0.partial_cmp(&double);
    }
    let below = double.floor() as i128;
    Some(integer.cmp(&below).then(if double.fract() == 0.0 { Ordering::Equal } else { Ordering::Less }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::list::Collection;

    /// A column without a value in memory would be null for followers, but not for lists.
    #[test]
    fn every_field_has_the_value_of_its_column() {
        let text = r#"{"kind":"NodePool","id":"0199a0a0-0000-7000-8000-000000000001",
            "owner_id":"0199a0a0-0000-7000-8000-000000000000","name":"name","generation":1,"revision":1,
            "spec":{},"labels":{},"status":{"phase":"phase","observed_generation":2,
            "updated_time":"2026-01-01T00:00:01Z","transition_time":"2026-01-01T00:00:02Z","conditions":[],
            "adapters":[],"reconciled":false,"reconciled_updated_time":"2026-01-01T00:00:00Z",
            "reconciled_since":null},"created_time":"2026-01-01T00:00:03Z","updated_time":"2026-01-01T00:00:04Z",
            "deleted_time":"2026-01-01T00:00:05Z","created_by":"created_by","updated_by":"updated_by",
            "deleted_by":"deleted_by"}"#;
        let resource: Resource = serde_json::from_str(text).expect("a resource that has everything");
        let values = Values::of(&resource);
        let second = |second: &str| format!("2026-01-01 00:00:0{second} UTC");
        for kind in Kind::ALL {
            for known in Collection::of(kind).fields {
                let field =
                    crate::search::field::resolve(&Collection::of(kind), known.name, 0).expect("a field");
                let value = values.value(&field).map(|value| match value {
                    Found::Text(text) => text.into_owned(),
                    Found::Integer(integer) => integer.to_string(),
                    Found::Time(time) => time.to_string(),
                    Found::Json(json) => json.to_string(),
                });
                let value = value.unwrap_or_else(|| panic!("{} has no value", known.name));
                let Source::Column(column) = known.source else { continue };
                let expected = match column.name {
                    "generation" => "1".to_owned(),
                    "observed_generation" => "2".to_owned(),
                    "status_updated_time" => second("1"),
                    "status_transition_time" => second("2"),
                    "updated_time" => second("4"),
                    "deleted_time" => second("5"),
                    name => name.to_owned(),
                };
                assert_eq!(value, expected, "{}", known.name);
            }
        }
    }

    #[test]
    fn integers_and_doubles_compare_exactly() {
        let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).expect(text);
        for (left, right, order) in [
            ("1", "1.0", Ordering::Equal),
            ("1", "1.5", Ordering::Less),
            ("-1", "-1.5", Ordering::Greater),
            ("0", "-0.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("18446744073709551615", "1e300", Ordering::Less),
            ("-9223372036854775808", "-1e300", Ordering::Greater),
            ("18446744073709551615", "9223372036854775807", Ordering::Greater),
        ] {
            assert_eq!(compare(&number(left), &number(right)), Some(order), "{left} {right}");
            assert_eq!(compare(&number(right), &number(left)), Some(order.reverse()), "{right} {left}");
        }
    }
}
