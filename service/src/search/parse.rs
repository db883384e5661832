//! Parses tokens into the syntax tree, within the limits.
//!
//! ```text
//! any        = all { "or" all }
//! all        = negation { "and" negation }
//! negation   = "not" negation | "(" any ")" | comparison
//! comparison = field ( comparator literal
//!                    | ["not"] "in" list
//!                    | ["not"] ( "like" | "ilike" ) literal
//!                    | ["not"] "between" literal "and" literal
//!                    | "is" ["not"] "null" )
//! list       = "(" literal { "," literal } [","] ")" | "[" literal { "," literal } [","] "]"
//! ```

use super::error::{Result, expected, refuse};
use super::syntax::{Comparison, Literal, LiteralValue, Node, Predicate, Test};
use super::token::{Comparator, Keyword, Lexeme, Token, tokens};

/// The maximum length of a text, in bytes.
const MAX_BYTES: usize = 4096;
/// The maximum nesting of parentheses and `not`. It bounds the recursion of the parser and of every function that
/// walks the tree.
const MAX_LEVELS: usize = 32;
/// The maximum number of comparisons in a text.
const MAX_COMPARISONS: usize = 64;
/// The maximum number of list values in a text, over all its lists.
const MAX_LIST_VALUES: usize = 500;

/// Parses the text as one expression. `not` is pushed down to the comparisons: the negation of "all" is "any" of
/// the negations, and the negation of "any" is "all" of them.
pub(super) fn expression(text: &str) -> Result<Node<Comparison<'_>>> {
    if text.len() > MAX_BYTES {
        let message = format!("the text may have at most {MAX_BYTES} bytes, it has {}", text.len());
        return refuse(MAX_BYTES, message);
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, levels: 0, comparisons: 0, list_values: 0 };
    let expression = parser.any(false)?;
    match parser.take() {
        end if end.lexeme == Lexeme::End => Ok(expression),
        other => expected(other.position, "`and`, `or` or the end of the text", other),
    }
}

