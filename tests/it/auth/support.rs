//! Keys that sign test tokens, a clock that only the test advances, and an issuer's server on this machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::Folder;
use api::auth::Authenticator;
use api::config::issuer::IssuerConfig;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use service::Clock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The current time of the tests, in seconds since 1970.
pub(crate) const NOW: u64 = 1_800_000_000;
/// The issuer of most tokens.
pub(crate) const ISSUER: &str = "https://issuer.example/main";

pub(crate) static RSA: LazyLock<RsaKeyPair> = LazyLock::new(rsa);
pub(crate) static OTHER_RSA: LazyLock<RsaKeyPair> = LazyLock::new(rsa);
pub(crate) static P256: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key"));
pub(crate) static P384: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).expect("a P-384 key"));
pub(crate) static ED25519: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::generate().expect("an Ed25519 key"));
pub(crate) static OTHER_ED25519: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::generate().expect("an Ed25519 key"));

fn rsa() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key")
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the public half of an RSA key. `extra` adds parameters such as `kid`, or replaces existing ones.
pub(crate) fn rsa_jwk(pair: &RsaKeyPair, extra: Value) -> Value {
    let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    merge(json!({ "kty": "RSA", "n": base64url(parts.n), "e": base64url(parts.e) }), extra)
}

/// Returns the public half of a key on a NIST curve.
pub(crate) fn ec_jwk(pair: &EcdsaKeyPair, curve: &str, extra: Value) -> Value {
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    merge(json!({ "kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y) }), extra)
}

/// Returns the public half of an Ed25519 key.
pub(crate) fn ed25519_jwk(pair: &Ed25519KeyPair, extra: Value) -> Value {
    merge(json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key()) }), extra)
}

/// Returns an object with the members of `extra` added or replaced.
pub(crate) fn merge(mut object: Value, extra: Value) -> Value {
    let members = object.as_object_mut().expect("an object");
    members.extend(extra.as_object().expect("an object").clone());
    object
}

/// Returns claims that are accepted from [`ISSUER`], with the members of `extra` added or replaced.
pub(crate) fn claims(extra: Value) -> Value {
    merge(json!({ "iss": ISSUER, "exp": NOW + 3600, "email": "ada@example.com", "sub": "user-1" }), extra)
}

/// Returns the accepted claims without one of them.
pub(crate) fn claims_without(name: &str) -> Value {
    let mut claims = claims(json!({}));
    claims.as_object_mut().expect("an object").remove(name).expect("a claim to remove");
    claims
}

/// Returns the first two parts of a token.
pub(crate) fn unsigned(header: &Value, payload: &Value) -> String {
    format!("{}.{}", base64url(header.to_string()), base64url(payload.to_string()))
}

/// Builds a token from its first two parts and the bytes of its signature.
pub(crate) fn signed(message: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{message}.{}", base64url(signature))
}

fn sign_rsa(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, header: &Value, payload: &Value) -> String {
    let message = unsigned(header, payload);
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("a signature");
    signed(&message, signature)
}

pub(crate) fn rs256(pair: &RsaKeyPair, header: &Value, payload: &Value) -> String {
    sign_rsa(pair, &RSA_PKCS1_SHA256, header, payload)
}

pub(crate) fn rs512(pair: &RsaKeyPair, header: &Value, payload: &Value) -> String {
    sign_rsa(pair, &RSA_PKCS1_SHA512, header, payload)
}

pub(crate) fn ps256(pair: &RsaKeyPair, header: &Value, payload: &Value) -> String {
    sign_rsa(pair, &RSA_PSS_SHA256, header, payload)
}

pub(crate) fn ecdsa(pair: &EcdsaKeyPair, header: &Value, payload: &Value) -> String {
    let message = unsigned(header, payload);
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    signed(&message, signature)
}

pub(crate) fn eddsa(pair: &Ed25519KeyPair, header: &Value, payload: &Value) -> String {
    let message = unsigned(header, payload);
    let signature = pair.sign(message.as_bytes());
    signed(&message, signature)
}

/// Returns an Ed25519 token with acceptable claims, for tests of keys.
pub(crate) fn token(pair: &Ed25519KeyPair, kid: &str) -> String {
    format!("Bearer {}", eddsa(pair, &json!({ "alg": "EdDSA", "kid": kid }), &claims(json!({}))))
}

/// Returns the public key of an RSA pair as X.509 in DER.
pub(crate) fn rsa_spki(pair: &RsaKeyPair) -> Vec<u8> {
    pair.public_key().as_der().expect("a public key").as_ref().to_vec()
}

/// Returns the configuration of [`ISSUER`] without a source of keys.
pub(crate) fn issuer() -> IssuerConfig {
    IssuerConfig {
        issuer_url: ISSUER.to_owned(),
        jwk_cert_url: None,
        jwk_cert_file: None,
        jwk_cert_ca_file: None,
        audience: None,
        identity_claim: "email".to_owned(),
    }
}

