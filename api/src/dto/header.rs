//! Headers that determine what a request does. Operations validate their values, because only the operation knows
//! which check comes first.

use super::schema::{described, inline, text};
use super::value::As;
use poem_openapi::registry::MetaSchema;

/// The maximum length of an idempotency key, in characters.
pub const MAX_KEY: usize = 255;

/// The header `If-Match` as it was sent.
pub type IfMatchHeader = As<EntityTags, String>;
/// The header `Idempotency-Key` as it was sent.
pub type IdempotencyKey = As<Key, String>;

/// The header `Last-Event-ID` as it was sent.
pub type LastEventId = As<PositionText, String>;

/// The entity tags of `If-Match` or `If-None-Match`.
///
/// An entity tag of this API is the revision of the resource. Weak and strong tags compare equal: a tag that an
/// intermediary made weak still identifies the same revision. A tag that is not a number matches no revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`, which matches any revision.
    Any,
    /// A list of revisions.
    Revisions(Vec<i64>),
}

impl EntityTags {
    /// Parses a list of tags or `*`. Returns `None` if the header is neither.
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

    /// Whether `revision` is among the tags.
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

/// The format of an idempotency key.
#[derive(Debug)]
pub struct Key;

described!(Key, "string(idempotency-key)", {
    let pattern = Some("^[!-~]([ -~]*[!-~])?$".into());
    inline(MetaSchema { pattern, max_length: Some(MAX_KEY), ..text(None) })
});

/// The format of a position in the log of changes. It is opaque to clients.
#[derive(Debug)]
pub struct PositionText;

described!(PositionText, "string(position)", inline(text(Some("position"))));

#[cfg(test)]
mod tests {
    use super::*;

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
}
