//! Headers that decide what a request does. The operations check what they say: only they know what comes first.

use super::schema::{described, inline, text};
use super::value::As;
use poem_openapi::registry::MetaSchema;

/// The longest idempotency key, in characters.
pub const MAX_KEY: usize = 255;

/// The header `If-Match` as it was sent.
pub type IfMatch = As<EntityTags, String>;
/// The header `Idempotency-Key` as it was sent.
pub type IdempotencyKey = As<Key, String>;

/// The header `Last-Event-ID` as it was sent.
pub type LastEventId = As<PositionText, String>;

/// The entity tags of `If-Match` or `If-None-Match`.
///
/// A tag of this API is the number of a version. Weak and strong tags compare alike: a tag that an intermediary made
/// weak still names the same version. A tag that is no number names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: any version.
    Any,
    /// These versions.
    Revisions(Vec<i64>),
}

impl EntityTags {
    /// Reads a list of tags, or `*`. `None` if it is neither.
    pub fn parse(header: &str) -> Option<Self> {
        if header.trim() == "*" {
            return Some(Self::Any);
        }
        let opaque = |tag: &'_ str| -> Option<String> {
            let tag = tag.trim();
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
        };
        let tags: Vec<String> = header.split(',').map(opaque).collect::<Option<_>>()?;
        Some(Self::Revisions(tags.iter().filter_map(|tag| tag.parse().ok()).collect()))
    }

    /// Whether the version `revision` is among them.
    pub fn matches(&self, revision: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Revisions(revisions) => revisions.contains(&revision),
        }
    }
}

described!(EntityTags, "string(entity-tags)", {
    let pattern = r#"^(\*|(W/)?"[^",]*"(, *(W/)?"[^",]*")*)$"#;
    inline(MetaSchema { pattern: Some(pattern.into()), ..text(Some("entity-tags")) })
});

/// What an idempotency key looks like.
#[derive(Debug)]
pub struct Key;

described!(Key, "string(idempotency-key)", {
    let pattern = Some("^[!-~]([ -~]*[!-~])?$".into());
    inline(MetaSchema { pattern, max_length: Some(MAX_KEY), ..text(None) })
});

/// What a position of the changes looks like: nothing that a client makes.
#[derive(Debug)]
pub struct PositionText;

described!(PositionText, "string(position)", inline(text(Some("position"))));

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::types::ParseFromParameter;

    #[test]
    fn tags_name_versions_whether_weak_or_strong() {
        for header in ["\"2\"", "W/\"2\"", "\"1\", \"2\"", "\"1\",W/\"2\"", " * ", "\"x\", \"2\""] {
            let tags = EntityTags::parse(header).expect(header);
            assert!(tags.matches(2), "{header}");
        }
        for header in ["\"1\"", "W/\"22\"", "\"\"", "\"2 \"", "\"x\""] {
            let tags = EntityTags::parse(header).expect(header);
            assert!(!tags.matches(2), "{header}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for header in ["", "2", "\"2", "2\"", "\"", "W/2", "w/\"2\"", "*, \"2\"", "\"1\" \"2\"x"] {
            assert_eq!(EntityTags::parse(header), None, "{header}");
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let header = IfMatch::parse_from_parameters(["\"1\"", "W/\"2\""]).expect("a header");
        let tags = EntityTags::parse(&header.value).expect("tags");
        assert!(tags.matches(1) && tags.matches(2));
    }
}
