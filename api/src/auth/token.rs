//! The text of a token, taken apart. Nothing here is proven: that takes a key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::AuthError;
use super::claims::Claims;

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 16 * 1024;

const MALFORMED: AuthError = AuthError::Invalid("the token is malformed");

/// The token in an `Authorization` header: `Bearer`, in any case, one space, the token.
pub(super) fn bearer(authorization: Option<&str>) -> Result<&str, AuthError> {
    let value = authorization.map(str::trim).filter(|value| !value.is_empty()).ok_or(AuthError::Missing)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Invalid("the authorization scheme must be Bearer"));
    }
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(AuthError::Invalid(
            "the authorization header must be `Bearer` and a token, with one space between",
        ));
    }
    Ok(token)
}

/// A token whose form is right. Its claims are not to be believed before a key has verified its signature.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// What was signed: header and claims as they were sent.
    pub(super) signed: &'a str,
    /// The signature, in base64url.
    pub(super) signature: &'a str,
    /// The algorithm that the header asks for; one of those that are accepted at all.
    pub(super) algorithm: Algorithm,
    /// Which of the issuer's keys the header points to.
    pub(super) key_id: Option<String>,
    /// What the token says.
    pub(super) claims: Claims,
    /// The issuer that it claims to come from.
    pub(super) issuer: String,
}

/// The header parameters that matter. All others are ignored, above all those that bring or name a key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

impl<'a> Token<'a> {
    /// Takes a compact JWS apart and refuses what no key could make acceptable.
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthError> {
        if text.len() > MAX_BYTES {
            return Err(AuthError::Invalid("the token is longer than 16 KiB"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, payload) = signed.split_once('.').ok_or(MALFORMED)?;
        if payload.contains('.') {
            return Err(MALFORMED);
        }
        let header = header_of(decode(header)?)?;
        let algorithm = accepted_algorithm(&header.alg)
            .ok_or(AuthError::Invalid("the signature algorithm of the token is not accepted"))?;
        let claims = Claims(decode(payload)?);
        let issuer = claims.text("iss").ok_or(AuthError::Invalid("the token names no issuer"))?.to_owned();
        Ok(Self { signed, signature, algorithm, key_id: header.kid, claims, issuer })
    }
}

/// Signatures by key pairs only: a shared secret or no signature at all proves nothing about the issuer.
pub(super) fn accepted_algorithm(name: &str) -> Option<Algorithm> {
    use Algorithm::{ES256, EdDSA, PS256, RS256};
    name.parse().ok().filter(|algorithm| matches!(algorithm, RS256 | PS256 | ES256 | EdDSA))
}

/// `crit` lists extensions that must be understood; none is, so its presence alone decides.
fn header_of(header: Map<String, Value>) -> Result<Header, AuthError> {
    if header.contains_key("crit") {
        return Err(AuthError::Invalid("the token needs an extension that is not supported"));
    }
    serde_json::from_value(Value::Object(header)).map_err(|_| MALFORMED)
}

fn decode(part: &str) -> Result<Map<String, Value>, AuthError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| MALFORMED)?;
    serde_json::from_slice(&json).map_err(|_| MALFORMED)
}
