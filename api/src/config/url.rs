//! Database URLs and passwords: checked when they are read, never shown.

use std::fmt;

use reqwest::Url;
use sea_orm::sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};

/// The text that is shown in place of a password.
pub(super) const MASK: &str = "***";
const ENCODE: &str =
    "percent-encode the user and the password (/ is %2F, # is %23, ? is %3F, @ is %40, % is %25)";
/// The parameters of a PostgreSQL URL that the driver supports under these names.
const PARAMETERS: &str = "sslmode sslrootcert sslcert ssl-cert sslkey ssl-key host hostaddr \
                          port dbname user password application_name options";

const CA: &str = "database.ssl.root_cert_file";

/// A password. `Debug` masks it, and `Display` is not implemented.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Accepts any text except the empty text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("expected text".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    /// Returns the password.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// A database URL that the driver accepts, so that no later error repeats it.
///
/// `Display` and `Debug` mask the password; only [`DatabaseUrl::expose`] returns the whole text.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    ignored: Vec<String>,
}

impl DatabaseUrl {
    /// Checks a URL of SQLite or PostgreSQL. Surrounding whitespace is removed.
    ///
    /// # Errors
    /// The reason, without the URL.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.split_once(':') {
            _ if text.contains(char::is_control) => Err("must not contain control characters".to_owned()),
            Some(("sqlite", _)) => sqlite(text),
            Some(("postgres" | "postgresql", _)) => postgres(text),
            _ => Err("expected a URL that starts with sqlite:, postgres: or postgresql:, such as \
                      postgres://user@host:5432/name"
                .to_owned()),
        }
    }

    /// Returns the whole URL, including the password: for connecting, never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the location of the database in human-readable form: its file, or host, port and name. Never contains a
    /// user or a password.
    #[must_use]
    pub fn place(&self) -> String {
        if let Ok(options) = self.text.parse::<SqliteConnectOptions>()
            && self.is_sqlite()
        {
            return format!("SQLite, file {}", options.get_filename().display());
        }
        let Ok(options) = self.text.parse::<PgConnectOptions>() else { return "PostgreSQL".to_owned() };
        let socket = options.get_socket().map(|path| path.display().to_string());
        let host = socket.unwrap_or_else(|| options.get_host().to_owned());
        let name = options.get_database().unwrap_or(options.get_username());
        format!("PostgreSQL, {name} at {host}:{}", options.get_port())
    }

    /// Returns the names of the parameters that the driver does not support and that were removed.
    pub(super) fn ignored(&self) -> &[String] {
        &self.ignored
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.text.starts_with("sqlite:")
    }

    /// Returns a PostgreSQL URL with this TLS mode and certificate authority, where it has none itself.
    ///
    /// The driver uses a certificate authority only in the modes `verify-ca` and `verify-full`. A configured authority
    /// must take effect, so `require` and an absent mode become `verify-ca`.
    ///
    /// # Errors
    /// The setting that contradicts the URL, and the reason.
    pub(super) fn with_ssl(
        self,
        mode: Option<&str>,
        ca: Option<&str>,
    ) -> Result<Self, (&'static str, String)> {
        let Ok(mut url) = Url::parse(&self.text) else { return Ok(self) };
        let mut parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut take = |name: &str, key, setting: Option<&str>| {
            let at = parameters.iter().rposition(|(own, _)| own == name);
            match (setting, at.map(|at| parameters.remove(at).1)) {
                (Some(setting), Some(own)) if setting != own => {
                    Err((key, format!("conflicts with {own} in the URL; set only one")))
                }
                (setting, own) => Ok(own.or(setting.map(str::to_owned))),
            }
        };
        let mut mode = take("sslmode", "database.ssl.mode", mode)?;
        let ca = take("sslrootcert", CA, ca)?;
        match (mode.as_deref(), &ca) {
            (None | Some("require"), Some(_)) => mode = Some("verify-ca".to_owned()),
            (Some(weak @ ("disable" | "allow" | "prefer")), Some(_)) => {
                let problem = format!(
                    "has no effect in mode {weak}, which does not verify certificates; use verify-ca"
                );
                return Err((CA, problem));
            }
            _ => {}
        }
        let added = [("sslmode", mode), ("sslrootcert", ca)];
        parameters.extend(added.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        set_parameters(&mut url, parameters);
        Ok(Self { text: url.into(), ..self })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.text).ok().filter(|_| !self.is_sqlite());
        let Some(mut url) = url else { return f.write_str(&self.text) };
        if url.password().is_some() {
            // Fails only if there is no host, in which case there is no password either.
            let _ = url.set_password(Some(MASK));
        }
        let masked = |(name, value)| if name == "password" { (name, MASK.to_owned()) } else { (name, value) };
        let parameters = url.query_pairs().into_owned().map(masked).collect();
        set_parameters(&mut url, parameters);
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

fn set_parameters(url: &mut Url, parameters: Vec<(String, String)>) {
    url.set_query(None);
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
}

fn sqlite(text: &str) -> Result<DatabaseUrl, String> {
    let (path, parameters) = text.split_once('?').unwrap_or((text, ""));
    let in_memory = path.contains(":memory:") || parameters.split('&').any(|one| one == "mode=memory");
    if in_memory || matches!(path, "sqlite:" | "sqlite://") {
        let problem = "a database in memory would be lost with the connection that holds it, and is not supported: \
                       name a file, such as sqlite:///tmp/hyperfleet.db?mode=rwc";
        return Err(problem.to_owned());
    }
    match text.parse::<SqliteConnectOptions>() {
        Ok(_) => Ok(DatabaseUrl { text: text.to_owned(), ignored: Vec::new() }),
        Err(_) => {
            Err("a SQLite URL has the parameters mode (ro, rw, rwc), cache, immutable and vfs".to_owned())
        }
    }
}

fn postgres(text: &str) -> Result<DatabaseUrl, String> {
    // The messages of these errors are constant.
    let mut url = Url::parse(text).map_err(|error| format!("not a valid URL ({error}): {ENCODE}"))?;
    let mut parameters = url.query().unwrap_or_default().split('&').filter(|text| !text.is_empty());
    let whole = |parameter: &str| parameter.split_once('=').is_some_and(|(name, _)| !name.contains('@'));
    // Text after an unescaped /, # or ? in the password was parsed as part of the path, fragment or parameters.
    if url.path().contains('@') || url.fragment().is_some() || !parameters.all(whole) {
        return Err(format!("not a valid URL: {ENCODE}"));
    }
    let (mut known, mut ignored) = (Vec::new(), Vec::new());
    for (name, value) in url.query_pairs().into_owned() {
        match name.as_str() {
            "ssl-mode" => known.push(("sslmode".to_owned(), value)),
            "ssl-root-cert" | "ssl-ca" => known.push(("sslrootcert".to_owned(), value)),
            own if PARAMETERS.split(' ').any(|known| known == own) => known.push((name, value)),
            own if own.starts_with("options[") => known.push((name, value)),
            // The driver would log an unknown parameter with its value.
            _ => ignored.push(name),
        }
    }
    set_parameters(&mut url, known);
    match url.as_str().parse::<PgConnectOptions>() {
        Ok(_) => Ok(DatabaseUrl { text: url.into(), ignored }),
        Err(_) => {
            Err("a parameter has a value that is not valid, or the user or password is not UTF-8".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_shown_without_user_and_password() {
        for (url, expected) in [
            ("sqlite://hyperfleet.db?mode=rwc", "SQLite, file hyperfleet.db"),
            ("sqlite:///var/lib/h.db", "SQLite, file /var/lib/h.db"),
            ("postgres://ada:hunter2@db.example.com/fleet", "PostgreSQL, fleet at db.example.com:5432"),
            (
                "postgres://ada@localhost:6432/fleet?host=/run/pg&password=hunter2",
                "PostgreSQL, fleet at /run/pg:6432",
            ),
        ] {
            assert_eq!(parsed(url).place(), expected);
        }
    }

    fn parsed(url: &str) -> DatabaseUrl {
        DatabaseUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn a_password_is_never_shown() {
        let table = [
            ("sqlite://hyperfleet.db?mode=rwc", "sqlite://hyperfleet.db?mode=rwc"),
            ("sqlite:hyperfleet.db", "sqlite:hyperfleet.db"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("postgres://u:hunter2@h:5432/db?sslmode=require", "postgres://u:***@h:5432/db?sslmode=require"),
            ("postgres://u:hunter2%2F%40%3Fx@h/db", "postgres://u:***@h/db"),
            ("postgres://u:hunter2@x@h/db", "postgres://u:***@h/db"),
            ("postgresql://h/db?user=u&password=hunter2", "postgresql://h/db?user=u&password=***"),
            ("postgresql:///db?password=hunter2", "postgresql:///db?password=***"),
        ];
        for (url, shown) in table {
            assert_eq!(parsed(url).to_string(), shown);
            assert!(!format!("{:?}", parsed(url)).contains("hunter2"));
            assert_eq!(parsed(url).expose().contains("hunter2"), url.contains("hunter2"));
        }
        assert_eq!(format!("{:?}", Secret::parse("hunter2")), "Ok(***)");
    }

    #[test]
    fn unknown_parameters_are_dropped_before_the_driver_logs_them() {
        let url = parsed("postgres://h/db?pasword=hunter2&sslmode=require&connect_timeout=1&options[a]=b");
        assert_eq!(url.expose(), "postgres://h/db?sslmode=require&options%5Ba%5D=b");
        assert_eq!(url.ignored(), ["pasword", "connect_timeout"]);
    }

    #[test]
    fn white_space_around_a_url_is_dropped() {
        for url in ["postgres://h/db\n", " postgres://h/db ", "\tpostgres://h/db\r\n"] {
            assert_eq!(parsed(url).expose(), "postgres://h/db");
        }
    }

    #[test]
    fn refusals_say_why_and_never_what() {
        let table = [
            ("mysql://u:hunter2@h/db", "starts with sqlite:"),
            ("hunter2.db", "starts with sqlite:"),
            ("", "starts with sqlite:"),
            ("Postgres://u:hunter2@h/db", "starts with sqlite:"),
            ("postgres://u:hunter2@h/d\nb", "control characters"),
            ("postgres://u:hunter2/x@h/db", "percent-encode"),
            ("postgres://u:hunter2#x@h/db", "percent-encode"),
            ("postgres://u:hunter2?x@h/db", "percent-encode"),
            ("postgres://u:1/hunter2@h/db", "percent-encode"),
            ("postgres://u:1#hunter2@h/db", "percent-encode"),
            ("postgres://u:1?hunter2@h/db", "percent-encode"),
            ("postgres://u:1?hunter2@h/db?a=b", "percent-encode"),
            ("postgres://u:hunter2@h:port/db", "invalid port number"),
            ("postgres://u:hunter2@h:99999/db", "invalid port number"),
            ("postgres://u:hunter2@[::1/db", "invalid IPv6 address"),
            ("postgres://u:hunter2@h/db?sslmode=hunter2", "a parameter has a value"),
            ("postgres://u:hunter2%ff@h/db", "not UTF-8"),
            ("sqlite://hunter2.db?mode=hunter2", "a SQLite URL has the parameters mode"),
            ("sqlite://hunter2.db?password=hunter2", "a SQLite URL has the parameters mode"),
            ("sqlite::memory:", "in memory"),
            ("sqlite://:memory:", "in memory"),
            ("sqlite://", "in memory"),
            ("sqlite:?mode=rwc", "in memory"),
            ("sqlite://hunter2?mode=memory&cache=shared", "in memory"),
        ];
        for (url, reason) in table {
            let error = DatabaseUrl::parse(url).expect_err(url);
            assert!(error.contains(reason) && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn encryption_is_set_where_the_url_says_nothing() {
        let with = |url: &str, mode, ca| parsed(url).with_ssl(mode, ca).map(|url| url.expose().to_owned());
        let table = [
            ("postgres://h/db", None, None, "postgres://h/db"),
            ("postgres://h/db", Some("verify-full"), None, "postgres://h/db?sslmode=verify-full"),
            ("postgres://h/db?user=u", Some("disable"), None, "postgres://h/db?user=u&sslmode=disable"),
            ("postgres://h/db?ssl-mode=require", Some("require"), None, "postgres://h/db?sslmode=require"),
            // A configured certificate authority takes effect.
            ("postgres://h/db", None, Some("/ca"), "postgres://h/db?sslmode=verify-ca&sslrootcert=%2Fca"),
            (
                "postgres://h/db?sslmode=require&sslrootcert=/ca",
                None,
                None,
                "postgres://h/db?sslmode=verify-ca&sslrootcert=%2Fca",
            ),
            (
                "postgres://h/db?sslmode=verify-full",
                None,
                Some("/ca"),
                "postgres://h/db?sslmode=verify-full&sslrootcert=%2Fca",
            ),
        ];
        for (url, mode, ca, expected) in table {
            assert_eq!(with(url, mode, ca).ok().as_deref(), Some(expected), "{url}");
        }
        let conflicts = [
            ("postgres://h/db?sslmode=require", Some("verify-full"), None, "database.ssl.mode"),
            ("postgres://h/db?sslrootcert=/a", None, Some("/b"), CA),
            ("postgres://h/db", Some("prefer"), Some("/ca"), CA),
            ("postgres://h/db?sslmode=disable", None, Some("/ca"), CA),
        ];
        for (url, mode, ca, expected) in conflicts {
            let (key, problem) = with(url, mode, ca).expect_err(url);
            assert_eq!(key, expected, "{problem}");
        }
    }
}
