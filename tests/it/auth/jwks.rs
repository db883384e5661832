//! How keys are loaded, refreshed and kept: from files and from issuers' servers, both working and failing.

use std::sync::Arc;
use std::time::Duration;

use api::auth::{AuthError, Authenticator};
use api::config::issuer::IssuerConfig;
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::support::{
    Answer, ED25519, IssuerServer, NOW, OTHER_ED25519, TempFile, TestClock, authenticator, claims,
    ed25519_jwk, eddsa, issuer, listed, token,
};

const UNVERIFIED: AuthError = AuthError::Invalid("the signature of the token cannot be verified");

fn old_keys() -> Answer {
    Answer::keys(json!([ed25519_jwk(&ED25519, json!({ "kid": "old" }))]))
}

fn new_keys() -> Answer {
    Answer::keys(json!([ed25519_jwk(&OTHER_ED25519, json!({ "kid": "new" }))]))
}

async fn accepted(authenticator: &Authenticator, token: &str) {
    authenticator.authenticate(Some(token)).await.expect("the token is accepted");
}

async fn refused(authenticator: &Authenticator, token: &str, with: AuthError) {
    assert_eq!(authenticator.authenticate(Some(token)).await.expect_err("the token is refused"), with);
}

#[tokio::test]
async fn keys_change_without_a_failed_request() {
    let server = IssuerServer::start(old_keys()).await;
    let authenticator = authenticator(vec![server.issuer()]).await;
    accepted(&authenticator, &token(&ED25519, "old")).await;

    server.now_answers(new_keys());
    let fresh = token(&OTHER_ED25519, "new");
    let answers = join_all((0..100).map(|_| authenticator.authenticate(Some(&fresh)))).await;

    assert!(answers.iter().all(Result::is_ok), "all requests with the new key succeed");
    assert_eq!(server.requests(), 2, "one fetch at start, one for the new key");
    refused(&authenticator, &token(&ED25519, "old"), UNVERIFIED).await;
}

#[tokio::test]
async fn a_new_key_is_found_even_if_tokens_name_none() {
    let nameless = |pair| Answer::keys(json!([ed25519_jwk(pair, json!({}))]));
    let bearer = |pair| format!("Bearer {}", eddsa(pair, &json!({ "alg": "EdDSA" }), &claims(json!({}))));
    let server = IssuerServer::start(nameless(&ED25519)).await;
    let authenticator = authenticator(vec![server.issuer()]).await;
    accepted(&authenticator, &bearer(&ED25519)).await;

    server.now_answers(nameless(&OTHER_ED25519));
    accepted(&authenticator, &bearer(&OTHER_ED25519)).await;
    refused(&authenticator, &bearer(&ED25519), UNVERIFIED).await;
}

/// An example is a token that expired together with its key and is sent repeatedly.
#[tokio::test]
async fn a_token_that_is_of_no_use_anyway_does_not_keep_a_new_key_out() {
    let server = IssuerServer::start(old_keys()).await;
    let authenticator = authenticator(vec![server.issuer()]).await;
    let header = json!({ "alg": "EdDSA", "kid": "gone" });
    for unusable in
        [json!({ "exp": NOW - 3600 }), json!({ "nbf": NOW + 3600 }), json!({ "email": 7, "sub": null })]
    {
        let bearer = format!("Bearer {}", eddsa(&OTHER_ED25519, &header, &claims(unusable)));
        refused(&authenticator, &bearer, UNVERIFIED).await;
    }
    assert_eq!(server.requests(), 1, "the issuer is not asked for its key");
    server.now_answers(new_keys());
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
}

