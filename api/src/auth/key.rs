//! The public keys of an issuer (JSON Web Key Set, RFC 7517), and the verification of tokens with them.

use jsonwebtoken::jwk::{AlgorithmParameters as Published, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::token::{Token, accepted_algorithm};

/// The accepted sizes of RSA keys, in bits. Smaller keys can be broken; larger keys cost too much per request.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The lengths of an uncompressed point on P-256 and of an Ed25519 key, in bytes.
const P256_BYTES: usize = 65;
const ED25519_BYTES: usize = 32;

/// Verification keys. Each supports at least one accepted algorithm.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// The maximum length of a key set, in bytes.
    pub(super) const MAX_BYTES: usize = 1024 * 1024;

    /// Parses a JSON Web Key Set. Keys that cannot be used here are skipped, because issuers publish keys for many
    /// purposes in one set.
    ///
    /// # Errors
    ///
    /// The text is too long, is not a key set, or contains no usable key. The last case is far more often a mistake of
    /// the issuer than the intention to refuse every caller.
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

    /// Returns an iterator over the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

/// The result of verifying a token with the keys of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// One of the keys made the signature.
    Genuine,
    /// The right key is known and did not make the signature, or several keys match and the token does not name one.
    Forged,
    /// None of the keys matches. The issuer may have a newer one.
    UnknownKey,
}

/// Verifies a token with the key that its `kid` names or, without a `kid`, with the only key that matches.
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

/// Verifies a token without a `kid`. Exactly one key must match: trying key after key would let a token choose its
/// verifier.
fn verify_unnamed<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Verification {
    let fitting: Vec<&Key> = keys.filter(|key| key.fits(token.algorithm)).collect();
    match fitting.as_slice() {
        // The same key may be in the issuer's file and at its URL.
        [only, rest @ ..] if rest.iter().all(|other| other.public == only.public) => {
            // Without a `kid`, an invalid signature is the only indication that a key was replaced.
            if only.verifies(token) { Verification::Genuine } else { Verification::UnknownKey }
        }
        [] => Verification::UnknownKey,
        _ => Verification::Forged,
    }
}

/// A public key and the algorithms that it may verify.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    /// The public parameters, which identify the key.
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

    /// Returns the key in an entry of a key set, or logs that it cannot be used.
    fn usable(entry: Value) -> Option<Self> {
        let kid = entry["kid"].as_str().map(str::to_owned);
        let key = Self::parse(entry);
        if key.is_none() {
            tracing::debug!(kid, "a JSON Web Key that cannot be used is left out");
        }
        key
    }

    /// Returns the key in an entry of a key set, if it is intended to verify signatures with an accepted algorithm.
    fn parse(entry: Value) -> Option<Self> {
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
        usable.then(|| Self { id: common.key_id.clone(), algorithms, public: public.clone(), decoding })
    }
}

/// Returns the algorithms that a key can verify. A shared secret (`oct`) deliberately supports none.
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

/// Whether an RSA key has an accepted size and an exponent that encrypts: with exponent 1, anyone can sign.
fn is_sound_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    RSA_BITS.contains(&bits(modulus)) && bits(exponent) >= 2
}

/// Returns the number of significant bits of an unsigned big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros).map_or(0, |first| (number.len() - zeros) * 8 - first.leading_zeros() as usize)
}
