//! Tokens that no key of their issuer verifies, following the recommendations of RFC 8725.

use api::auth::AuthError;
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::support::{
    ED25519, OTHER_ED25519, OTHER_RSA, P256, P384, RSA, base64url, claims, ecdsa, eddsa, merge, ps256, rs256,
    rs512, rsa_jwk, rsa_spki, signed, unsigned,
};
use super::tokens::{
    MALFORMED, SECOND, UNVERIFIED, assert_refused, claiming, head, headed, main_keys, parts,
};

const ALGORITHM: AuthError = AuthError::Invalid("the signature algorithm of the token is not accepted");

/// A token signed with the 1024-bit RSA key, and valid in every other respect.
const WEAK_TOKEN: &str = "\
    eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS0xMDI0In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlL21haW4iLCJl\
    eHAiOjE4MDAwMDM2MDAsImVtYWlsIjoiYWRhQGV4YW1wbGUuY29tIn0.DD6st3nUT4bpCrGvrBkqE9SJ7bfby4Dpz_HMqP8m\
    I6_ZKg3K1_64_cPJmC4SdJXUhAiKhXhUksoCFr8qyo1MWXrEDU-Sec8pI68XgxuiLw3_qfWlgFNLkoZwxF6fGx4hFSnmHm3Z\
    LsRt4G4ae09kPaW0XzL_LH3g39C37kYyINc";

/// The payload of the tokens, unless the test uses another one.
fn payload() -> Value {
    claims(json!({}))
}

#[tokio::test]
async fn a_token_needs_a_signature() {
    let none = |alg: &str| format!("{}.", unsigned(&json!({ "alg": alg }), &payload()));
    let vectors = vec![
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("alg NONE", none("NONE")),
        ("alg nOnE", none("nOnE")),
        ("alg empty", none("")),
        ("alg none and a signature", signed(&unsigned(&head("none", "ed"), &payload()), "x")),
        ("alg none and a good signature", headed(json!({ "alg": "none" }))),
        ("alg in another case", headed(json!({ "alg": "eddsa" }))),
    ];
    assert_refused(ALGORITHM, vectors).await;
}

#[tokio::test]
async fn an_algorithm_must_be_named() {
    let vectors = vec![
        ("alg null", headed(json!({ "alg": null }))),
        ("alg a list", headed(json!({ "alg": ["EdDSA"] }))),
        ("alg missing", eddsa(&ED25519, &json!({ "kid": "ed" }), &payload())),
    ];
    assert_refused(MALFORMED, vectors).await;
}

#[tokio::test]
async fn algorithms_off_the_list_are_refused_though_well_signed() {
    let vectors = vec![
        ("RS512", rs512(&RSA, &head("RS512", "rsa-any"), &payload())),
        ("ES384", ecdsa(&P384, &head("ES384", "ec-384"), &payload())),
    ];
    assert_refused(ALGORITHM, vectors).await;
}

#[tokio::test]
async fn what_everybody_knows_is_no_secret() {
    let modulus = main_keys()["keys"][0]["n"].as_str().expect("a modulus").to_owned();
    let vectors = vec![
        ("the RSA key as PEM", hs256(pem(&rsa_spki(&RSA)).as_bytes(), "rsa")),
        ("the RSA key as DER", hs256(&rsa_spki(&RSA), "rsa")),
        ("the modulus", hs256(modulus.as_bytes(), "rsa")),
        ("a published secret", hs256(b"secret", "secret")),
        ("nothing", hs256(b"", "rsa")),
    ];
    assert_refused(ALGORITHM, vectors).await;
}

