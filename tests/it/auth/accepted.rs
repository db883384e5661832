//! Tokens that must be accepted, and the caller name that each one yields.

use api::config::issuer::IssuerConfig;
use serde_json::{Value, json};

use super::support::{
    Answer, ED25519, IssuerServer, NOW, OTHER_RSA, P256, RSA, TempFile, authenticator, claims,
    claims_without, ecdsa, ed25519_jwk, eddsa, ps256, rs256, rsa_jwk,
};
use super::tokens::{Vectors, both_issuers, claiming, good, head, headed, second};

const ADA: &str = "ada@example.com";

/// Asserts that each of the headers authenticates this caller.
async fn assert_accepted(expected: &str, headers: Vectors) {
    let authenticator = both_issuers().await;
    for (name, header) in headers {
        let outcome = authenticator.authenticate(Some(&header)).await;
        assert_eq!(outcome.as_ref().map(|caller| caller.name.as_str()), Ok(expected), "{name}");
    }
}

/// Like [`assert_accepted`], with tokens instead of headers.
async fn assert_proves(expected: &str, tokens: Vectors) {
    let bearer = |(name, token)| (name, format!("Bearer {token}"));
    assert_accepted(expected, tokens.into_iter().map(bearer).collect()).await;
}

#[tokio::test]
async fn each_algorithm_works_with_its_keys() {
    let payload = claims(json!({}));
    let unnamed = json!({ "alg": "ES256" });
    let tokens = vec![
        ("RS256", rs256(&RSA, &head("RS256", "rsa"), &payload)),
        ("PS256", ps256(&RSA, &head("PS256", "rsa-pss"), &payload)),
        ("RS256 with a key for any", rs256(&RSA, &head("RS256", "rsa-any"), &payload)),
        ("PS256 with a key for any", ps256(&RSA, &head("PS256", "rsa-any"), &payload)),
        ("ES256", ecdsa(&P256, &head("ES256", "ec"), &payload)),
        ("EdDSA", eddsa(&ED25519, &head("EdDSA", "ed"), &payload)),
        ("no kid where one key fits", ecdsa(&P256, &unnamed, &payload)),
    ];
    assert_proves(ADA, tokens).await;
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case() {
    let headers = vec![
        ("as usual", format!("Bearer {}", good())),
        ("lower case", format!("bearer {}", good())),
        ("upper case", format!("BEARER {}", good())),
        ("blanks round it", format!(" Bearer {} ", good())),
    ];
    assert_accepted(ADA, headers).await;
}

#[tokio::test]
async fn each_issuer_has_rules_of_its_own() {
    let tokens = vec![
        ("the second issuer", second(json!({}))),
        ("the audience among others", second(json!({ "aud": ["other", "hyperfleet"] }))),
        ("sub although there is an email", second(json!({ "email": ADA }))),
    ];
    assert_proves("robot", tokens).await;
    let whoever = claiming(json!({ "aud": "whoever" }));
    assert_proves(ADA, vec![("any audience where none is asked for", whoever)]).await;
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute() {
    let expiring = |time: Value| claiming(json!({ "exp": time }));
    let tokens = vec![
        ("exp within the leeway", expiring(json!(NOW - 29))),
        ("exp with a fraction", expiring(json!(NOW as f64 + 0.5))),
        ("exp in a far future", expiring(json!(1e300))),
        ("exp beyond the times of the system", expiring(json!(1e19))),
        ("nbf within the leeway", claiming(json!({ "nbf": NOW + 30 }))),
        ("nbf past", claiming(json!({ "nbf": NOW - 60, "iat": NOW - 60 }))),
    ];
    assert_proves(ADA, tokens).await;
}

#[tokio::test]
async fn what_does_not_matter_is_ignored() {
    let jwk = rsa_jwk(&OTHER_RSA, json!({}));
    let tokens = vec![
        ("typ", headed(json!({ "typ": "at+jwt" }))),
        ("a jwk that is not the signer's", headed(json!({ "jwk": jwk }))),
        ("a jku nobody reads", headed(json!({ "jku": "http://127.0.0.1:1/keys" }))),
        ("nearly 16 KiB", claiming(json!({ "padding": "x".repeat(12_000) }))),
    ];
    assert_proves(ADA, tokens).await;
}

#[tokio::test]
async fn the_caller_is_named_by_the_claim_or_by_sub() {
    let named = |email: &str| claiming(json!({ "email": email }));
    let without_email = eddsa(&ED25519, &head("EdDSA", "ed"), &claims_without("email"));
    let unnamed = vec![
        ("sub for want of an email", without_email),
        ("null", claiming(json!({ "email": null }))),
        ("empty", named("")),
        ("blank", named(" \t ")),
        ("a number", claiming(json!({ "email": 7 }))),
        ("a list", claiming(json!({ "email": ["ada@example.com"] }))),
    ];
    assert_proves("user-1", unnamed).await;
    assert_proves(ADA, vec![("blanks round it", named("  ada@example.com\n"))]).await;
    assert_proves("Ἀδα Λάβλεϊς", vec![("Greek", named("Ἀδα Λάβλεϊς"))]).await;
    let longest = "x".repeat(256);
    assert_proves(&longest, vec![("256 bytes", named(&longest))]).await;
}

/// A token without a `kid` is accepted only if the issuer has a single key. The same key from two sources counts
/// once.
#[tokio::test]
async fn a_key_in_file_and_url_alike_is_one_key() {
    let keys = json!({ "keys": [ed25519_jwk(&ED25519, json!({}))] }).to_string();
    let server = IssuerServer::start(Answer::body(keys.clone())).await;
    let file = TempFile::new(keys);
    let config = IssuerConfig { jwk_cert_file: Some(file.path().to_owned()), ..server.issuer() };
    let token = eddsa(&ED25519, &json!({ "alg": "EdDSA" }), &claims(json!({})));
    let outcome = authenticator(vec![config]).await.authenticate(Some(&format!("Bearer {token}"))).await;
    assert_eq!(outcome.expect("accepted").name, "ada@example.com");
}
