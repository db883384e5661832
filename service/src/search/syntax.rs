//! The syntax tree: what the text says, before anything is known of fields and types.

use super::error::Result;
use super::token::Order;

/// A boolean expression. There is no negation but that of a leaf.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<L> {
    /// Two or more parts, all of which must hold.
    All(Vec<Node<L>>),
    /// Two or more parts, one of which must hold.
    Any(Vec<Node<L>>),
    Leaf(L),
}

impl<L> Node<L> {
    /// The same expression with every leaf read as another type.
    pub(super) fn read<M>(&self, read: &impl Fn(&L) -> Result<M>) -> Result<Node<M>> {
        let each = |parts: &[Self]| parts.iter().map(|part| part.read(read)).collect::<Result<_>>();
        Ok(match self {
            Node::All(parts) => Node::All(each(parts)?),
            Node::Any(parts) => Node::Any(each(parts)?),
            Node::Leaf(leaf) => Node::Leaf(read(leaf)?),
        })
    }
}

/// A field and what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison<'a> {
    pub(super) field: &'a str,
    /// Where the field stands.
    pub(super) position: usize,
    /// Where the operator stands (its `not`, if it has one).
    pub(super) operator: usize,
    /// Whether it is negated: by its operator, which is `!=`, `not in`, `not like`, `not between` or `is not null`, or by a
    /// `not` before it, but not by both.
    pub(super) negated: bool,
    pub(super) predicate: Predicate<'a>,
}

/// What is asked of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate<'a> {
    Null,
    Like { pattern: Literal<'a>, ignore_case: bool },
    Test(Test<Literal<'a>>),
}

/// How a value is compared with literals of type `T`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test<T> {
    /// Equal to one of these: `=` has one, `in` has one or more.
    OneOf(Vec<T>),
    Ordered(Order, T),
    /// Not below the first, not above the second.
    Between(T, T),
}

impl<T> Test<T> {
    /// The literal that comes first in the text.
    pub(super) fn first(&self) -> Option<&T> {
        match self {
            Test::OneOf(values) => values.first(),
            Test::Ordered(_, value) | Test::Between(value, _) => Some(value),
        }
    }

    /// The same test with every literal read as another type.
    pub(super) fn read<U>(&self, read: impl Fn(&T) -> Result<U>) -> Result<Test<U>> {
        Ok(match self {
            Test::OneOf(values) => Test::OneOf(values.iter().map(read).collect::<Result<_>>()?),
            Test::Ordered(order, value) => Test::Ordered(*order, read(value)?),
            Test::Between(low, high) => Test::Between(read(low)?, read(high)?),
        })
    }
}

/// A literal and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal<'a> {
    pub(super) position: usize,
    /// Its spelling, for error messages.
    pub(super) source: &'a str,
    pub(super) value: LiteralValue,
}

/// What a literal is. A number is read from the literal's source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LiteralValue {
    Text(String),
    Number,
    Boolean(bool),
}
