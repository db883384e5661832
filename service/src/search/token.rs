//! Splits the text into tokens.

use super::error::{Result, expected, quoted, refuse};
use std::fmt;
use strum::EnumString;

/// A token and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    /// The offset of the first byte.
    pub(super) position: usize,
    /// The source text; empty at the end of the text.
    pub(super) source: &'a str,
    pub(super) lexeme: Lexeme,
}

/// The value of a token. Words and numbers are read from the source of the token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lexeme {
    /// The name of a field, or any other word that is not a keyword.
    Word,
    Keyword(Keyword),
    /// A string, without its quotes and escapes.
    Text(String),
    Number,
    Comparator(Comparator),
    /// A parenthesis, a square bracket or a comma.
    Symbol(char),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString)]
#[strum(ascii_case_insensitive)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    In,
    Like,
    Ilike,
    Between,
    Is,
    Null,
    True,
    False,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Order(Inequality),
}

/// An ordering of a value relative to a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inequality {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lexeme {
            Lexeme::End => f.write_str("the end of the text"),
            _ => f.write_str(&quoted(self.source)),
        }
    }
}

/// All spellings of comparators. Longer spellings come before their prefixes.
const COMPARATORS: [(&str, Comparator); 8] = [
    ("==", Comparator::Equal),
    ("!=", Comparator::NotEqual),
    ("<>", Comparator::NotEqual),
    ("<=", Comparator::Order(Inequality::LessOrEqual)),
    (">=", Comparator::Order(Inequality::GreaterOrEqual)),
    ("=", Comparator::Equal),
    ("<", Comparator::Order(Inequality::Less)),
    (">", Comparator::Order(Inequality::Greater)),
];

/// Splits the text into its tokens; the last one is always [`Lexeme::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut position = 0;
    loop {
        let rest = text[position..].trim_ascii_start();
        position = text.len() - rest.len();
        let (length, lexeme) = lexeme(rest, position)?;
        tokens.push(Token { position, source: &rest[..length], lexeme });
        position += length;
        if length == 0 {
            return Ok(tokens);
        }
    }
}

/// Returns the first token of `rest`, and its length in bytes.
fn lexeme(rest: &str, position: usize) -> Result<(usize, Lexeme)> {
    let Some(first) = rest.chars().next() else {
        return Ok((0, Lexeme::End));
    };
    match first {
        '(' | ')' | '[' | ']' | ',' => Ok((1, Lexeme::Symbol(first))),
        '\'' | '"' => string(rest, first, position),
        '-' | '0'..='9' => number(rest, position),
        'a'..='z' | 'A'..='Z' | '_' => Ok(word(rest)),
        other => match COMPARATORS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            Some((spelling, comparator)) => Ok((spelling.len(), Lexeme::Comparator(*comparator))),
            None => expected(
                position,
                "a field, an operator, a literal or a bracket",
                quoted(other.encode_utf8(&mut [0; 4])),
            ),
        },
    }
}

/// Reads a field name or a keyword. A name can hold the characters of label keys.
fn word(rest: &str) -> (usize, Lexeme) {
    let length = rest.bytes().take_while(|byte| is_word_byte(*byte)).count();
    (length, rest[..length].parse().map_or(Lexeme::Word, Lexeme::Keyword))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-')
}

/// Reads a number: an optional minus sign, digits, an optional fraction, an optional exponent.
fn number(rest: &str, position: usize) -> Result<(usize, Lexeme)> {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let bytes = rest.as_bytes();
    let sign = usize::from(rest.starts_with('-'));
    let mut end = sign + digits(sign);
    let mut complete = end > sign;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        complete &= fraction > 0;
        end += 1 + fraction;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        complete &= exponent > 0;
        end += 1 + sign + exponent;
    }
    let trailing = rest[end..].bytes().take_while(|byte| is_word_byte(*byte)).count();
    if complete && trailing == 0 {
        Ok((end, Lexeme::Number))
    } else {
        expected(position, "a number", quoted(&rest[..end + trailing]))
    }
}