/// A clock in seconds since 1970 that only the test advances.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::new(move || (UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::SeqCst))).into())
    }
}

/// Returns the issuers with the keys that they have in a list.
pub(crate) fn listed(issuers: impl IntoIterator<Item = IssuerConfig>) -> Vec<(String, IssuerConfig)> {
    let keyed = |(index, issuer)| (format!("server.jwt.issuers[{index}]"), issuer);
    issuers.into_iter().enumerate().map(keyed).collect()
}

/// Returns an authenticator whose clock is fixed at [`NOW`].
pub(crate) async fn authenticator(issuers: Vec<IssuerConfig>) -> Authenticator {
    Authenticator::new(listed(issuers), TestClock::new().clock()).await.expect("a valid configuration")
}

/// A temporary file that is removed when the value is dropped.
pub(crate) struct TempFile {
    path: PathBuf,
    _folder: Folder,
}

impl TempFile {
    pub(crate) fn new(content: impl AsRef<[u8]>) -> Self {
        let folder = Folder::new();
        let path = folder.path().join("file");
        std::fs::write(&path, content).expect("a temporary file");
        Self { path, _folder: folder }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the content and sets the modification time to `seconds` after [`NOW`], since file systems may store
    /// times too coarsely to show the change.
    pub(crate) fn rewrite(&self, content: impl AsRef<[u8]>, seconds: u64) {
        std::fs::write(&self.path, content).expect("a temporary file");
        let file = std::fs::File::options().write(true).open(&self.path).expect("the temporary file");
        let modified: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW + seconds);
        file.set_modified(modified).expect("a time of change");
    }
}

/// The response of an issuer's server.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Sends these bytes, then closes the connection.
    Bytes(Vec<u8>),
    /// Like `Bytes`, after the semaphore has a permit.
    Gated(Arc<Semaphore>, Vec<u8>),
    /// Closes the connection without a response.
    HangUp,
    /// Sends nothing and keeps the connection open.
    Silence,
    /// Sends the head of a response, then a space every second without end.
    Drip,
}

impl Answer {
    /// Returns a response with a key set.
    pub(crate) fn keys(keys: Value) -> Self {
        Self::body(json!({ "keys": keys }).to_string())
    }

    /// Returns a response with status 200 and this body, without a `Content-Length`.
    pub(crate) fn body(body: impl Into<String>) -> Self {
        Self::Bytes(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", body.into()).into_bytes())
    }
}

/// The HTTP server of an issuer. It answers every request in the same way and counts the requests.
pub(crate) struct IssuerServer {
    pub(crate) url: String,
    answer: Arc<Mutex<Answer>>,
    requests: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl IssuerServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/jwks", listener.local_addr().expect("an address"));
        let answer = Arc::new(Mutex::new(answer));
        let (counter, requests) = watch::channel(0);
        let task = tokio::spawn(serve(listener, Arc::clone(&answer), counter));
        Self { url, answer, requests, task }
    }

    pub(crate) fn now_answers(&self, answer: Answer) {
        *self.answer.lock().expect("the answer") = answer;
    }

    /// Returns the number of requests so far.
    pub(crate) fn requests(&self) -> usize {
        *self.requests.borrow()
    }

    /// Waits until there have been `count` requests. Panics after a minute.
    pub(crate) async fn reached(&self, count: usize) {
        let mut requests = self.requests.clone();
        let enough = requests.wait_for(|requests| *requests >= count);
        timeout(Duration::from_secs(60), enough)
            .await
            .expect("the requests in time")
            .expect("a server that runs");
    }

    /// Returns the configuration of an issuer whose keys this server publishes.
    pub(crate) fn issuer(&self) -> IssuerConfig {
        IssuerConfig { jwk_cert_url: Some(self.url.clone()), ..issuer() }
    }
}

impl Drop for IssuerServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, answer: Arc<Mutex<Answer>>, counter: watch::Sender<usize>) {
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let answer = answer.lock().expect("the answer").clone();
        let counter = counter.clone();
        tokio::spawn(async move {
            read_head(&mut stream).await;
            counter.send_modify(|requests| *requests += 1);
            reply(&mut stream, answer).await;
        });
    }
}

/// Reads a request without a body.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
}

/// A client may close the connection early, so failed writes are ignored.
async fn reply(stream: &mut TcpStream, answer: Answer) {
    match answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Answer::Gated(gate, bytes) => {
            gate.acquire().await.expect("an open gate").forget();
            let _ = stream.write_all(&bytes).await;
        }
        Answer::HangUp => {}
        Answer::Silence => std::future::pending().await,
        Answer::Drip => {
            let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
            while stream.write_all(bytes).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                bytes = b" ";
            }
        }
    }
}
