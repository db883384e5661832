//! Patterns of `like` and `ilike`.

/// A pattern. `%` matches any characters, `_` matches one character, and a backslash escapes the next character.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Any,
    One,
    Literal(char),
}

impl Pattern {
    /// Parses a pattern. Returns `None` if it ends in a backslash that escapes nothing.
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

    /// Returns the pattern for SQL's `LIKE` with the backslash as escape character.
    pub(crate) fn like(&self) -> String {
        self.spell("%", "_", |char| matches!(char, '%' | '_' | '\\'), |char| format!("\\{char}"))
    }

    /// Returns the pattern for `GLOB`: with `*` and `?`, and each special character in its own set.
    pub(crate) fn glob(&self) -> String {
        self.spell("*", "?", |char| matches!(char, '*' | '?' | '['), |char| format!("[{char}]"))
    }

    /// Whether a text matches. The time is bounded by the product of both lengths. `ignore_case` applies to ASCII
    /// letters only.
    pub(super) fn matches(&self, text: &str, ignore_case: bool) -> bool {
        let fold = |char: char| if ignore_case { char.to_ascii_lowercase() } else { char };
        let text: Vec<char> = text.chars().map(fold).collect();
        let (mut part, mut at) = (0, 0);
        // The position of the last `%`, and the position in the text where its current match ends.
        let mut last_any: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(part) {
                Some(Part::Any) => {
                    last_any = Some((part, at));
                    part += 1;
                }
                Some(Part::One) => (part, at) = (part + 1, at + 1),
                Some(Part::Literal(char)) if fold(*char) == text[at] => (part, at) = (part + 1, at + 1),
                _ => {
                    // On a mismatch, the last `%` matches one more character.
                    let Some((any, covered)) = last_any else { return false };
                    last_any = Some((any, covered + 1));
                    (part, at) = (any + 1, covered + 1);
                }
            }
        }
        self.0[part..].iter().all(|part| *part == Part::Any)
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
    fn a_pattern_matches_whole_texts() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("_", "ü", true),
            ("%ab", "aab", true),
            ("%ab%cd", "abxabcdxcd", true),
            (r"50\%", "50%", true),
            (r"50\%", "500", false),
            ("ABC", "abc", false),
        ] {
            let read = Pattern::read(pattern).expect(pattern);
            assert_eq!(read.matches(text, false), matches, "{pattern} {text}");
        }
        let ignoring = |pattern, text| Pattern::read(pattern).expect(pattern).matches(text, true);
        assert!(ignoring("ABC%", "abcd") && ignoring("a", "A") && !ignoring("Ü", "ü"));
    }

    #[test]
    fn a_pattern_of_many_wildcards_takes_no_longer() {
        let pattern = Pattern::read(&format!("{}b", "a%".repeat(1000))).expect("a pattern");
        assert!(!pattern.matches(&"a".repeat(20_000), false));
    }

    #[test]
    fn an_escape_needs_something_to_escape() {
        assert_eq!(Pattern::read(r"abc\"), None);
        assert!(Pattern::read(r"abc\\").is_some());
    }
}
