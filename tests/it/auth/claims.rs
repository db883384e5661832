//! Malformed headers and tokens, and tokens that have a valid signature but claims that are not accepted.

use api::auth::AuthError;
use serde_json::{Value, json};

use super::support::{ED25519, ISSUER, NOW, base64url, claims_without, eddsa, merge, signed};
use super::tokens::{MALFORMED, assert_refused, both_issuers, claiming, good, head, headed, parts, second};

#[tokio::test]
async fn the_header_is_bearer_and_one_token() {
    const SCHEME: AuthError = AuthError::Invalid("the authorization scheme must be Bearer");
    const FIELDS: AuthError =
        AuthError::Invalid("the authorization header must be `Bearer` and a token, with one space between");
    let authenticator = both_issuers().await;
    let token = good();
    for (header, expected) in [
        (String::new(), AuthError::Missing),
        ("  ".to_owned(), AuthError::Missing),
        (format!("Basic {token}"), SCHEME),
        (format!("BearerX {token}"), SCHEME),
        (format!("Bearer:{token}"), SCHEME),
        (format!("Bearer\t{token}"), SCHEME),
        (token.clone(), SCHEME),
        ("Bearer".to_owned(), FIELDS),
        ("Bearer ".to_owned(), FIELDS),
        (format!("Bearer  {token}"), FIELDS),
        (format!("Bearer {token} {token}"), FIELDS),
        (format!("Bearer {token}, Bearer {token}"), FIELDS),
        (format!("Bearer Bearer {token}"), FIELDS),
    ] {
        assert_eq!(authenticator.authenticate(Some(&header)).await, Err(expected), "{header:?}");
    }
    assert_eq!(authenticator.authenticate(None).await, Err(AuthError::Missing));
}

