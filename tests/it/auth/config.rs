//! Issuer configurations that are refused at startup, and the setting that the error names.

use std::path::PathBuf;

use api::auth::Authenticator;
use api::cli::{self, Command};
use api::config::environment::{Environment, Variables};
use api::config::issuer::IssuerConfig;
use serde_json::json;

use super::support::{ED25519, RSA, TempFile, TestClock, ed25519_jwk, issuer, listed, rsa_jwk};

fn with_url(url: &str) -> IssuerConfig {
    IssuerConfig { jwk_cert_url: Some(url.to_owned()), ..issuer() }
}

fn with_file(path: impl Into<PathBuf>) -> IssuerConfig {
    IssuerConfig { jwk_cert_file: Some(path.into()), ..issuer() }
}

/// Returns the error of a configuration with only this issuer: the setting that it names, and its text.
async fn refusal(config: IssuerConfig) -> (String, String) {
    let error =
        Authenticator::new(listed([config]), TestClock::new().clock()).await.err().expect("it is refused");
    let text = error.to_string();
    (text.split(':').next().unwrap_or_default().to_owned(), text)
}

#[tokio::test]
async fn urls_that_others_could_tamper_with_are_refused() {
    for url in [
        "http://issuer.example/keys",
        "http://127.0.0.1.issuer.example/keys",
        "http://localhost.issuer.example/keys",
        "http://localhost@issuer.example/keys",
        "http://10.0.0.1/keys",
        "http://0.0.0.0/keys",
        "http://[2001:db8::1]/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/keys.json",
        "https://user:password@issuer.example/keys",
        "issuer.example/keys",
        "",
    ] {
        let (key, text) = refusal(with_url(url)).await;
        assert_eq!(key, "server.jwt.issuers[0].jwk_cert_url", "{url}");
        assert!(text.contains("https"), "{url}: {text}");
        assert!(!text.contains("password@"), "{url}: {text}");
    }
}

/// Port 9 is the discard service. Startup succeeds whether or not it answers.
#[tokio::test]
async fn loopback_urls_may_be_plain() {
    for url in
        ["http://127.0.0.1:9/keys", "http://127.8.8.8:9/keys", "http://[::1]:9/", "http://localhost:9/"]
    {
        Authenticator::new(listed([with_url(url)]), TestClock::new().clock()).await.expect(url);
    }
}

#[tokio::test]
async fn files_that_hold_no_keys_are_refused() {
    let only = |key| json!({ "keys": [key] }).to_string();
    let good = only(ed25519_jwk(&ED25519, json!({})));
    for (content, expected) in [
        (String::new(), "is not a JSON Web Key Set"),
        ("-----BEGIN PUBLIC KEY-----".to_owned(), "is not a JSON Web Key Set"),
        (r#"{"keys":[]}"#.to_owned(), "holds no usable key"),
        (only(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })), "holds no usable key"),
        (only(rsa_jwk(&RSA, json!({ "e": "AQ" }))), "holds no usable key"),
        (only(rsa_jwk(&RSA, json!({ "alg": "ES256" }))), "holds no usable key"),
        (only(rsa_jwk(&RSA, json!({ "use": "enc" }))), "holds no usable key"),
        (only(json!({ "kty": "oct", "k": "c2VjcmV0" })), "holds no usable key"),
        (format!("{}{good}", " ".repeat(1024 * 1024)), "is larger than 1 MiB"),
    ] {
        let file = TempFile::new(content);
        let (key, text) = refusal(with_file(file.path())).await;
        assert_eq!(key, "server.jwt.issuers[0].jwk_cert_file");
        assert!(text.contains(expected), "{text}");
    }
    for path in ["/does/not/exist", "/"] {
        let (key, text) = refusal(with_file(path)).await;
        assert_eq!(key, "server.jwt.issuers[0].jwk_cert_file");
        assert!(text.contains(&format!("cannot read {path}")), "{text}");
    }
}

#[tokio::test]
async fn certificate_authorities_must_be_readable_certificates() {
    let not_pem = TempFile::new("no certificate");
    for path in [PathBuf::from("/does/not/exist"), not_pem.path().to_owned()] {
        let config = IssuerConfig { jwk_cert_ca_file: Some(path), ..with_url("https://127.0.0.1:9/") };
        assert_eq!(refusal(config).await.0, "server.jwt.issuers[0].jwk_cert_ca_file");
    }
    let useless = TempFile::new(json!({ "keys": [ed25519_jwk(&ED25519, json!({}))] }).to_string());
    let config = IssuerConfig { jwk_cert_ca_file: Some("/ca.pem".into()), ..with_file(useless.path()) };
    assert_eq!(refusal(config).await.0, "server.jwt.issuers[0].jwk_cert_ca_file");
}

#[tokio::test]
async fn what_is_missing_or_empty_is_named() {
    let url = "http://127.0.0.1:9/";
    let cases = [
        (issuer(), "jwk_cert_url"),
        (IssuerConfig { issuer_url: String::new(), ..with_url(url) }, "issuer_url"),
        (IssuerConfig { identity_claim: String::new(), ..with_url(url) }, "identity_claim"),
        (IssuerConfig { audience: Some(String::new()), ..with_url(url) }, "audience"),
    ];
    for (config, expected) in cases {
        assert_eq!(refusal(config).await.0, format!("server.jwt.issuers[0].{expected}"));
    }
}

#[tokio::test]
async fn an_error_of_the_single_issuer_names_its_own_setting() {
    let file = TempFile::new("no keys");
    let path = file.path().to_str().expect("a path");
    let list = json!([{ "issuer_url": "https://other.example", "jwk_cert_url": "http://127.0.0.1:9/keys" }]);
    let settings = [
        ("HYPERFLEET_SERVER_JWT_ISSUERS", list.to_string()),
        ("HYPERFLEET_SERVER_JWT_ISSUER_URL", "https://issuer.example".to_owned()),
        ("HYPERFLEET_SERVER_JWT_JWK_CERT_FILE", path.to_owned()),
    ];
    let variables: Variables = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let environment = Environment { variables: &variables, read_file: &|path| std::fs::read(path) };
    let Ok((Command::Serve(config), _)) = cli::parse(["hyperfleet-api".into()], &environment) else {
        panic!("the settings are good")
    };
    let issuers = config.server.jwt.issuers();
    let error = Authenticator::new(issuers, TestClock::new().clock()).await.err().expect("it is refused");
    assert!(error.to_string().starts_with("server.jwt.jwk_cert_file: "), "{error}");
}

#[test]
fn unknown_keys_are_refused_and_the_identity_claim_is_the_email_by_default() {
    let minimal = json!({ "issuer_url": "https://issuer.example" });
    let config: IssuerConfig = serde_json::from_value(minimal).expect("a configuration");
    assert_eq!(config.identity_claim, "email");
    let typo = json!({ "issuer_url": "https://issuer.example", "jwks_url": "https://issuer.example/keys" });
    let error = serde_json::from_value::<IssuerConfig>(typo).expect_err("an unknown key");
    assert!(error.to_string().contains("jwks_url"), "{error}");
}
