//! The syntax tree: the structure of the text, before fields and types are resolved.

use super::error::Result;
use super::token::Inequality;

/// A boolean expression. Only leaves can be negated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<L> {
    /// Two or more parts, all of which must hold.
    All(Vec<Node<L>>),
    /// Two or more parts, at least one of which must hold.
    Any(Vec<Node<L>>),
    Leaf(L),
}

impl<L> Node<L> {
    /// Converts every leaf with `read`, and keeps the structure.
    pub(super) fn read<M>(&self, read: &impl Fn(&L) -> Result<M>) -> Result<Node<M>> {
        let each = |parts: &[Self]| parts.iter().map(|part| part.read(read)).collect::<Result<_>>();
        Ok(match self {
            Node::All(parts) => Node::All(each(parts)?),
            Node::Any(parts) => Node::Any(each(parts)?),
            Node::Leaf(leaf) => Node::Leaf(read(leaf)?),
        })
    }
}

/// A field and its predicate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison<'a> {
    pub(super) field: &'a str,
    /// The position of the field.
    pub(super) position: usize,
    /// The position of the operator, or of its `not` if it has one.
    pub(super) operator: usize,
    /// Whether the comparison is negated: by its operator (`!=`, `<>`, `is not null`, or one that begins with
    /// `not`), or by an odd number of enclosing `not`, but not by both.
    pub(super) negated: bool,
    pub(super) predicate: Predicate<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate<'a> {
    Null,
    Like { pattern: Literal<'a>, ignore_case: bool },
    Test(Test<Literal<'a>>),
}

/// A comparison of a value with literals of type `T`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test<T> {
    /// Equal to one of these: `=` has one literal, `in` has one or more.
    OneOf(Vec<T>),
    Ordered(Inequality, T),
    /// Not less than the first, not greater than the second.
    Between(T, T),
}

impl<T> Test<T> {
    /// The first literal in the text.
    pub(super) fn first(&self) -> Option<&T> {
        match self {
            Test::OneOf(values) => values.first(),
            Test::Ordered(_, value) | Test::Between(value, _) => Some(value),
        }
    }

    /// Converts every literal with `read`, and keeps the operator.
    pub(super) fn read<U>(&self, read: impl Fn(&T) -> Result<U>) -> Result<Test<U>> {
        Ok(match self {
            Test::OneOf(values) => Test::OneOf(values.iter().map(read).collect::<Result<_>>()?),
            Test::Ordered(order, value) => Test::Ordered(*order, read(value)?),
            Test::Between(low, high) => Test::Between(read(low)?, read(high)?),
        })
    }
}

/// A literal and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal<'a> {
    pub(super) position: usize,
    /// The source text, for error messages.
    pub(super) source: &'a str,
    pub(super) value: LiteralValue,
}

/// The value of a literal. A number is read from the source of the literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LiteralValue {
    Text(String),
    Number,
    Boolean(bool),
}
