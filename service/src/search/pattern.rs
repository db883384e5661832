//! Patterns of `like` and `ilike`.

/// A pattern: `%` stands for any characters, `_` for one, a backslash makes the next character ordinary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Any,
    One,
    Literal(char),
}

impl Pattern {
    /// Reads a pattern; `None` if it ends in a backslash, which has nothing to make ordinary.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::Literal(chars.next()?),
                other => Part::Literal(other),
            });
        }
        Some(Self(parts))
    }

    /// The pattern as SQL's `LIKE` reads it when the backslash is its escape character.
    pub(crate) fn like(&self) -> String {
        self.spell("%", "_", |char| matches!(char, '%' | '_' | '\\'), |char| format!("\\{char}"))
    }

    /// The pattern as `GLOB` reads it: `*`, `?`, and special characters alone in a set.
    pub(crate) fn glob(&self) -> String {
        self.spell("*", "?", |char| matches!(char, '*' | '?' | '['), |char| format!("[{char}]"))
    }

    fn spell(&self, any: &str, one: &str, special: fn(char) -> bool, escape: fn(char) -> String) -> String {
        let mut spelling = String::new();
        for part in &self.0 {
            match part {
                Part::Any => spelling.push_str(any),
                Part::One => spelling.push_str(one),
                Part::Literal(char) if special(*char) => spelling.push_str(&escape(*char)),
                Part::Literal(char) => spelling.push(*char),
            }
        }
        spelling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_mean_the_same() {
        for (text, like, glob) in [
            ("", "", ""),
            ("a%b_c", "a%b_c", "a*b?c"),
            (r"50\%", r"50\%", "50%"),
            (r"a\_b\\c", r"a\_b\\c", r"a_b\c"),
            (r"\a*[x]?", "a*[x]?", "a[*][[]x][?]"),
            ("%ü_", "%ü_", "*ü?"),
        ] {
            let pattern = Pattern::read(text).expect(text);
            assert_eq!((pattern.like().as_str(), pattern.glob().as_str()), (like, glob), "{text}");
        }
    }

    #[test]
    fn an_escape_needs_something_to_escape() {
        assert_eq!(Pattern::read(r"abc\"), None);
        assert!(Pattern::read(r"abc\\").is_some());
    }
}
