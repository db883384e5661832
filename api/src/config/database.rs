//! The settings of the database. Its URL is set as a whole, in a file, or in parts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::ConfigError;
use super::parse::{duration, host_or_folder, number, text};
use super::sources::Sources;
use super::url::{DatabaseUrl, Secret};

const URL: &str = "database.url";
const URL_FILE: &str = "database.url_file";
const READ_URL: &str = "database.read_url";
const READ_URL_FILE: &str = "database.read_url_file";
const HOST: &str = "database.host";
const PASSWORD: &str = "database.password";
const PASSWORD_FILE: &str = "database.password_file";
/// The settings from which a URL is composed.
const PARTS: [&str; 6] =
    [HOST, "database.port", "database.name", "database.username", PASSWORD, PASSWORD_FILE];
/// The settings of TLS, which also apply to a URL that is set as a whole.
const SSL: [&str; 2] = ["database.ssl.mode", "database.ssl.root_cert_file"];
/// The bytes that are percent-encoded in a part of a URL: all except the unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The settings of the database.
#[derive(Debug, Clone, Args)]
pub struct Database {
    /// The URL of the database: a SQLite file, or postgres://user:password@host:5432/name.
    #[arg(
        id = "database.url",
        env = "DATABASE_URL",
        default_value = "sqlite://hyperfleet.db?mode=rwc",
        value_parser = DatabaseUrl::parse,
    )]
    pub url: DatabaseUrl,
    /// The file that contains the database URL.
    #[arg(id = "database.url_file")]
    url_file: Option<PathBuf>,
    /// The URL of a replica of the database that serves reads; by default the database itself serves them.
    #[arg(id = "database.read_url", value_parser = DatabaseUrl::parse)]
    pub read_url: Option<DatabaseUrl>,
    /// The file that contains the URL of the replica.
    #[arg(id = "database.read_url_file")]
    read_url_file: Option<PathBuf>,
    /// The PostgreSQL host or socket directory; used with the settings below when no URL is set.
    #[arg(id = "database.host", value_parser = host_or_folder)]
    host: Option<String>,
    /// The PostgreSQL port.
    #[arg(id = "database.port", default_value = "5432", value_parser = number::<u16>(1, 65_535))]
    port: u16,
    /// The name of the PostgreSQL database.
    #[arg(id = "database.name", default_value = "hyperfleet", value_parser = text)]
    name: String,
    /// The PostgreSQL user.
    #[arg(id = "database.username", default_value = "hyperfleet", value_parser = text)]
    username: String,
    /// The PostgreSQL password; other users of the machine can read a flag, but not a file.
    #[arg(id = "database.password", value_parser = Secret::parse)]
    password: Option<Secret>,
    /// The file that contains the PostgreSQL password.
    #[arg(id = "database.password_file")]
    password_file: Option<PathBuf>,
    /// The TLS mode of connections to PostgreSQL, also with a URL; by default prefer, or verify-ca with a certificate
    /// authority.
    #[arg(id = "database.ssl.mode", value_parser = ["disable", "prefer", "require", "verify-ca", "verify-full"])]
    ssl_mode: Option<String>,
    /// The certificate authority (PEM) that the certificate of PostgreSQL is verified against, also with a URL; by
    /// default the public authorities.
    #[arg(id = "database.ssl.root_cert_file")]
    ssl_root_cert_file: Option<PathBuf>,
    /// The maximum time to wait for an unreachable PostgreSQL server at startup.
    #[arg(id = "database.startup_timeout", default_value = "30s", value_parser = duration("0s", "1h"))]
    pub startup_timeout: Duration,
    /// Whether serve applies pending migrations; by default true on SQLite and false on PostgreSQL.
    #[arg(id = "database.auto_migrate")]
    pub auto_migrate: Option<bool>,
    /// The maximum number of connections to the database; by default four per core, 8 to 32; on SQLite one per core, 2
    /// to 8.
    #[arg(id = "database.pool.max_connections", value_parser = number::<u32>(1, 10_000))]
    pub max_connections: Option<u32>,
    /// The maximum time that a request waits for a connection.
    #[arg(id = "database.pool.acquire_timeout", default_value = "2s", value_parser = duration("10ms", "5m"))]
    pub acquire_timeout: Duration,
    /// The maximum time that SQLite waits for another process that writes to the same file.
    #[arg(id = "database.busy_timeout", default_value = "5s", value_parser = duration("0s", "5m"))]
    pub busy_timeout: Duration,
}