#[tokio::test]
async fn a_token_has_three_parts() {
    let [header, payload, signature] = parts();
    let padding = if payload.len() % 4 == 2 { "==" } else { "=" };
    let vectors = vec![
        ("one part", "token".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{header}.{payload}.{signature}.")),
        ("five parts", format!("{header}.{payload}.{signature}.{signature}.{signature}")),
        ("only dots", "..".to_owned()),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{header}..{signature}")),
        ("padded", format!("{header}.{payload}{padding}.{signature}")),
        ("header not base64", format!("!!!.{payload}.{signature}")),
    ];
    assert_refused(MALFORMED, vectors).await;
}

#[tokio::test]
async fn header_and_payload_are_json_objects() {
    let [header, payload, signature] = parts();
    let headed_by = |bytes: &[u8]| format!("{}.{payload}.{signature}", base64url(bytes));
    let saying = |bytes: &[u8]| {
        let message = format!("{header}.{}", base64url(bytes));
        let signature = ED25519.sign(message.as_bytes());
        signed(&message, signature)
    };
    let vectors = vec![
        ("header not JSON", headed_by(b"EdDSA")),
        ("header a list", headed_by(br#"["EdDSA"]"#)),
        ("header and more", headed_by(br#"{"alg":"EdDSA","kid":"ed"} {}"#)),
        ("header not UTF-8", headed_by(b"{\"alg\":\"\xff\"}")),
        ("payload a text", saying(br#""claims""#)),
        ("payload null", saying(b"null")),
        ("payload too deep", saying(format!("{{\"a\":{}", "[".repeat(5000)).as_bytes())),
        ("a token in a token", saying(good().as_bytes())),
    ];
    assert_refused(MALFORMED, vectors).await;
}

#[tokio::test]
async fn a_token_is_not_endless() {
    const TOO_LONG: AuthError = AuthError::Invalid("the token is longer than 16 KiB");
    let long = claiming(json!({ "padding": "x".repeat(16 * 1024) }));
    assert_refused(TOO_LONG, vec![("longer than 16 KiB", long)]).await;
}

#[tokio::test]
async fn extensions_that_must_be_understood_are_not() {
    const EXTENSION: AuthError = AuthError::Invalid("the token needs an extension that is not supported");
    let vectors = vec![
        ("any", headed(json!({ "crit": ["exp"], "exp": 1 }))),
        ("unencoded payload", headed(json!({ "crit": ["b64"], "b64": false }))),
        ("empty", headed(json!({ "crit": [] }))),
        ("null", headed(json!({ "crit": null }))),
    ];
    assert_refused(EXTENSION, vectors).await;
}

#[tokio::test]
async fn the_issuer_is_known_to_the_last_letter() {
    const UNKNOWN: AuthError = AuthError::Invalid("the issuer of the token is not accepted");
    const NONE: AuthError = AuthError::Invalid("the token names no issuer");
    let from = |issuer: &str| claiming(json!({ "iss": issuer }));
    let vectors = vec![
        ("another", from("https://evil.example")),
        ("a slash more", from(&format!("{ISSUER}/"))),
        ("in another case", from(&ISSUER.to_uppercase())),
        ("cut", from("https://issuer.example/")),
        ("empty", from("")),
    ];
    assert_refused(UNKNOWN, vectors).await;
    assert_refused(NONE, vec![("a list", claiming(json!({ "iss": [ISSUER] }))), ("none", without("iss"))])
        .await;
}

/// Returns a token that lacks one claim.
fn without(name: &str) -> String {
    eddsa(&ED25519, &head("EdDSA", "ed"), &claims_without(name))
}

#[tokio::test]
async fn a_token_has_an_end() {
    const NO_EXPIRY: AuthError = AuthError::Invalid("the token has no expiry time");
    let expiring = |time: Value| claiming(json!({ "exp": time }));
    let vectors = vec![
        ("long ago", expiring(json!(NOW - 3600))),
        ("just past the leeway", expiring(json!(NOW - 30))),
        ("negative", expiring(json!(-1))),
        ("zero", expiring(json!(0))),
    ];
    assert_refused(AuthError::Expired, vectors).await;
    assert_refused(NO_EXPIRY, vec![("missing", without("exp"))]).await;
}

#[tokio::test]
async fn a_token_has_a_beginning() {
    const TOO_EARLY: AuthError = AuthError::Invalid("the token is not valid yet");
    let vectors = vec![
        ("far ahead", claiming(json!({ "nbf": NOW + 3600 }))),
        ("just past the leeway", claiming(json!({ "nbf": NOW + 31 }))),
    ];
    assert_refused(TOO_EARLY, vectors).await;
}

#[tokio::test]
async fn times_are_numbers() {
    const NO_NUMBER: AuthError = AuthError::Invalid("a time in the token is not a number");
    let vectors = vec![
        ("exp null", claiming(json!({ "exp": null }))),
        ("exp a text", claiming(json!({ "exp": (NOW + 60).to_string() }))),
        ("exp true", claiming(json!({ "exp": true }))),
        ("nbf a text", claiming(json!({ "nbf": "0" }))),
        ("nbf null", claiming(json!({ "nbf": null }))),
    ];
    assert_refused(NO_NUMBER, vectors).await;
}

#[tokio::test]
async fn the_audience_is_this_service() {
    const AUDIENCE: AuthError = AuthError::Invalid("the token is meant for another audience");
    let meant_for = |audience: Value| second(json!({ "aud": audience }));
    let vectors = vec![
        ("somebody else", meant_for(json!("other"))),
        ("a longer name", meant_for(json!("hyperfleet2"))),
        ("a list of others", meant_for(json!(["other", "HYPERFLEET"]))),
        ("an empty list", meant_for(json!([]))),
        ("a list in a list", meant_for(json!([["hyperfleet"]]))),
        ("null", meant_for(json!(null))),
        ("an object", meant_for(json!({ "hyperfleet": true }))),
    ];
    assert_refused(AUDIENCE, vectors).await;
}

#[tokio::test]
async fn the_caller_has_a_decent_name() {
    const BAD_CALLER: AuthError = AuthError::Invalid("the name of the caller in the token is not acceptable");
    let named = |email: &str| claiming(json!({ "email": email }));
    let vectors = vec![
        ("a line break inside", named("ada\n@example.com")),
        ("a NUL", named("ada\u{0}")),
        ("an escape sequence", named("\u{1b}[31mada")),
        ("a C1 control character", named("ada\u{9b}31m")),
        ("257 bytes", named(&"x".repeat(257))),
        ("257 bytes in 129 letters", named(&format!("x{}", "é".repeat(128)))),
    ];
    assert_refused(BAD_CALLER, vectors).await;
}

#[tokio::test]
async fn the_caller_has_a_name() {
    const NO_CALLER: AuthError = AuthError::Invalid("the token does not name the caller");
    let saying = |extra| {
        let nobody = json!({ "iss": ISSUER, "exp": NOW + 60 });
        eddsa(&ED25519, &head("EdDSA", "ed"), &merge(nobody, extra))
    };
    let vectors = vec![
        ("neither email nor sub", saying(json!({}))),
        ("a number", saying(json!({ "email": 7 }))),
        ("null", saying(json!({ "email": null, "sub": null }))),
        ("a list", saying(json!({ "email": ["ada@example.com"] }))),
        ("empty", saying(json!({ "email": "", "sub": "" }))),
        ("blank", saying(json!({ "email": " \t ", "sub": " " }))),
        ("sub a number", saying(json!({ "sub": 1 }))),
    ];
    assert_refused(NO_CALLER, vectors).await;
}
