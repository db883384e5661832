//! Public keys of an issuer (JSON Web Key Set, RFC 7517) and what they say about a token.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::token::{Token, accepted_algorithm};

/// RSA keys below this size can be broken; above the upper one they cost more than a request is worth.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The length of a coordinate on P-256 and of an Ed25519 key.
const CURVE_BYTES: usize = 32;

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
        let keys: Vec<Key> = jwks.keys.into_iter().filter_map(usable).collect();
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

fn usable(entry: Value) -> Option<Key> {
    let read = serde_json::from_value(entry).map_err(|_| "not a key of a known form").and_then(Key::from_jwk);
    read.inspect_err(|reason| tracing::debug!(reason, "a JSON Web Key is left out")).ok()
}

/// What the keys of an issuer say about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One of the keys made the signature.
    Genuine,
    /// The right key is known, and it did not make the signature; or it is not told which of several is
    /// right.
    Forged,
    /// None of the keys is the one meant. The issuer may have a newer one.
    UnknownKey,
}

/// Looks for the key a token was signed with, by its `kid`, or if it has none, as the only one that fits.
pub(super) fn judge<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Verdict {
    let Some(key_id) = &token.key_id else {
        return judge_unnamed(token, keys);
    };
    let mut named = keys.filter(|key| key.id.as_ref() == Some(key_id)).peekable();
    if named.peek().is_none() {
        Verdict::UnknownKey
    } else if named.any(|key| key.verifies(token)) {
        Verdict::Genuine
    } else {
        Verdict::Forged
    }
}

/// Trying key after key would let a token pick its verifier: exactly one key may come into question.
fn judge_unnamed<'a>(token: &Token<'_>, keys: impl Iterator<Item = &'a Key>) -> Verdict {
    let fitting: Vec<&Key> = keys.filter(|key| key.fits(token.algorithm)).collect();
    match fitting.as_slice() {
        // The same key may stand in the issuer's file and behind its URL.
        [only, rest @ ..] if rest.iter().all(|other| other.public == only.public) => {
            // Without a `kid`, a bad signature is all that is seen of a key having been replaced.
            if only.verifies(token) { Verdict::Genuine } else { Verdict::UnknownKey }
        }
        [] => Verdict::UnknownKey,
        _ => Verdict::Forged,
    }
}

/// A public key and the algorithms it may verify.
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    /// What makes it this key and no other.
    public: (String, String),
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

    fn from_jwk(jwk: Jwk) -> Result<Self, &'static str> {
        if jwk.usage.is_some_and(|usage| usage != "sig") {
            return Err("not meant for signatures");
        }
        if jwk.key_ops.is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return Err("not meant for verifying");
        }
        let (family, public) = jwk.material.checked()?;
        let algorithms = match jwk.alg {
            None => family.to_vec(),
            Some(alg) => accepted_algorithm(&alg).filter(|alg| family.contains(alg)).into_iter().collect(),
        };
        if algorithms.is_empty() {
            return Err("meant for an algorithm that is not accepted or not one of its type");
        }
        let decoding = jwk.material.decoding_key().map_err(|_| "not encoded as base64url")?;
        Ok(Self { id: jwk.kid, algorithms, public, decoding })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Key").field("id", &self.id).field("algorithms", &self.algorithms).finish()
    }
}

/// A key as it is published.
#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    #[serde(flatten)]
    material: Material,
}

/// The types of key that can verify. A shared secret (`oct`) is deliberately none of them.
#[derive(Deserialize)]
#[serde(tag = "kty")]
enum Material {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    EllipticCurve { crv: String, x: String, y: String },
    #[serde(rename = "OKP")]
    OctetKeyPair { crv: String, x: String },
}

impl Material {
    /// The algorithms that a key of this type can verify, and the two numbers that tell it from others.
    fn checked(&self) -> Result<(&'static [Algorithm], (String, String)), &'static str> {
        match self {
            Self::Rsa { n, e } if !is_sound_rsa(n, e) => Err("an RSA key outside 2048 to 8192 bits"),
            Self::Rsa { n, e } => Ok((&[Algorithm::RS256, Algorithm::PS256], (n.clone(), e.clone()))),
            Self::EllipticCurve { crv, x, y } if crv == "P-256" && is_curve_sized(x) && is_curve_sized(y) => {
                Ok((&[Algorithm::ES256], (x.clone(), y.clone())))
            }
            Self::OctetKeyPair { crv, x } if crv == "Ed25519" && is_curve_sized(x) => {
                Ok((&[Algorithm::EdDSA], (x.clone(), String::new())))
            }
            Self::EllipticCurve { .. } | Self::OctetKeyPair { .. } => Err("on a curve that is not accepted"),
        }
    }

    fn decoding_key(&self) -> jsonwebtoken::errors::Result<DecodingKey> {
        match self {
            Self::Rsa { n, e } => DecodingKey::from_rsa_components(n, e),
            Self::EllipticCurve { x, y, .. } => DecodingKey::from_ec_components(x, y),
            Self::OctetKeyPair { x, .. } => DecodingKey::from_ed_components(x),
        }
    }
}

/// Big enough, and with an exponent that does encrypt: with 1, anybody can sign.
fn is_sound_rsa(modulus: &str, exponent: &str) -> bool {
    RSA_BITS.contains(&bits(modulus)) && bits(exponent) >= 2
}

/// The number of significant bits of an unsigned big-endian number; 0 if it is none.
fn bits(number: &str) -> usize {
    let bytes = URL_SAFE_NO_PAD.decode(number).unwrap_or_default();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros).map_or(0, |first| (bytes.len() - zeros) * 8 - first.leading_zeros() as usize)
}

fn is_curve_sized(coordinate: &str) -> bool {
    URL_SAFE_NO_PAD.decode(coordinate).is_ok_and(|bytes| bytes.len() == CURVE_BYTES)
}