impl Database {
    /// Determines the URLs of the database and of its replica.
    ///
    /// Of the whole URL, the file that contains it and the host, the one from the source with the highest precedence is
    /// used; from the same source, the first of these. If none is set but another part or a TLS setting is, the URL is
    /// composed of the parts.
    pub(crate) fn resolve(&mut self, sources: &mut Sources<'_>) -> Result<(), ConfigError> {
        let part = PARTS.into_iter().chain(SSL).find(|key| sources.given(key).is_some());
        let key = sources.strongest(&[URL, URL_FILE, HOST]).or(part).unwrap_or(URL);
        let url = match key {
            URL => self.url.clone(),
            URL_FILE => url_in_file(sources, key, self.url_file.as_deref())?,
            _ => self.composed(sources)?,
        };
        let whole = key == URL || key == URL_FILE;
        let unused = PARTS.into_iter().filter(|_| whole).chain(SSL.into_iter().filter(|_| url.is_sqlite()));
        let set = unused.filter_map(|part| Some((part, &sources.given(part)?.origin)));
        let warning = |(part, origin)| format!("{part} ({origin}) has no effect, because {key} is set");
        let warnings: Vec<String> = set.map(warning).collect();
        sources.warnings.extend(warnings);
        self.url = self.with_ssl(sources, key, url)?;
        sources.set_by(URL, key);
        let read_key = sources.strongest(&[READ_URL, READ_URL_FILE]).unwrap_or(READ_URL);
        let read_url = match read_key {
            READ_URL => self.read_url.take(),
            file => Some(url_in_file(sources, file, self.read_url_file.as_deref())?),
        };
        if let Some(url) = read_url {
            if url.is_sqlite() != self.url.is_sqlite() {
                return Err(sources.refuse(read_key, "must name the same engine as the database itself"));
            }
            self.read_url = Some(self.with_ssl(sources, read_key, url)?);
            sources.set_by(READ_URL, read_key);
        }
        Ok(())
    }

    /// Returns the URL composed of the parts.
    fn composed(&self, sources: &Sources<'_>) -> Result<DatabaseUrl, ConfigError> {
        let host = match self.host.as_deref().unwrap_or("localhost") {
            address if address.contains(':') => format!("[{address}]"),
            host => escaped(host),
        };
        let password = match sources.strongest(&[PASSWORD, PASSWORD_FILE]) {
            Some(PASSWORD_FILE) => Some(text_in_file(sources, PASSWORD_FILE, self.password_file.as_deref())?),
            _ => self.password.as_ref().map(|password| password.expose().to_owned()),
        };
        let password = password.map(|password| format!(":{}", escaped(&password))).unwrap_or_default();
        let (user, port, name) = (escaped(&self.username), self.port, escaped(&self.name));
        DatabaseUrl::parse(&format!("postgres://{user}{password}@{host}:{port}/{name}"))
            .map_err(|problem| ConfigError::new(HOST, problem))
    }

    /// Returns a PostgreSQL URL with the TLS settings added, or a SQLite URL unchanged.
    fn with_ssl(
        &self,
        sources: &mut Sources<'_>,
        key: &str,
        url: DatabaseUrl,
    ) -> Result<DatabaseUrl, ConfigError> {
        if url.is_sqlite() {
            return Ok(url);
        }
        if !url.ignored().is_empty() {
            let names = url.ignored().join(", ");
            sources.warnings.push(format!("{key}: parameters that are not known are ignored: {names}"));
        }
        let ca = self.ssl_root_cert_file.as_ref().map(|path| path.to_string_lossy());
        let url = url.with_ssl(self.ssl_mode.as_deref(), ca.as_deref());
        url.map_err(|(setting, problem)| sources.refuse(setting, format!("{problem} ({key})")))
    }
}

fn url_in_file(sources: &Sources<'_>, key: &str, path: Option<&Path>) -> Result<DatabaseUrl, ConfigError> {
    let text = text_in_file(sources, key, path)?;
    DatabaseUrl::parse(&text).map_err(|problem| {
        sources.refuse(key, format!("the file does not contain a database URL: {problem}"))
    })
}

/// Returns the content of a file without trailing line breaks, which editors add.
fn text_in_file(sources: &Sources<'_>, key: &str, path: Option<&Path>) -> Result<String, ConfigError> {
    let content = sources.environment.read(path.unwrap_or(Path::new("")));
    let content = content.map_err(|problem| sources.refuse(key, problem))?;
    let text = String::from_utf8(content).unwrap_or_default();
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(sources.refuse(key, "the file is empty or not UTF-8 text")),
        text => Ok(text.to_owned()),
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}
