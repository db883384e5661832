//! The URL of the database: given whole, in a file, or in parts.

use std::path::Path;

use super::layers::Layers;
use super::secret::DatabaseUrl;
use super::types::{Database, Pool};

const URL: &str = "database.url";
const URL_FILE: &str = "database.url_file";
const READ_URL: &str = "database.read_url";
const READ_URL_FILE: &str = "database.read_url_file";
const HOST: &str = "database.host";
const PASSWORD: &str = "database.password";
const PASSWORD_FILE: &str = "database.password_file";
/// The parts a URL is composed of.
const PARTS: [&str; 8] = [
    HOST,
    "database.port",
    "database.name",
    "database.username",
    PASSWORD,
    PASSWORD_FILE,
    "database.ssl.mode",
    "database.ssl.root_cert_file",
];

/// The database section.
pub(super) fn database(layers: &mut Layers<'_>) -> Database {
    let url = url(layers);
    let read_url = match layers.strongest(&[READ_URL, READ_URL_FILE]) {
        Some(READ_URL_FILE) => url_from_file(layers, READ_URL_FILE),
        _ => layers.text(READ_URL).and_then(|text| DatabaseUrl::parse(&text)),
    };
    if let (Some(read), Some(write)) = (&read_url, &url)
        && !read.same_engine(write)
    {
        layers.refuse(READ_URL, "must name the same engine as the database itself");
    }
    Database {
        url: url.unwrap_or_else(DatabaseUrl::unknown),
        read_url,
        startup_timeout: layers.duration("database.startup_timeout"),
        auto_migrate: layers.switch("database.auto_migrate"),
        busy_timeout: layers.duration("database.busy_timeout"),
        pool: Pool {
            max_connections: layers.number("database.pool.max_connections"),
            reserve_connections: layers.number("database.pool.reserve_connections"),
            acquire_timeout: layers.optional_duration("database.pool.acquire_timeout"),
        },
    }
}

/// The strongest source decides between a whole URL and parts; from one source a whole URL wins.
/// None only when a fault is reported.
fn url(layers: &mut Layers<'_>) -> Option<DatabaseUrl> {
    let is_default = |key: &str| layers.origin(key).is_none_or(|origin| origin.rank() == 0);
    let decisive = layers.strongest(&[URL, URL_FILE, HOST]).filter(|key| !is_default(key));
    let parts_only = PARTS.iter().any(|part| !is_default(part));
    match decisive {
        Some(HOST) => composed(layers),
        None if parts_only && !layers.is_faulty(URL) => composed(layers),
        Some(URL_FILE) => {
            warn_unused(layers, URL_FILE);
            url_from_file(layers, URL_FILE)
        }
        _ => {
            warn_unused(layers, URL);
            layers.text(URL).and_then(|text| DatabaseUrl::parse(&text))
        }
    }
}

/// The URL that a file holds. None only when a fault is reported.
fn url_from_file(layers: &mut Layers<'_>, key: &'static str) -> Option<DatabaseUrl> {
    let text = secret_from_file(layers, key)?;
    let parsed = DatabaseUrl::parse(&text);
    if parsed.is_none() {
        layers.refuse(key, format!("the file must hold {}", DatabaseUrl::ALLOWED));
    }
    parsed
}

/// Parts beside a whole URL have no effect, which their author should know.
fn warn_unused(layers: &mut Layers<'_>, decisive: &str) {
    for part in PARTS {
        if let Some(origin) = layers.origin(part).filter(|origin| origin.rank() > 0) {
            let warning = format!("{part} ({origin}) has no effect, because {decisive} is given");
            layers.warnings.push(warning);
        }
    }
}

/// A PostgreSQL URL made of the parts.
fn composed(layers: &mut Layers<'_>) -> Option<DatabaseUrl> {
    let encoded = |key: &str| layers.text(key).map(|text| percent_encoded(&text));
    let host = match layers.text(HOST) {
        Some(host) if host.starts_with('[') => host,
        Some(host) if host.contains(':') => format!("[{host}]"),
        Some(host) => percent_encoded(&host),
        None => "localhost".to_owned(),
    };
    let user = encoded("database.username")?;
    let name = encoded("database.name")?;
    let port: u16 = layers.number("database.port")?;
    let parameters: Vec<String> =
        [("sslmode", "database.ssl.mode"), ("sslrootcert", "database.ssl.root_cert_file")]
            .into_iter()
            .filter_map(|(parameter, key)| Some(format!("{parameter}={}", encoded(key)?)))
            .collect();
    let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    let credentials = match password(layers)? {
        password if password.is_empty() => user,
        password => format!("{user}:{}", percent_encoded(&password)),
    };
    DatabaseUrl::parse(&format!("postgres://{credentials}@{host}:{port}/{name}{query}"))
}

/// The password, empty when there is none. None only when a fault is reported.
fn password(layers: &mut Layers<'_>) -> Option<String> {
    match layers.strongest(&[PASSWORD, PASSWORD_FILE]) {
        Some(PASSWORD_FILE) => secret_from_file(layers, PASSWORD_FILE),
        Some(_) => layers.text(PASSWORD),
        None => Some(String::new()),
    }
}

/// The content of a file, without the line break that editors put at its end.
fn secret_from_file(layers: &mut Layers<'_>, key: &'static str) -> Option<String> {
    let path = layers.text(key)?;
    let content = layers.surroundings.read(Path::new(&path)).ok()?;
    let text = String::from_utf8(content).unwrap_or_default();
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        layers.refuse(key, "the file is empty or not UTF-8 text");
        return None;
    }
    Some(secret.to_owned())
}

/// The text with every byte escaped that means something in a URL.
fn percent_encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escape).collect()
}
