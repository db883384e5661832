//! Public keys of an issuer (JSON Web Key Set, RFC 7517) and what they say about a token.

use jsonwebtoken::jwk::{AlgorithmParameters as Published, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::token::{Token, accepted_algorithm};

/// RSA keys below this size can be broken; above the upper one they cost more than a request is worth.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The length of an uncompressed point on P-256, and of an Ed25519 key.
const P256_BYTES: usize = 65;
const ED25519_BYTES: usize = 32;

/// Verification keys, each fit for at least one accepted algorithm.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// The longest text that is read as a key set, in bytes.
    pub(super) const MAX_BYTES: usize = 1024 * 1024;

    /// Reads a JSON Web Key Set, leaving out the keys that cannot be used here: issuers publish keys for many
    /// purposes in one set.
    ///
    /// # Errors
    ///
    /// What is wrong with it: too long, no key set, or one without a single usable key. The latter is far
    /// more often a fault of the issuer than the wish to refuse everybody.
    pub(super) fn parse(json: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        if json.len() > Self::MAX_BYTES {
            return Err("is larger than 1 MiB");
        }
        let jwks: Jwks = serde_json::from_slice(json).map_err(|_| "is not a JSON Web Key Set")?;
        let keys: Vec<Key> = jwks.keys.into_iter().filter_map(Key::usable).collect();
        if keys.is_empty() {
            return Err("holds no usable key; allowed are RSA keys of 2048 to 8192 bits, P-256 and Ed25519");
        }
        Ok(Self(keys))
    }

    /// The keys one by one.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

/// What the keys of an issuer say about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// One of the keys made the signature.
    Genuine,
    /// The right key is known, and it did not make the signature; or it is not told which of several is
    /// right.
    Forged,
    /// None of the keys is the one meant. The issuer may have a newer one.
    UnknownKey,
}

/// Looks for the key a token was signed with, by its `kid`, or if it has none, as the only one that fits.
pub(super) fn verify<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Verification {
    let Some(key_id) = &token.key_id else {
        return verify_unnamed(token, keys);
    };
    let mut named = keys.filter(|key| key.id.as_ref() == Some(key_id)).peekable();
    if named.peek().is_none() {
        Verification::UnknownKey
    } else if named.any(|key| key.verifies(token)) {
        Verification::Genuine
    } else {
        Verification::Forged
    }
}

/// Trying key after key would let a token pick its verifier: exactly one key may come into question.
fn verify_unnamed<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Verification {
    let fitting: Vec<&Key> = keys.filter(|key| key.fits(token.algorithm)).collect();
    match fitting.as_slice() {
        // The same key may stand in the issuer's file and behind its URL.
        [only, rest @ ..] if rest.iter().all(|other| other.public == only.public) => {
            // Without a `kid`, a bad signature is all that is seen of a key having been replaced.
            if only.verifies(token) { Verification::Genuine } else { Verification::UnknownKey }
        }
        [] => Verification::UnknownKey,
        _ => Verification::Forged,
    }
}

/// A public key and the algorithms it may verify.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    /// What makes it this key and no other.
    public: Published,
    decoding: DecodingKey,
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    fn verifies(&self, token: &Token<'_>) -> bool {
        let signed = token.signed.as_bytes();
        self.fits(token.algorithm)
            && crypto::verify(token.signature, signed, &self.decoding, token.algorithm).unwrap_or(false)
    }

    /// The key in an entry of a key set, if it is made to verify signatures with an accepted algorithm.
    fn usable(entry: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(entry).ok()?;
        let Jwk { common, algorithm: public } = &jwk;
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        let meant = |algorithm: &Algorithm| {
            let named = common.key_algorithm.map(|named| accepted_algorithm(&named.to_string()));
            named.is_none_or(|named| named == Some(*algorithm))
        };
        let algorithms: Vec<_> = verifiable(public, decoding.kind()).iter().copied().filter(meant).collect();
        let usable = !algorithms.is_empty()
            && common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify));
        if !usable {
            tracing::debug!(kid = common.key_id, "a JSON Web Key that cannot be used is left out");
        }
        usable.then(|| Self { id: common.key_id.clone(), algorithms, public: public.clone(), decoding })
    }
}

/// The algorithms that a key can verify. A shared secret (`oct`) is deliberately good for none.
fn verifiable(published: &Published, key: &DecodingKeyKind) -> &'static [Algorithm] {
    use DecodingKeyKind::{RsaModulusExponent, SecretOrDer};
    use EllipticCurve::{Ed25519, P256};
    match (published, key) {
        (Published::RSA(_), RsaModulusExponent { n, e }) if is_sound_rsa(n, e) => {
            &[Algorithm::RS256, Algorithm::PS256]
        }
        (Published::EllipticCurve(of), SecretOrDer(key)) if of.curve == P256 && key.len() == P256_BYTES => {
            &[Algorithm::ES256]
        }
        (Published::OctetKeyPair(of), SecretOrDer(key))
            if of.curve == Ed25519 && key.len() == ED25519_BYTES =>
        {
            &[Algorithm::EdDSA]
        }
        _ => &[],
    }
}

/// Big enough, and with an exponent that does encrypt: with 1, anybody can sign.
fn is_sound_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    RSA_BITS.contains(&bits(modulus)) && bits(exponent) >= 2
}

/// The number of significant bits of an unsigned big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros).map_or(0, |first| (number.len() - zeros) * 8 - first.leading_zeros() as usize)
}
