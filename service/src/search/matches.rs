//! A filter asked of a resource in memory. It answers as the SQL of both engines does, which a test compares.

use super::field::{Field, IntegerField, Member, TextField, TimeField};
use super::filter::{Filter, Leaf, Node, Number, SpecTest, TextTest};
use super::syntax::Test;
use super::time::TimeTest;
use super::token::Order;
use crate::error::Result;
use crate::field::Column;
use crate::resource::Resource;
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
        let subject = Subject::of(resource);
        let holds = self.root.holds(&subject);
        subject.failed.take().map_or(Ok(holds), |error| Err(error.into()))
    }
}

/// A resource, and its documents once they were needed.
struct Subject<'a> {
    resource: &'a Resource,
    spec: OnceCell<Value>,
    labels: OnceCell<Value>,
    conditions: OnceCell<Value>,
    /// Why a document could not be read. It is like null then.
    failed: Cell<Option<serde_json::Error>>,
}

impl<'a> Subject<'a> {
    fn of(resource: &'a Resource) -> Self {
        let (spec, labels, conditions) = Default::default();
        Self { resource, spec, labels, conditions, failed: Cell::default() }
    }

    /// The document, read when it is first needed.
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

    /// The members of conditions of the type: none or one.
    fn condition(&self, member: &Member) -> Option<&Value> {
        let conditions = self.read(&self.conditions, &self.resource.status.conditions);
        let mut all = conditions.as_array().into_iter().flatten();
        let found = all.find(|condition| condition["type"] == member.condition.as_str());
        found.and_then(|condition| condition.get(member.name)).filter(|value| !value.is_null())
    }

    fn text(&self, field: &TextField) -> Option<Cow<'_, str>> {
        let Resource { kind, id, owner_id, status, .. } = self.resource;
        match field {
            TextField::Column(column) => self.text_column(column).map(Cow::Borrowed),
            TextField::Id => Some(id.to_string().into()),
            TextField::OwnerId => owner_id.map(|owner| owner.to_string().into()),
            TextField::Kind => Some(kind.as_str().into()),
            TextField::Href => Some(self.resource.href().into()),
            TextField::Label(key) => self.label(key).map(Cow::Borrowed),
            TextField::Reconciled => Some(if status.reconciled { "True" } else { "False" }.into()),
            TextField::Condition(member) => self.condition(member).and_then(Value::as_str).map(Cow::Borrowed),
        }
    }

    fn text_column(&self, column: &Column) -> Option<&str> {
        let Resource { name, created_by, updated_by, deleted_by, status, .. } = self.resource;
        match column.name {
            "name" => Some(name),
            "created_by" => Some(created_by),
            "updated_by" => Some(updated_by),
            "deleted_by" => deleted_by.as_deref(),
            "phase" => Some(&status.phase),
            _ => None,
        }
    }

    fn integer(&self, field: &IntegerField) -> Option<i64> {
        let Resource { generation, status, .. } = self.resource;
        match field {
            IntegerField::Column(column) => match column.name {
                "generation" => Some(*generation),
                "observed_generation" => Some(status.observed_generation),
                _ => None,
            },
            IntegerField::Condition(member) => self.condition(member).and_then(Value::as_i64),
        }
    }

    fn time(&self, field: &TimeField) -> Option<DateTime<Utc>> {
        let Resource { created_time, updated_time, deleted_time, status, .. } = self.resource;
        match field {
            TimeField::Created => Some(*created_time),
            TimeField::Reconciled => Some(status.reconciled_updated_time),
            TimeField::Column(column) => match column.name {
                "updated_time" => Some(*updated_time),
                "deleted_time" => *deleted_time,
                "status_updated_time" => Some(status.updated_time),
                "status_transition_time" => Some(status.transition_time),
                _ => None,
            },
            TimeField::Condition(member) => {
                self.condition(member).and_then(Value::as_str).and_then(|text| text.parse().ok())
            }
        }
    }

    fn is_absent(&self, field: &Field) -> bool {
        match field {
            Field::Text(field) => self.text(field).is_none(),
            Field::Integer(field) => self.integer(field).is_none(),
            Field::Time(field) => self.time(field).is_none(),
            Field::Spec(path) => self.spec(path).is_none(),
        }
    }
}

