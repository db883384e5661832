//! Parses the text of a token. Nothing is verified here, because that requires a key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::AuthError;
use super::claims::Claims;

/// The maximum length of a token, in bytes.
const MAX_BYTES: usize = 16 * 1024;

const MALFORMED: AuthError = AuthError::Invalid("the token is malformed");

/// Returns the token in an `Authorization` header: `Bearer`, in any case, one space, the token.
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

/// A well-formed token. Its claims must not be trusted before a key has verified its signature.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// The signed text: header and claims, as they were sent.
    pub(super) signed: &'a str,
    /// The signature, in base64url.
    pub(super) signature: &'a str,
    /// The algorithm that the header names, which is one of the accepted algorithms.
    pub(super) algorithm: Algorithm,
    /// The id of the issuer's key that the header names.
    pub(super) key_id: Option<String>,
    /// The claims of the token.
    pub(super) claims: Claims,
    /// The issuer that the claims name.
    pub(super) issuer: String,
}

/// The header parameters that are used. All others are ignored, in particular those that contain or locate a key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

impl<'a> Token<'a> {
    /// Parses a compact JWS, and refuses tokens that no key could make acceptable.
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

/// Returns the algorithm with this name if it is accepted. Only signatures by key pairs are: a shared secret or no
/// signature at all proves nothing about the issuer.
pub(super) fn accepted_algorithm(name: &str) -> Option<Algorithm> {
    use Algorithm::{ES256, EdDSA, PS256, RS256};
    name.parse().ok().filter(|algorithm| matches!(algorithm, RS256 | PS256 | ES256 | EdDSA))
}

/// Parses a header. `crit` lists extensions that must be understood; none is supported, so a header with `crit` is
/// refused.
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
