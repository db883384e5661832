//! Entity tags of compressed answers.
//!
//! A strong tag stands for exact bytes, so the compressed bytes need another one. A weak tag would not
//! do: `If-Match` compares strongly and would never hold again. Therefore `"7"` becomes `"7-gzip"` on
//! the way out, and `-gzip` is taken off again on the way in: a client may send back the tag it was
//! given, compressed or not, and the handlers know only their own.

use poem::http::header::{ETAG, Entry, IF_MATCH, IF_NONE_MATCH};
use poem::http::{HeaderMap, HeaderValue};

/// A tag as it ends when its bytes are compressed.
const SUFFIXED: &str = "-gzip\"";

/// Takes the suffix off all tags in `If-Match` and `If-None-Match`.
pub(super) fn restore_conditions(headers: &mut HeaderMap) {
    for name in [IF_MATCH, IF_NONE_MATCH] {
        if let Entry::Occupied(mut conditions) = headers.entry(name) {
            for tags in conditions.iter_mut() {
                if let Some(restored) = without_suffixes(tags) {
                    *tags = restored;
                }
            }
        }
    }
}

fn without_suffixes(tags: &HeaderValue) -> Option<HeaderValue> {
    let tags = tags.to_str().ok().filter(|tags| tags.contains(SUFFIXED))?;
    HeaderValue::from_str(&tags.replace(SUFFIXED, "\"")).ok()
}

/// Gives a strong `ETag` the suffix. A weak one holds for both forms and stays.
pub(super) fn mark_compressed(headers: &mut HeaderMap) {
    if let Some(marked) = headers.get(ETAG).and_then(marked) {
        headers.insert(ETAG, marked);
    }
}

/// Whether the client of a 304 holds the compressed form: the tag with its suffix is in `conditions`.
pub(super) fn holds_compressed(conditions: &[HeaderValue], headers: &HeaderMap) -> bool {
    let Some(marked) = headers.get(ETAG).and_then(marked) else {
        return false;
    };
    let marked = marked.to_str().unwrap_or_default();
    conditions
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|tags| tags.split(',').any(|tag| tag.trim() == marked))
}

fn marked(tag: &HeaderValue) -> Option<HeaderValue> {
    let opaque = tag.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?;
    HeaderValue::from_str(&format!("\"{opaque}{SUFFIXED}")).ok()
}