impl Node {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Node::All(parts) => parts.iter().all(|part| part.holds(subject)),
            Node::Any(parts) => parts.iter().any(|part| part.holds(subject)),
            Node::Leaf { leaf, negated } => leaf.holds(subject) != *negated,
        }
    }
}

impl Leaf {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Leaf::Null(field) => subject.is_absent(field),
            Leaf::Text(field, test) => subject.text(field).is_some_and(|text| test.holds(&text)),
            Leaf::Integer(field, test) => {
                subject.integer(field).is_some_and(|value| test.holds(|literal| Some(value.cmp(literal))))
            }
            Leaf::Time(field, test) => subject.time(field).is_some_and(|time| test.holds(time)),
            Leaf::Spec(path, test) => subject.spec(path).is_some_and(|value| test.holds(value)),
        }
    }
}

impl<T> Test<T> {
    /// Whether a value passes; `compare` tells how it stands to a literal.
    fn holds(&self, compare: impl Fn(&T) -> Option<Ordering>) -> bool {
        let is = |literal, fits: fn(Ordering) -> bool| compare(literal).is_some_and(fits);
        match self {
            Test::OneOf(literals) => literals.iter().any(|literal| is(literal, Ordering::is_eq)),
            Test::Ordered(Order::Less, bound) => is(bound, Ordering::is_lt),
            Test::Ordered(Order::LessOrEqual, bound) => is(bound, Ordering::is_le),
            Test::Ordered(Order::Greater, bound) => is(bound, Ordering::is_gt),
            Test::Ordered(Order::GreaterOrEqual, bound) => is(bound, Ordering::is_ge),
            Test::Between(low, high) => is(low, Ordering::is_ge) && is(high, Ordering::is_le),
        }
    }
}

impl TextTest {
    fn holds(&self, text: &str) -> bool {
        match self {
            TextTest::Compare(test) => test.holds(|literal| Some(text.cmp(literal.as_str()))),
            TextTest::Like { pattern, ignore_case } => pattern.matches(text, *ignore_case),
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

impl SpecTest {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (SpecTest::Text(test), Value::String(text)) => test.holds(text),
            (SpecTest::Number(test), Value::Number(number)) => {
                test.holds(|literal| compare(number, &literal.read()?))
            }
            (SpecTest::Boolean(booleans), Value::Bool(boolean)) => booleans.contains(boolean),
            _ => false,
        }
    }
}

impl Number {
    fn read(&self) -> Option<serde_json::Number> {
        serde_json::from_str(&self.0).ok()
    }
}

/// How two numbers stand to each other, exactly.
fn compare(left: &serde_json::Number, right: &serde_json::Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        (Some(left), None) => integer_and_double(left, right.as_f64()?),
        (None, Some(right)) => integer_and_double(right, left.as_f64()?).map(Ordering::reverse),
        (None, None) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Doubles beyond the range of integers compare as they are; within it, the integer below the double decides first.
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
    use crate::field::Source;
    use crate::kind::Kind;
    use crate::list::Collection;

    /// A column without a value in memory would be null to those who follow, and not to those who list.
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
        let subject = Subject::of(&resource);
        let second = |second: &str| format!("2026-01-01 00:00:0{second} UTC");
        for kind in Kind::ALL {
            for known in Collection::of(kind).fields {
                let field =
                    crate::search::field::field(&Collection::of(kind), known.name, 0).expect("a field");
                let value = match &field {
                    Field::Text(field) => subject.text(field).map(Cow::into_owned),
                    Field::Integer(field) => subject.integer(field).map(|value| value.to_string()),
                    Field::Time(field) => subject.time(field).map(|time| time.to_string()),
                    Field::Spec(_) => None,
                };
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
