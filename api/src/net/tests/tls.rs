//! Tests of TLS: certificates, their replacement, and handshakes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::Request;
use poem::endpoint::make_sync;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::net::testing::{Client, Running, TIMEOUT, WIDE};
use crate::net::{ConnectionLimits, ServerTls};

const INTERVAL: Duration = Duration::from_millis(20);

fn pair() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate")
}

/// The directory that contains the files of the server.
struct Files(TempDir);

impl Files {
    fn with(pair: &CertifiedKey<KeyPair>) -> Self {
        let files = Self(TempDir::new().expect("a folder"));
        write(&files.cert(), &pair.cert.pem());
        write(&files.key(), &pair.signing_key.serialize_pem());
        files
    }

    fn cert(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("tls.key")
    }

    async fn load(&self) -> Result<ServerTls, String> {
        ServerTls::load(self.cert(), self.key(), INTERVAL).await
    }

    async fn serve(&self, limits: ConnectionLimits) -> Running {
        let tls = self.load().await.expect("a usable pair");
        Running::start(limits, Some(tls), make_sync(|request: Request| request.scheme().to_string())).await
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

/// Connects, trusting only `pairs`.
async fn connect(
    server: &Running,
    pairs: &[&CertifiedKey<KeyPair>],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for pair in pairs {
        roots.add(pair.cert.der().clone()).expect("a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(server.address).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().expect("a certificate")[0].clone()
}

#[tokio::test]
async fn requests_are_served_over_tls() {
    let pair = pair();
    let server = Files::with(&pair).serve(WIDE).await;
    let stream = connect(&server, &[&pair]).await.expect("a handshake");
    assert_eq!(Client(stream).get("/").await.text(), "https");
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let (old, new) = (pair(), pair());
    let files = Files::with(&old);
    let server = files.serve(WIDE).await;
    let first = connect(&server, &[&old]).await.expect("a handshake");

    write(&files.cert(), &new.cert.pem());
    write(&files.key(), &new.signing_key.serialize_pem());
    let start = Instant::now();
    while shown(&connect(&server, &[&old, &new]).await.expect("a handshake")) != *new.cert.der() {
        assert!(start.elapsed() < TIMEOUT, "the old certificate is still shown");
        tokio::time::sleep(INTERVAL).await;
    }
    assert_eq!(Client(first).get("/").await.status, 200, "the connection from before");
}

#[tokio::test]
async fn a_certificate_without_its_key_does_not_replace_the_old_one() {
    let (old, new) = (pair(), pair());
    let files = Files::with(&old);
    let server = files.serve(WIDE).await;
    write(&files.cert(), &new.cert.pem());
    let start = Instant::now();
    while start.elapsed() < INTERVAL * 10 {
        let stream = connect(&server, &[&old, &new]).await.expect("a handshake");
        assert_eq!(shown(&stream), *old.cert.der());
    }
}

#[tokio::test]
async fn unusable_files_are_refused_at_the_start() {
    let files = Files::with(&pair());
    let refusal = async || files.load().await.err().expect("a refusal");
    let (cert, key) = (files.cert().display().to_string(), files.key());
    write(&key, &pair().signing_key.serialize_pem());
    // The key of another certificate.
    assert!(refusal().await.starts_with("certificate and key cannot be used: "), "{}", refusal().await);
    write(&files.cert(), "");
    assert!(refusal().await.starts_with(&format!("no certificate in {cert}: ")), "{}", refusal().await);
    std::fs::remove_file(files.cert()).expect("a file");
    assert!(refusal().await.starts_with(&format!("cannot read {cert}: ")), "{}", refusal().await);
}

#[tokio::test]
async fn a_handshake_has_the_deadline_of_a_head() {
    let header_timeout = Duration::from_millis(200);
    let limits = ConnectionLimits { header_timeout, ..WIDE };
    let server = Files::with(&pair()).serve(limits).await;
    let mut client = server.client().await;
    // The start of a TLS record that never ends.
    client.send([22, 3, 1, 2, 0, 1]).await;
    let took = client.closed().await;
    assert!((header_timeout / 2..TIMEOUT / 2).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_client_without_tls_does_not_disturb_the_others() {
    let pair = pair();
    let server = Files::with(&pair).serve(WIDE).await;
    let mut plain = server.client().await;
    plain.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await;
    plain.closed().await;
    let stream = connect(&server, &[&pair]).await.expect("a handshake");
    assert_eq!(Client(stream).get("/").await.status, 200);
}