/// Reads a quoted string. A doubled quote is one quote, and a backslash escapes a quote or a backslash. Before any
/// other character, a backslash is an ordinary character, which patterns need.
fn string(rest: &str, quote: char, position: usize) -> Result<(usize, Lexeme)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((offset, char)) = chars.next() {
        if char == '\0' {
            return refuse(position + offset, "a string cannot hold the character NUL");
        } else if char == '\\' {
            let escaped = chars.next_if(|(_, next)| matches!(next, '\'' | '"' | '\\'));
            value.push(escaped.map_or('\\', |(_, escaped)| escaped));
        } else if char == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Ok((offset + 1, Lexeme::Text(value)));
        } else {
            value.push(char);
        }
    }
    refuse(position, format!("expected a closing {quote} for the string that begins here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexemes(text: &str) -> Vec<Lexeme> {
        tokens(text).expect(text).into_iter().map(|token| token.lexeme).collect()
    }

    fn text_of(source: &str) -> String {
        match lexemes(source).swap_remove(0) {
            Lexeme::Text(text) => text,
            other => panic!("{source} is {other:?}"),
        }
    }

    fn refusal(text: &str) -> (usize, String) {
        let error = tokens(text).expect_err(text);
        (error.position, error.message)
    }

    #[test]
    fn a_label_key_is_one_word() {
        let found = tokens("labels.app.kubernetes.io/my-key='a'").expect("tokens");
        let sources: Vec<&str> = found.iter().map(|token| token.source).collect();
        assert_eq!(sources, ["labels.app.kubernetes.io/my-key", "=", "'a'", ""]);
        let positions: Vec<usize> = found.iter().map(|token| token.position).collect();
        assert_eq!(positions, [0, 31, 32, 35]);
    }

    #[test]
    fn keywords_are_read_in_any_case() {
        use Keyword::*;
        let expected = [And, Or, Not, In, Like, Ilike, Between, Is, Null, True, False];
        let found = lexemes("AND Or nOT in LIKE iLike BETWEEN is NULL True FALSE");
        assert_eq!(found[..11], expected.map(Lexeme::Keyword));
        assert_eq!(lexemes("android"), [Lexeme::Word, Lexeme::End]);
    }

    #[test]
    fn comparators_need_no_blanks() {
        use Comparator::{Equal, NotEqual};
        let found = lexemes("= == != <> < <= > >=");
        assert_eq!(found[..4], [Equal, Equal, NotEqual, NotEqual].map(Lexeme::Comparator));
        let orders =
            [Inequality::Less, Inequality::LessOrEqual, Inequality::Greater, Inequality::GreaterOrEqual];
        assert_eq!(found[4..8], orders.map(|order| Lexeme::Comparator(Comparator::Order(order))));
        let found = tokens("generation>=-5").expect("tokens");
        assert_eq!((found[1].source, found[2].source), (">=", "-5"));
    }

    #[test]
    fn strings_lose_their_quotes_and_escapes() {
        assert_eq!(text_of("''"), "");
        assert_eq!(text_of("'it''s'"), "it's");
        assert_eq!(text_of(r"'it\'s'"), "it's");
        assert_eq!(text_of(r#""say ""hi""""#), r#"say "hi""#);
        assert_eq!(text_of(r#"'a "b" c'"#), r#"a "b" c"#);
        assert_eq!(text_of(r"'a\\b'"), r"a\b");
        assert_eq!(text_of(r"'50\% \n'"), r"50\% \n");
        assert_eq!(text_of("'Zürich 😀'"), "Zürich 😀");
    }

    #[test]
    fn numbers_are_read_whole() {
        for number in ["0", "-5", "007", "1.5", "-1.25e-3", "1e10", "2E+7", "99999999999999999999999"] {
            let found = tokens(number).expect(number);
            assert_eq!((found[0].source, &found[0].lexeme), (number, &Lexeme::Number));
        }
    }

    #[test]
    fn what_is_no_token_is_refused_where_it_stands() {
        let a_number = |found| format!("expected a number, found `{found}`");
        assert_eq!(refusal("a = 5k"), (4, a_number("5k")));
        assert_eq!(refusal("a = -"), (4, a_number("-")));
        assert_eq!(refusal("a = 1."), (4, a_number("1.")));
        assert_eq!(refusal("a = 1e+"), (4, a_number("1e+")));
        assert_eq!(refusal("a = --5"), (4, a_number("--5")));
        assert_eq!(refusal("ü = 1").0, 0);
        assert_eq!(refusal("name = 'ü' ; 1").0, 12);
        assert_eq!(refusal("a ~ 'b'").0, 2);
        assert_eq!(refusal("a ! b").0, 2);
        assert_eq!(refusal("name = 'abc").0, 7);
        assert_eq!(refusal(r"name = 'abc\'").0, 7);
        assert_eq!(refusal("name = 'a\0b'").0, 9);
    }
}