/// Returns a token signed with a shared secret.
fn hs256(secret: &[u8], kid: &str) -> String {
    let message = unsigned(&head("HS256", kid), &payload());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    signed(&message, tag)
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_key_id_is_a_name_and_nothing_else() {
    let by_rsa = |kid: &str| rs256(&RSA, &head("RS256", kid), &payload());
    let vectors = vec![
        ("unknown", by_rsa("nobody")),
        ("in another case", by_rsa("RSA")),
        ("a path", by_rsa("../../../../dev/null")),
        ("SQL", by_rsa("rsa' or '1'='1")),
        ("a command", by_rsa("rsa|id")),
        ("a URL", by_rsa("http://127.0.0.1:1/keys")),
        ("empty", by_rsa("")),
        ("none, where several keys fit", eddsa(&ED25519, &json!({ "alg": "EdDSA" }), &payload())),
    ];
    assert_refused(UNVERIFIED, vectors).await;
    assert_refused(MALFORMED, vec![("a number", headed(json!({ "kid": 1 })))]).await;
}

#[tokio::test]
async fn the_signer_must_be_the_key_that_is_named() {
    let other = head("EdDSA", "ed");
    let foreign = merge(payload(), json!({ "iss": SECOND }));
    let vectors = vec![
        ("a key of nobody", rs256(&OTHER_RSA, &head("RS256", "rsa"), &payload())),
        ("another key of the issuer", eddsa(&OTHER_ED25519, &other, &payload())),
        ("a key of another issuer", claiming(json!({ "iss": SECOND }))),
        ("a key of both, by its name here", ecdsa(&P256, &head("ES256", "ec"), &foreign)),
    ];
    assert_refused(UNVERIFIED, vectors).await;
}

#[tokio::test]
async fn a_key_verifies_what_it_is_made_for() {
    let by_rsa = |kid: &str| rs256(&RSA, &head("RS256", kid), &payload());
    let by_p256 = |kid: &str| ecdsa(&P256, &head("ES256", kid), &payload());
    let by_p384 = |kid: &str| ecdsa(&P384, &head("ES256", kid), &payload());
    let vectors = vec![
        ("RS256 with a key for PS256", by_rsa("rsa-pss")),
        ("PS256 with a key for RS256", ps256(&RSA, &head("PS256", "rsa"), &payload())),
        ("RS256 called PS256", rs256(&RSA, &head("PS256", "rsa-any"), &payload())),
        ("PS256 called RS256", ps256(&RSA, &head("RS256", "rsa-any"), &payload())),
        ("a key for encryption", by_rsa("rsa-enc")),
        ("a key for wrapping", by_rsa("rsa-wrap")),
        ("a key for RS512", by_rsa("rsa-512")),
        ("an RSA key for HS256", by_rsa("rsa-hs")),
        ("an RSA key of 1024 bits", WEAK_TOKEN.to_owned()),
        ("an RSA key with exponent 1", exponent_one()),
        ("RS256 with an EC key", by_rsa("ec")),
        ("RS256 with an EC key said to be for it", by_rsa("ec-as-rsa")),
        ("ES256 with an RSA key", by_p256("rsa")),
        ("ES256 with an Ed25519 key", by_p256("ed")),
        ("EdDSA with an EC key", eddsa(&ED25519, &head("EdDSA", "ec"), &payload())),
        ("ES256 on P-384", by_p384("ec-384")),
        ("ES256 on P-384 said to be P-256", by_p384("ec-384-as-256")),
    ];
    assert_refused(UNVERIFIED, vectors).await;
}

/// Returns a token for an RSA key with exponent 1: the padded hash is its own signature, so anyone can compute it.
fn exponent_one() -> String {
    const SHA256_INFO: [u8; 19] =
        [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let message = unsigned(&head("RS256", "rsa-one"), &payload());
    let hash = digest::digest(&digest::SHA256, message.as_bytes());
    let mut padded = vec![0, 1];
    padded.resize(256 - SHA256_INFO.len() - hash.as_ref().len() - 1, 0xff);
    padded.push(0);
    padded.extend(SHA256_INFO);
    padded.extend(hash.as_ref());
    signed(&message, padded)
}

#[tokio::test]
async fn nothing_that_is_signed_may_change() {
    let [header, payload, signature] = parts();
    let other_payload = base64url(claims(json!({ "email": "eve@example.com" })).to_string());
    let other_header = base64url(json!({ "alg": "EdDSA", "kid": "ed", "typ": "JWT" }).to_string());
    let message = format!("{header}.{payload}");
    let bytes = URL_SAFE_NO_PAD.decode(&signature).expect("base64");
    let mut flipped = bytes.clone();
    flipped[0] ^= 1;
    let vectors = vec![
        ("payload exchanged", format!("{header}.{other_payload}.{signature}")),
        ("header exchanged", format!("{other_header}.{payload}.{signature}")),
        ("one bit flipped", signed(&message, &flipped)),
        ("signature cut", signed(&message, &bytes[..63])),
        ("signature prolonged", signed(&message, [&bytes[..], &[0]].concat())),
        ("signature empty", format!("{message}.")),
        ("other unused bits", format!("{message}.{}", other_last_bits(&signature))),
        ("not base64url", format!("{message}.+/+/")),
        ("a letter more, not ASCII", format!("{message}.{signature}\u{e9}")),
    ];
    assert_refused(UNVERIFIED, vectors).await;
}

/// Returns a different text for the same bytes: 64 bytes leave four bits of the last character unused.
fn other_last_bits(signature: &str) -> String {
    let (rest, last) = signature.split_at(signature.len() - 1);
    let twin = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        "w" => "x",
        other => unreachable!("{other} has unused bits that are set"),
    };
    format!("{rest}{twin}")
}

#[tokio::test]
async fn numbers_that_fit_by_chance_of_the_formula_are_no_signature() {
    let ec = unsigned(&head("ES256", "ec"), &payload());
    let ed = unsigned(&head("EdDSA", "ed"), &payload());
    let rsa = unsigned(&head("RS256", "rsa"), &payload());
    let vectors = vec![
        ("ES256 all zero", signed(&ec, [0; 64])),
        ("ES256 empty", signed(&ec, [])),
        ("ES256 zero in DER", signed(&ec, [0x30, 6, 2, 1, 0, 2, 1, 0])),
        ("EdDSA all zero", signed(&ed, [0; 64])),
        ("RS256 all zero", signed(&rsa, [0; 256])),
        ("RS256 one", signed(&rsa, [&[0; 255][..], &[1]].concat())),
    ];
    assert_refused(UNVERIFIED, vectors).await;
}

/// A key that is sent with the token proves only that the sender has that key.
#[tokio::test]
async fn keys_that_come_with_a_token_count_for_nothing() {
    let own = |extra| rs256(&OTHER_RSA, &merge(head("RS256", "rsa"), extra), &payload());
    let jwk = rsa_jwk(&OTHER_RSA, json!({ "kid": "rsa" }));
    let certificate = STANDARD.encode(rsa_spki(&OTHER_RSA));
    let vectors = vec![
        ("jwk", own(json!({ "jwk": jwk }))),
        ("jwk and an unknown kid", own(json!({ "jwk": jwk, "kid": "mine" }))),
        ("jku", own(json!({ "jku": "http://127.0.0.1:1/keys" }))),
        ("x5u", own(json!({ "x5u": "http://127.0.0.1:1/chain" }))),
        ("x5c", own(json!({ "x5c": [certificate] }))),
    ];
    assert_refused(UNVERIFIED, vectors).await;
}
