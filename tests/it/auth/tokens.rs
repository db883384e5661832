//! Two issuers with various keys, and tokens signed with their valid ones.

use api::auth::{AuthError, Authenticator};
use api::config::issuer::IssuerConfig;
use serde_json::{Value, json};

use super::support::{
    ED25519, NOW, OTHER_ED25519, P256, P384, RSA, TempFile, authenticator, base64url, claims, ec_jwk, ecdsa,
    ed25519_jwk, eddsa, issuer, merge, rsa_jwk,
};

/// An issuer with a single key, an audience, and `sub` as the caller's name.
pub(crate) const SECOND: &str = "https://issuer.example/second";

/// The error for every token that no key verifies.
pub(crate) const UNVERIFIED: AuthError = AuthError::Invalid("the signature of the token cannot be verified");
/// The error for every token that cannot be parsed.
pub(crate) const MALFORMED: AuthError = AuthError::Invalid("the token is malformed");

/// The modulus of a 1024-bit RSA key. Current libraries do not generate such keys.
pub(crate) const WEAK_MODULUS: &str = "\
    uAKxmm37OOBcPtJ9Zr3xgfVl2ihYdTZVUi3yJ-iv14YHvxUrT7heuBuB5CfWjZE40QhrsAzUFI_XcUDOHrTIggpSloEMXStK\
    jBwslCuv9ngT8QeNZP4a-kLFX2Dvz4hL-mAJjP58GCVlfG3yexQOh6BIlZxaKMkMmp19ng0AnDE";

/// Test vectors: tokens or headers by name.
pub(crate) type Vectors = Vec<(&'static str, String)>;

/// Asserts that each of the tokens is refused with exactly this error. The failure message lists all names.
pub(crate) async fn assert_refused(expected: AuthError, vectors: Vectors) {
    let authenticator = both_issuers().await;
    let mut wrong = Vec::new();
    for (name, token) in vectors {
        let outcome = authenticator.authenticate(Some(&format!("Bearer {token}"))).await;
        if outcome != Err(expected) {
            wrong.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "expected {expected:?}, but\n{}", wrong.join("\n"));
}

/// Returns the keys of [`ISSUER`]: valid ones, and one of each kind that must not verify anything.
pub(crate) fn main_keys() -> Value {
    let rsa = |extra| rsa_jwk(&RSA, extra);
    json!({ "keys": [
        rsa(json!({ "kid": "rsa", "alg": "RS256", "use": "sig" })),
        rsa(json!({ "kid": "rsa-pss", "alg": "PS256", "key_ops": ["verify"] })),
        rsa(json!({ "kid": "rsa-any" })),
        rsa(json!({ "kid": "rsa-enc", "use": "enc" })),
        rsa(json!({ "kid": "rsa-wrap", "key_ops": ["wrapKey"] })),
        rsa(json!({ "kid": "rsa-512", "alg": "RS512" })),
        rsa(json!({ "kid": "rsa-hs", "alg": "HS256" })),
        rsa(json!({ "kid": "rsa-one", "e": "AQ" })),
        rsa(json!({ "kid": "rsa-1024", "n": WEAK_MODULUS })),
        ec_jwk(&P256, "P-256", json!({ "kid": "ec" })),
        ec_jwk(&P256, "P-256", json!({ "kid": "ec-as-rsa", "alg": "RS256" })),
        ec_jwk(&P384, "P-384", json!({ "kid": "ec-384" })),
        ec_jwk(&P384, "P-256", json!({ "kid": "ec-384-as-256" })),
        ed25519_jwk(&ED25519, json!({ "kid": "ed", "alg": "EdDSA" })),
        ed25519_jwk(&OTHER_ED25519, json!({ "kid": "ed-2" })),
        { "kty": "oct", "kid": "secret", "alg": "HS256", "k": base64url("secret") },
        { "kty": "unheard of", "kid": "new" },
        "not even an object",
    ] })
}

/// Returns an authenticator for both issuers, with their keys in files.
pub(crate) async fn both_issuers() -> Authenticator {
    let main = TempFile::new(main_keys().to_string());
    let second = TempFile::new(json!({ "keys": [ec_jwk(&P256, "P-256", json!({}))] }).to_string());
    let file = |file: &TempFile| Some(file.path().to_owned());
    let authenticator = authenticator(vec![
        IssuerConfig { jwk_cert_file: file(&main), ..issuer() },
        IssuerConfig {
            issuer_url: SECOND.to_owned(),
            jwk_cert_file: file(&second),
            audience: Some("hyperfleet".to_owned()),
            identity_claim: "sub".to_owned(),
            ..issuer()
        },
    ])
    .await;
    // The files are removed when this function returns. The keys have already been read.
    authenticator
}

/// Returns a token header that names an algorithm and a key.
pub(crate) fn head(alg: &str, kid: &str) -> Value {
    json!({ "alg": alg, "kid": kid })
}

/// Returns a token of [`ISSUER`] with additional or replaced claims.
pub(crate) fn claiming(extra: Value) -> String {
    eddsa(&ED25519, &head("EdDSA", "ed"), &claims(extra))
}

/// Returns a token of [`ISSUER`] with additional or replaced header parameters.
pub(crate) fn headed(extra: Value) -> String {
    eddsa(&ED25519, &merge(head("EdDSA", "ed"), extra), &claims(json!({})))
}

/// Returns a token that is accepted.
pub(crate) fn good() -> String {
    claiming(json!({}))
}

/// Returns a token of [`SECOND`] whose header has no `kid`.
pub(crate) fn second(payload: Value) -> String {
    let required = json!({ "iss": SECOND, "exp": NOW + 60, "aud": "hyperfleet", "sub": "robot" });
    ecdsa(&P256, &json!({ "alg": "ES256" }), &merge(required, payload))
}

/// Returns the three parts of a valid token, for tests that modify them.
pub(crate) fn parts() -> [String; 3] {
    let parts: Vec<String> = good().split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}
