//! Digests of texts.

use sha2::digest::Output;
use sha2::{Digest, Sha256};

/// Returns a digest of a sequence of texts. It covers their lengths, so it also depends on where each text ends.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> Output<Sha256> {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn where_a_text_ends_makes_a_difference_and_versions_make_none() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        let hexadecimal = format!("{:x}", digest(["a", "bc", ""]));
        assert_eq!(hexadecimal, "74f2dff90c16bd75e74ea8ab93e0f683754b4ae5a7e2b6c960734cf5c656341a");
    }
}
