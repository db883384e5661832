//! Converts the syntax tree to the typed filter: every field is known, every literal has the type of its field.

use super::error::{Result, expected, quoted, refuse};
use super::field::{SearchField, resolve};
use super::pattern::Pattern;
use super::syntax::{Comparison, Literal, LiteralValue, Node, Predicate, Test};
use super::time::{Moment, TimeTest};
use crate::field::Type;
use crate::list::collection::Collection;

/// A typed search on the collection that it was parsed for. A filter for one kind of resource also applies to the
/// other kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) root: Node<Leaf>,
}

/// A field and the test of its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) field: SearchField,
    pub(super) test: ValueTest,
    pub(super) negated: bool,
}

/// A test of a value. A missing value passes only `Null`. A value of another type passes no test.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueTest {
    Null,
    Text(Test<String>),
    Like {
        pattern: Pattern,
        ignore_case: bool,
    },
    Integer(Test<i64>),
    Time(TimeTest),
    /// A test of a number in `spec`.
    Number(Test<Number>),
    /// Whether a boolean in `spec` equals one of these.
    Boolean(Vec<bool>),
}

/// A number, written as an integer if it fits in 64 bits, and otherwise as the shortest text of the nearest double.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number(pub(super) String);

impl Filter {
    /// Whether the matches depend only on values whose changes are in the log of changes. A report without new
    /// content updates times of the status, but is not in the log.
    pub(crate) fn is_in_change_log(&self) -> bool {
        self.root.is_in_change_log()
    }

    /// The leaves that are not negated and that every match must pass.
    pub(super) fn required(&self) -> Vec<&Leaf> {
        let mut leaves = Vec::new();
        self.root.require(&mut leaves);
        leaves
    }

    /// Resolves the fields of an expression and types its literals.
    pub(super) fn typed(collection: &Collection, expression: &Node<Comparison<'_>>) -> Result<Self> {
        Ok(Self { root: expression.read(&|comparison| leaf(collection, comparison))? })
    }
}

impl Leaf {
    /// Whether the leaf compares a field that has a fixed set of values with exactly one of them.
    pub(super) fn is_one_of_few(&self) -> bool {
        let is_one = matches!(&self.test, ValueTest::Text(Test::OneOf(texts)) if texts.len() == 1);
        is_one && self.field.values().is_some()
    }
}

impl Node<Leaf> {
    fn require<'a>(&'a self, leaves: &mut Vec<&'a Leaf>) {
        match self {
            Node::All(parts) => parts.iter().for_each(|part| part.require(leaves)),
            Node::Leaf(leaf) if !leaf.negated => leaves.push(leaf),
            Node::Leaf(_) | Node::Any(_) => {}
        }
    }

    fn is_in_change_log(&self) -> bool {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().all(Node::is_in_change_log),
            Node::Leaf(leaf) => leaf.field.is_in_change_log(),
        }
    }
}

fn leaf(collection: &Collection, comparison: &Comparison<'_>) -> Result<Leaf> {
    let field = resolve(collection, comparison.field, comparison.position)?;
    let test = match (&comparison.predicate, field.r#type()) {
        (Predicate::Null, _) => ValueTest::Null,
        (Predicate::Test(test), None) => spec_test(test)?,
        (Predicate::Test(test), Some(Type::Integer)) => ValueTest::Integer(test.read(integer)?),
        (Predicate::Test(test), Some(Type::Time)) => ValueTest::Time(test.read(time)?.into()),
        (Predicate::Test(test), Some(Type::Text | Type::Uuid)) => ValueTest::Text(match field.values() {
            Some(values) if matches!(test, Test::OneOf(_)) => test.read(|literal| one_of(values, literal))?,
            _ => test.read(text)?,
        }),
        (Predicate::Like { .. }, Some(Type::Integer | Type::Time)) => {
            let message = format!(
                "{} is not a text field: expected a comparison, found `like`",
                quoted(comparison.field)
            );
            return refuse(comparison.operator, message);
        }
        (Predicate::Like { pattern, ignore_case }, _) => {
            ValueTest::Like { pattern: like(pattern)?, ignore_case: *ignore_case }
        }
    };
    Ok(Leaf { field, test, negated: comparison.negated })
}

/// Types a test of a value in `spec`. The first literal determines the type, and the others must have the same
/// type.
fn spec_test(test: &Test<Literal<'_>>) -> Result<ValueTest> {
    match test.first() {
        Some(Literal { value: LiteralValue::Number, .. }) => Ok(ValueTest::Number(test.read(number)?)),
        Some(first @ Literal { value: LiteralValue::Boolean(_), .. }) => match test {
            Test::OneOf(values) => Ok(ValueTest::Boolean(values.iter().map(boolean).collect::<Result<_>>()?)),
            _ => expected(first.position, "a string or a number to order by", quoted(first.source)),
        },
        _ => Ok(ValueTest::Text(test.read(text)?)),
    }
}

fn like(pattern: &Literal<'_>) -> Result<Pattern> {
    match Pattern::read(&text(pattern)?) {
        Some(pattern) => Ok(pattern),
        None => expected(
            pattern.position,
            "a character after the last `\\` of the pattern",
            quoted(pattern.source),
        ),
    }
}

fn text(literal: &Literal<'_>) -> Result<String> {
    match &literal.value {
        LiteralValue::Text(text) => Ok(text.clone()),
        _ => expected(literal.position, "a quoted string", quoted(literal.source)),
    }
}

/// Reads a text that is compared for equality with a field that has a fixed set of values.
fn one_of(values: &[&str], literal: &Literal<'_>) -> Result<String> {
    match &literal.value {
        LiteralValue::Text(text) if values.contains(&text.as_str()) => Ok(text.clone()),
        _ => expected(literal.position, &format!("one of '{}'", values.join("', '")), quoted(literal.source)),
    }
}

fn boolean(literal: &Literal<'_>) -> Result<bool> {
    match literal.value {
        LiteralValue::Boolean(boolean) => Ok(boolean),
        _ => expected(literal.position, "`true` or `false`", quoted(literal.source)),
    }
}

fn integer(literal: &Literal<'_>) -> Result<i64> {
    match (&literal.value, literal.source.parse()) {
        (LiteralValue::Number, Ok(integer)) => Ok(integer),
        _ => expected(literal.position, "an integer of at most 64 bits", quoted(literal.source)),
    }
}

fn number(literal: &Literal<'_>) -> Result<Number> {
    if literal.value != LiteralValue::Number {
        return expected(literal.position, "a number", quoted(literal.source));
    }
    let integer = literal.source.parse::<i64>().map(|integer| integer.to_string());
    let integer = integer.or_else(|_| literal.source.parse::<u64>().map(|integer| integer.to_string()));
    match (integer, literal.source.parse::<f64>()) {
        (Ok(integer), _) => Ok(Number(integer)),
        (_, Ok(double)) if double.is_finite() => Ok(Number(format!("{double:?}"))),
        _ => expected(literal.position, "a number within the range of a double", quoted(literal.source)),
    }
}

fn time(literal: &Literal<'_>) -> Result<Moment> {
    let moment = match &literal.value {
        LiteralValue::Text(text) => Moment::read(text),
        _ => None,
    };
    match moment {
        Some(moment) => Ok(moment),
        None => {
            let name = "a quoted RFC 3339 time (like '2026-01-31T12:00:00Z')";
            expected(literal.position, name, quoted(literal.source))
        }
    }
}
