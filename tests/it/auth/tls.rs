//! Key sets over TLS, and which certificates are trusted.

use std::sync::Arc;

use api::auth::AuthError;
use api::config::issuer::IssuerConfig;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::support::{ED25519, TempFile, authenticator, ed25519_jwk, issuer, read_head, token};

/// Starts a server with a self-signed certificate. Returns the URL of the keys and the certificate.
async fn tls_server() -> (String, TempFile) {
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a server configuration");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/jwks", listener.local_addr().expect("an address"));
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
    (url, TempFile::new(cert.pem()))
}

/// Serves until the test's runtime ends. A failed handshake is ignored, since some tests expect it.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        tokio::spawn(serve_one(stream, acceptor.clone()));
    }
}

async fn serve_one(stream: TcpStream, acceptor: TlsAcceptor) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    read_head(&mut stream).await;
    let body = json!({ "keys": [ed25519_jwk(&ED25519, json!({ "kid": "ed" }))] }).to_string();
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.expect("an answer sent");
    stream.shutdown().await.expect("an orderly end");
}

#[tokio::test]
async fn the_configured_authority_vouches_for_the_server() {
    let (url, certificate) = tls_server().await;
    let ca_file = Some(certificate.path().to_owned());
    let config = IssuerConfig { jwk_cert_url: Some(url), jwk_cert_ca_file: ca_file, ..issuer() };
    let outcome = authenticator(vec![config]).await.authenticate(Some(&token(&ED25519, "ed"))).await;
    assert_eq!(outcome.expect("accepted").name, "ada@example.com");
}

#[tokio::test]
async fn a_server_nobody_vouches_for_has_no_keys() {
    let (url, _) = tls_server().await;
    let (_, another) = tls_server().await;
    for ca_file in [None, Some(another.path().to_owned())] {
        let config = IssuerConfig { jwk_cert_url: Some(url.clone()), jwk_cert_ca_file: ca_file, ..issuer() };
        let outcome = authenticator(vec![config]).await.authenticate(Some(&token(&ED25519, "ed"))).await;
        assert_eq!(outcome, Err(AuthError::KeysUnavailable));
    }
}