#[tokio::test]
async fn unknown_keys_cause_one_fetch_in_thirty_seconds() {
    let server = IssuerServer::start(old_keys()).await;
    let time = TestClock::new();
    let authenticator = Authenticator::new(listed([server.issuer()]), time.clock()).await.expect("valid");
    let unknown: Vec<String> = (0..100).map(|number| token(&ED25519, &format!("key-{number}"))).collect();

    let answers = join_all(unknown.iter().map(|token| authenticator.authenticate(Some(token)))).await;
    assert!(answers.iter().all(|answer| *answer == Err(UNVERIFIED)), "an unknown key is refused");
    assert_eq!(server.requests(), 2, "100 at a time: one at start, one for all of them");

    time.advance(29);
    for token in &unknown {
        refused(&authenticator, token, UNVERIFIED).await;
    }
    assert_eq!(server.requests(), 2, "100 more, 29 seconds later: none");

    time.advance(1);
    refused(&authenticator, &unknown[0], UNVERIFIED).await;
    assert_eq!(server.requests(), 3, "30 seconds later: one more");
}

#[tokio::test]
async fn a_bad_signature_with_a_known_key_causes_no_fetch() {
    let server = IssuerServer::start(old_keys()).await;
    let authenticator = authenticator(vec![server.issuer()]).await;
    refused(&authenticator, &token(&OTHER_ED25519, "old"), UNVERIFIED).await;
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_fetch_outlives_the_request_that_asked_for_it() {
    let server = IssuerServer::start(old_keys()).await;
    let authenticator = Arc::new(authenticator(vec![server.issuer()]).await);
    let gate = Arc::new(Semaphore::new(0));
    let Answer::Bytes(bytes) = new_keys() else { unreachable!("keys are bytes") };
    server.now_answers(Answer::Gated(Arc::clone(&gate), bytes));
    let fresh = token(&OTHER_ED25519, "new");

    let (asking, asked) = (Arc::clone(&authenticator), fresh.clone());
    let first = tokio::spawn(async move { asking.authenticate(Some(&asked)).await });
    server.reached(2).await;
    first.abort();
    assert!(first.await.expect_err("it was given up").is_cancelled());

    gate.add_permits(1);
    accepted(&authenticator, &fresh).await;
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn known_keys_stay_while_the_issuer_is_away() {
    let server = IssuerServer::start(old_keys()).await;
    let time = TestClock::new();
    let authenticator = Authenticator::new(listed([server.issuer()]), time.clock()).await.expect("valid");

    server.now_answers(Answer::HangUp);
    // The key may be invalid or not yet published. The two cannot be distinguished, so the caller is asked to retry.
    refused(&authenticator, &token(&OTHER_ED25519, "new"), AuthError::KeysUnavailable).await;
    refused(&authenticator, &token(&OTHER_ED25519, "new"), AuthError::KeysUnavailable).await;
    accepted(&authenticator, &token(&ED25519, "old")).await;
    assert_eq!(server.requests(), 2);

    server.now_answers(new_keys());
    time.advance(30);
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
}

#[tokio::test]
async fn an_issuer_that_is_away_at_start_is_found_when_it_comes() {
    let server = IssuerServer::start(Answer::HangUp).await;
    let time = TestClock::new();
    let authenticator = Authenticator::new(listed([server.issuer()]), time.clock()).await.expect("it starts");
    refused(&authenticator, &token(&ED25519, "old"), AuthError::KeysUnavailable).await;

    server.now_answers(old_keys());
    time.advance(30);
    accepted(&authenticator, &token(&ED25519, "old")).await;
}

#[tokio::test]
async fn a_port_nobody_listens_on_does_not_stop_the_start() {
    let server = IssuerServer::start(Answer::HangUp).await;
    let config = server.issuer();
    drop(server);
    let authenticator = authenticator(vec![config]).await;
    refused(&authenticator, &token(&ED25519, "old"), AuthError::KeysUnavailable).await;
}

/// Any response that is not a usable key set leaves the previous keys in place.
#[tokio::test]
async fn bad_answers_are_no_keys() {
    let fresh = json!([ed25519_jwk(&OTHER_ED25519, json!({ "kid": "new" }))]);
    let set = json!({ "keys": fresh }).to_string();
    let with_status = |status: &str| Answer::Bytes(format!("HTTP/1.1 {status}\r\n\r\n{set}").into_bytes());
    let cases = [
        ("one byte too long", Answer::body(format!("{}{set}", " ".repeat(1024 * 1024 + 1 - set.len())))),
        ("far too long", Answer::body(format!("{}{set}", " ".repeat(16 * 1024 * 1024)))),
        ("not JSON", Answer::body("<html>")),
        ("no object", Answer::body(fresh.to_string())),
        ("no keys", Answer::body(r#"{"keys":[]}"#)),
        ("no usable key", Answer::keys(json!([{ "kty": "oct", "kid": "new", "k": "c2VjcmV0" }]))),
        (
            "cut short",
            Answer::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{set}").into_bytes()),
        ),
        ("not found", with_status("404 Not Found")),
        ("server error", with_status("500 Internal Server Error")),
        ("no content", Answer::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
    ];
    for (name, answer) in cases {
        let server = IssuerServer::start(old_keys()).await;
        let authenticator = authenticator(vec![server.issuer()]).await;
        server.now_answers(answer);
        let outcome = authenticator.authenticate(Some(&token(&OTHER_ED25519, "new"))).await;
        assert_eq!(outcome, Err(AuthError::KeysUnavailable), "{name}");
        assert_eq!(server.requests(), 2, "{name}");
        accepted(&authenticator, &token(&ED25519, "old")).await;
    }
}

#[tokio::test]
async fn an_answer_of_just_one_mebibyte_is_read() {
    let set = json!({ "keys": [ed25519_jwk(&ED25519, json!({ "kid": "old" }))] }).to_string();
    let padded = format!("{}{set}", " ".repeat(1024 * 1024 - set.len()));
    let server = IssuerServer::start(Answer::body(padded)).await;
    accepted(&authenticator(vec![server.issuer()]).await, &token(&ED25519, "old")).await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = IssuerServer::start(old_keys()).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url);
    let server = IssuerServer::start(Answer::Bytes(redirect.into_bytes())).await;
    let authenticator = authenticator(vec![server.issuer()]).await;
    refused(&authenticator, &token(&ED25519, "old"), AuthError::KeysUnavailable).await;
    assert_eq!((server.requests(), elsewhere.requests()), (2, 0));
}

/// Once the request has reached the server, time is simulated, so the wait takes no real time.
#[tokio::test]
async fn a_request_waits_five_seconds_for_keys_and_no_longer() {
    for answer in [Answer::Silence, Answer::Drip] {
        let server = IssuerServer::start(old_keys()).await;
        let authenticator = Arc::new(authenticator(vec![server.issuer()]).await);
        server.now_answers(answer);

        let asking = Arc::clone(&authenticator);
        let request =
            tokio::spawn(async move { asking.authenticate(Some(&token(&OTHER_ED25519, "new"))).await });
        server.reached(2).await;
        tokio::time::pause();
        let begin = Instant::now();
        assert_eq!(request.await.expect("an answer"), Err(AuthError::KeysUnavailable));
        assert!(begin.elapsed() <= Duration::from_secs(6), "it waited {:?}", begin.elapsed());
        accepted(&authenticator, &token(&ED25519, "old")).await;
        tokio::time::resume();
    }
}

#[tokio::test]
async fn the_start_waits_five_seconds_for_all_issuers_together() {
    let servers = [IssuerServer::start(Answer::Silence).await, IssuerServer::start(Answer::Silence).await];
    let second =
        IssuerConfig { issuer_url: "https://issuer.example/second".to_owned(), ..servers[1].issuer() };
    let starting =
        tokio::spawn(Authenticator::new(listed([servers[0].issuer(), second]), TestClock::new().clock()));
    for server in &servers {
        server.reached(1).await;
    }
    tokio::time::pause();
    let begin = Instant::now();
    starting.await.expect("an end").expect("it starts");
    assert!(begin.elapsed() <= Duration::from_secs(6), "it waited {:?}", begin.elapsed());
}

/// Advances the runtime's clock. The authenticator's own timers must already be set.
async fn let_pass(duration: Duration) {
    tokio::task::yield_now().await;
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

#[tokio::test]
async fn keys_are_refreshed_hourly_without_being_asked_for() {
    let server = IssuerServer::start(old_keys()).await;
    let authenticator = authenticator(vec![server.issuer()]).await;

    let_pass(Duration::from_secs(59 * 60)).await;
    // Fetches run one after the other, so a refresh would have been counted before the fetch for this token.
    refused(&authenticator, &token(&ED25519, "nobody"), UNVERIFIED).await;
    assert_eq!(server.requests(), 2, "one at start, one for the unknown key: an hour is not over yet");

    server.now_answers(new_keys());
    let_pass(Duration::from_secs(60)).await;
    server.reached(3).await;
    // The response is on its way. The request for the new key waits for it and starts no further fetch, because the
    // minimum interval of 30 seconds has not passed.
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
    refused(&authenticator, &token(&ED25519, "old"), UNVERIFIED).await;
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn a_failed_refresh_is_repeated_after_thirty_seconds() {
    let server = IssuerServer::start(Answer::HangUp).await;
    let _authenticator = authenticator(vec![server.issuer()]).await;
    assert_eq!(server.requests(), 1);
    let_pass(Duration::from_secs(31)).await;
    server.reached(2).await;
}

#[tokio::test]
async fn a_key_file_is_read_again_when_it_has_changed() {
    let keys = |pair, kid: &str| json!({ "keys": [ed25519_jwk(pair, json!({ "kid": kid }))] }).to_string();
    let file = TempFile::new(keys(&ED25519, "old"));
    let config = IssuerConfig { jwk_cert_file: Some(file.path().to_owned()), ..issuer() };
    let authenticator = authenticator(vec![config]).await;
    accepted(&authenticator, &token(&ED25519, "old")).await;

    file.rewrite(keys(&OTHER_ED25519, "new"), 1);
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
    refused(&authenticator, &token(&ED25519, "old"), UNVERIFIED).await;

    file.rewrite("half a fi", 2);
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
    std::fs::remove_file(file.path()).expect("a file to remove");
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;

    file.rewrite(keys(&ED25519, "old"), 3);
    accepted(&authenticator, &token(&ED25519, "old")).await;
    refused(&authenticator, &token(&OTHER_ED25519, "new"), UNVERIFIED).await;

    // The modification time is the same as before, as on a file system with coarse timestamps.
    file.rewrite(keys(&OTHER_ED25519, "longer"), 3);
    accepted(&authenticator, &token(&OTHER_ED25519, "longer")).await;
}

#[tokio::test]
async fn a_file_and_a_url_count_both() {
    let server = IssuerServer::start(new_keys()).await;
    let file = TempFile::new(json!({ "keys": [ed25519_jwk(&ED25519, json!({ "kid": "old" }))] }).to_string());
    let config = IssuerConfig { jwk_cert_file: Some(file.path().to_owned()), ..server.issuer() };
    let authenticator = authenticator(vec![config]).await;
    assert_eq!(server.requests(), 1, "the URL is fetched although there is a file");
    accepted(&authenticator, &token(&ED25519, "old")).await;
    accepted(&authenticator, &token(&OTHER_ED25519, "new")).await;
}

#[tokio::test]
async fn a_file_serves_while_the_url_is_away() {
    let server = IssuerServer::start(Answer::HangUp).await;
    let file = TempFile::new(json!({ "keys": [ed25519_jwk(&ED25519, json!({ "kid": "old" }))] }).to_string());
    let config = IssuerConfig { jwk_cert_file: Some(file.path().to_owned()), ..server.issuer() };
    accepted(&authenticator(vec![config]).await, &token(&ED25519, "old")).await;
}
