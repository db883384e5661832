//! TLS with a certificate from files, reloaded when the files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// The TLS configuration of a listener. Dropping it stops the checks of its files.
pub struct ServerTls(watch::Receiver<TlsAcceptor>);

impl ServerTls {
    /// Loads a PEM certificate chain and its key, and checks for new ones every `interval`.
    ///
    /// New connections use a new pair as soon as it is detected. A pair that cannot be used, for example because only
    /// one of the files has been replaced yet, is logged, and the old one stays in use. Must be called inside a tokio
    /// runtime.
    ///
    /// # Errors
    /// Why the files cannot be used at startup.
    pub async fn load(cert_file: PathBuf, key_file: PathBuf, interval: Duration) -> Result<Self, String> {
        let files = Files { cert: cert_file, key: key_file };
        let content = files.read().await?;
        let (sender, acceptor) = watch::channel(files.parse(&content)?);
        tokio::spawn(follow(files, content, sender, interval));
        Ok(Self(acceptor))
    }

    pub(super) fn accept(&self, stream: TcpStream) -> tokio_rustls::Accept<TcpStream> {
        self.0.borrow().accept(stream)
    }
}

/// The contents of the certificate file and of the key file.
type Content = (Vec<u8>, Vec<u8>);

struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    async fn read(&self) -> Result<Content, String> {
        Ok((read(&self.cert).await?, read(&self.key).await?))
    }

    fn parse(&self, (cert, key): &Content) -> Result<TlsAcceptor, String> {
        let not_pem = |path: &Path, wanted, error| format!("no {wanted} in {}: {error}", path.display());
        let no_chain = |error: pem::Error| not_pem(&self.cert, "certificate", error);
        let chain = CertificateDer::pem_slice_iter(cert).collect::<Result<Vec<_>, _>>().map_err(no_chain)?;
        if chain.is_empty() {
            return Err(no_chain(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|error| not_pem(&self.key, "private key", error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| format!("certificate and key cannot be used: {error}"))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, String> {
    tokio::fs::read(path).await.map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Reloads the files when they change. Compares contents and not modification times: reading two small files every few
/// seconds costs nothing, and detects a copy that keeps the time and a replaced symbolic link, too.
async fn follow(files: Files, mut seen: Content, sender: watch::Sender<TlsAcceptor>, interval: Duration) {
    while timeout(interval, sender.closed()).await.is_err() {
        let content = match files.read().await {
            Ok(content) if content == seen => continue,
            Ok(content) => content,
            Err(error) => {
                tracing::warn!(error, "cannot check for a new TLS certificate");
                continue;
            }
        };
        match files.parse(&content) {
            Ok(acceptor) => {
                sender.send_replace(acceptor);
                tracing::info!("TLS certificate reloaded");
            }
            Err(error) => {
                tracing::warn!(error, "the new TLS certificate cannot be used; the previous one stays in use")
            }
        }
        seen = content;
    }
}