struct Parser<'a> {
    /// All tokens. The last one is [`Lexeme::End`], and `next` never moves past it.
    tokens: Vec<Token<'a>>,
    next: usize,
    levels: usize,
    comparisons: usize,
    list_values: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token<'a> {
        &self.tokens[self.next]
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        if token.lexeme != Lexeme::End {
            self.next += 1;
        }
        token
    }

    /// Consumes the next token if it equals `lexeme`.
    fn accept(&mut self, lexeme: &Lexeme) -> bool {
        let accepted = self.peek().lexeme == *lexeme;
        if accepted {
            self.take();
        }
        accepted
    }

    /// Consumes the next token, which must equal `lexeme`.
    fn require(&mut self, lexeme: &Lexeme, name: &str) -> Result<()> {
        if self.accept(lexeme) { Ok(()) } else { expected(self.peek().position, name, self.peek()) }
    }

    fn any(&mut self, negated: bool) -> Result<Node<Comparison<'a>>> {
        let mut parts = vec![self.all(negated)?];
        while self.accept(&Lexeme::Keyword(Keyword::Or)) {
            parts.push(self.all(negated)?);
        }
        Ok(joined(parts, if negated { Node::All } else { Node::Any }))
    }

    fn all(&mut self, negated: bool) -> Result<Node<Comparison<'a>>> {
        let mut parts = vec![self.negation(negated)?];
        while self.accept(&Lexeme::Keyword(Keyword::And)) {
            parts.push(self.negation(negated)?);
        }
        Ok(joined(parts, if negated { Node::Any } else { Node::All }))
    }

    fn negation(&mut self, negated: bool) -> Result<Node<Comparison<'a>>> {
        match self.peek().lexeme {
            Lexeme::Keyword(Keyword::Not) => {
                self.enter()?;
                let inner = self.negation(!negated)?;
                self.levels -= 1;
                Ok(inner)
            }
            Lexeme::Symbol('(') => {
                self.enter()?;
                let inner = self.any(negated)?;
                self.require(&Lexeme::Symbol(')'), "`and`, `or` or `)`")?;
                self.levels -= 1;
                Ok(inner)
            }
            _ => self.comparison(negated).map(Node::Leaf),
        }
    }

    /// Consumes a token that opens another level.
    fn enter(&mut self) -> Result<()> {
        let opening = self.take();
        if self.levels == MAX_LEVELS {
            return refuse(
                opening.position,
                format!("expected at most {MAX_LEVELS} levels of `(` and `not`"),
            );
        }
        self.levels += 1;
        Ok(())
    }

    fn comparison(&mut self, negated: bool) -> Result<Comparison<'a>> {
        let field = self.take();
        if field.lexeme != Lexeme::Word {
            return expected(field.position, "a field, `not` or `(`", field);
        }
        if self.comparisons == MAX_COMPARISONS {
            return refuse(field.position, format!("expected at most {MAX_COMPARISONS} comparisons"));
        }
        self.comparisons += 1;
        let operator = self.peek().position;
        let (negates, predicate) = self.predicate()?;
        let negated = negates != negated;
        Ok(Comparison { field: field.source, position: field.position, operator, negated, predicate })
    }

    /// Parses the operator and its literals. Returns whether the operator is negated.
    fn predicate(&mut self) -> Result<(bool, Predicate<'a>)> {
        let operator = self.take();
        match operator.lexeme {
            Lexeme::Comparator(comparator) => {
                let literal = self.literal()?;
                Ok(match comparator {
                    Comparator::Equal => (false, Predicate::Test(Test::OneOf(vec![literal]))),
                    Comparator::NotEqual => (true, Predicate::Test(Test::OneOf(vec![literal]))),
                    Comparator::Order(order) => (false, Predicate::Test(Test::Ordered(order, literal))),
                })
            }
            Lexeme::Keyword(Keyword::Is) => {
                let negated = self.accept(&Lexeme::Keyword(Keyword::Not));
                let name = if negated { "`null`" } else { "`null` or `not null`" };
                self.require(&Lexeme::Keyword(Keyword::Null), name)?;
                Ok((negated, Predicate::Null))
            }
            Lexeme::Keyword(Keyword::Not) => {
                let operator = self.take();
                Ok((true, self.worded(operator, "`in`, `like`, `ilike` or `between`")?))
            }
            _ => Ok((false, self.worded(operator, "a comparison operator")?)),
        }
    }

    /// Parses the literals of an operator that is a word and can follow `not`.
    fn worded(&mut self, operator: Token<'a>, name: &str) -> Result<Predicate<'a>> {
        Ok(match operator.lexeme {
            Lexeme::Keyword(Keyword::In) => Predicate::Test(Test::OneOf(self.list()?)),
            Lexeme::Keyword(Keyword::Like) => {
                Predicate::Like { pattern: self.literal()?, ignore_case: false }
            }
            Lexeme::Keyword(Keyword::Ilike) => {
                Predicate::Like { pattern: self.literal()?, ignore_case: true }
            }
            Lexeme::Keyword(Keyword::Between) => {
                let low = self.literal()?;
                self.require(&Lexeme::Keyword(Keyword::And), "`and`")?;
                Predicate::Test(Test::Between(low, self.literal()?))
            }
            _ => return expected(operator.position, name, operator),
        })
    }

    /// Parses one or more literals in parentheses or square brackets. A comma may follow the last one.
    fn list(&mut self) -> Result<Vec<Literal<'a>>> {
        let open = self.take();
        let (close, separator) = match open.lexeme {
            Lexeme::Symbol('(') => (Lexeme::Symbol(')'), "`,` or `)`"),
            Lexeme::Symbol('[') => (Lexeme::Symbol(']'), "`,` or `]`"),
            _ => return expected(open.position, "a list in `[ ]` or `( )`", open),
        };
        let mut values = vec![self.list_value()?];
        loop {
            let more = self.accept(&Lexeme::Symbol(','));
            if self.accept(&close) {
                return Ok(values);
            } else if !more {
                return expected(self.peek().position, separator, self.peek());
            }
            values.push(self.list_value()?);
        }
    }

    fn list_value(&mut self) -> Result<Literal<'a>> {
        let value = self.literal()?;
        if self.list_values == MAX_LIST_VALUES {
            return refuse(value.position, format!("expected at most {MAX_LIST_VALUES} list values"));
        }
        self.list_values += 1;
        Ok(value)
    }

    fn literal(&mut self) -> Result<Literal<'a>> {
        let token = self.take();
        let value = match token.lexeme {
            Lexeme::Text(text) => LiteralValue::Text(text),
            Lexeme::Number => LiteralValue::Number,
            Lexeme::Keyword(Keyword::True) => LiteralValue::Boolean(true),
            Lexeme::Keyword(Keyword::False) => LiteralValue::Boolean(false),
            Lexeme::Keyword(Keyword::Null) => {
                return refuse(token.position, "expected a literal, found `null`: write `is null`");
            }
            _ => {
                return expected(token.position, "a quoted string, a number, `true` or `false`", token);
            }
        };
        Ok(Literal { position: token.position, source: token.source, value })
    }
}

/// Joins the parts into one expression. A single part is returned as it is.
fn joined<L>(mut parts: Vec<Node<L>>, join: fn(Vec<Node<L>>) -> Node<L>) -> Node<L> {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}
