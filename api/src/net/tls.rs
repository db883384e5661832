//! TLS with a certificate from files, reloaded when the files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

/// The TLS side of a listener. Dropping it ends the watching of its files.
pub struct ServerTls {
    acceptor: tokio_rustls::TlsAcceptor,
    watcher: AbortHandle,
}

impl ServerTls {
    /// Loads a PEM certificate chain and its key and looks for new ones every `interval`.
    ///
    /// New connections use the new pair as soon as it is seen. A pair that cannot be used, for example
    /// because only one of the files has been replaced yet, is logged and the old one stays. Must be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// Why the files cannot be used at the start.
    pub async fn load(cert_file: PathBuf, key_file: PathBuf, interval: Duration) -> Result<Self, String> {
        let files = Files { cert: cert_file, key: key_file };
        let content = files.read().await?;
        let certificate = Arc::new(Certificate(RwLock::new(files.parse(&content)?)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let watcher = tokio::spawn(watch(files, content, certificate, interval)).abort_handle();
        Ok(Self { acceptor: Arc::new(config).into(), watcher })
    }

    pub(super) fn accept(&self, stream: TcpStream) -> tokio_rustls::Accept<TcpStream> {
        self.acceptor.accept(stream)
    }
}

impl Drop for ServerTls {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// The certificate that handshakes use at the moment.
struct Certificate(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The bytes of both files.
#[derive(PartialEq, Eq)]
struct Content {
    cert: Vec<u8>,
    key: Vec<u8>,
}

struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    async fn read(&self) -> Result<Content, String> {
        Ok(Content { cert: read(&self.cert).await?, key: read(&self.key).await? })
    }

    fn parse(&self, content: &Content) -> Result<Arc<CertifiedKey>, String> {
        let not_pem = |path: &Path, wanted, error| format!("no {wanted} in {}: {error}", path.display());
        let no_chain = |error: pem::Error| not_pem(&self.cert, "certificate", error);
        let chain =
            CertificateDer::pem_slice_iter(&content.cert).collect::<Result<Vec<_>, _>>().map_err(no_chain)?;
        if chain.is_empty() {
            return Err(no_chain(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&content.key);
        let key = key.map_err(|error| not_pem(&self.key, "private key", error))?;
        let pair = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        pair.map(Arc::new).map_err(unusable)
    }
}

/// Key and certificate do not belong together, or are of a kind that is not supported.
fn unusable(error: rustls::Error) -> String {
    format!("certificate and key cannot be used: {error}")
}

async fn read(path: &Path) -> Result<Vec<u8>, String> {
    tokio::fs::read(path).await.map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Compares contents and not modification times: two small files every few seconds cost nothing, and
/// a copy that keeps the time or a swapped symbolic link is seen all the same.
async fn watch(files: Files, mut seen: Content, certificate: Arc<Certificate>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let content = match files.read().await {
            Ok(content) if content == seen => continue,
            Ok(content) => content,
            Err(error) => {
                tracing::warn!(error, "cannot look for a new TLS certificate");
                continue;
            }
        };
        match files.parse(&content) {
            Ok(key) => {
                *certificate.0.write().unwrap_or_else(PoisonError::into_inner) = key;
                tracing::info!("TLS certificate reloaded");
            }
            Err(error) => tracing::warn!(error, "new TLS certificate refused, the old one stays"),
        }
        seen = content;
    }
}
