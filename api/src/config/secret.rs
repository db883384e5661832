//! A database URL that never shows its password by accident.

use std::fmt;

/// What stands where a password was.
const MASK: &str = "***";

/// The URL of a database, which may hold a password.
///
/// `Display` and `Debug` mask the password; [`DatabaseUrl::expose`] is the one way to the whole text.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Schemes that name an engine this service runs on.
    const SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];

    /// What [`DatabaseUrl::parse`] accepts, in words.
    pub(super) const ALLOWED: &str =
        "a URL that starts with sqlite:, postgres: or postgresql:, such as postgres://user@host:5432/name";

    /// The URL, when its scheme is one of `sqlite:`, `postgres:` and `postgresql:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = Self::SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        (known && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// Stands where the URL is at fault, in a configuration that nobody receives.
    pub(super) fn unknown() -> Self {
        Self(String::new())
    }

    /// The whole URL, password included: for connecting, never for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both URLs name the same engine.
    pub(super) fn same_engine(&self, other: &Self) -> bool {
        self.0.starts_with("sqlite:") == other.0.starts_with("sqlite:")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The URL without its password, whether that stands before the host or among the parameters.
///
/// A password may hold an unescaped `/`, `?` or `@`, so everything up to the last `@` counts as credentials.
fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return mask_parameters(url);
    };
    let Some((credentials, address)) = rest.rsplit_once('@') else {
        return mask_parameters(url);
    };
    let user =
        credentials.split_once(':').map_or(credentials.to_owned(), |(user, _)| format!("{user}:{MASK}"));
    mask_parameters(&format!("{scheme}://{user}@{address}"))
}

/// Masks the value of every query parameter whose name speaks of a password.
fn mask_parameters(url: &str) -> String {
    let Some((base, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let shown: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}={MASK}"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{base}?{}", shown.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let table = [
            ("sqlite://hyperfleet.db?mode=rwc", "sqlite://hyperfleet.db?mode=rwc"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("postgres://u:hunter2@h:5432/db?sslmode=require", "postgres://u:***@h:5432/db?sslmode=require"),
            ("postgres://u:hunter2/@?x@h/db", "postgres://u:***@h/db"),
            ("postgresql://h/db?user=u&password=hunter2", "postgresql://h/db?user=u&password=***"),
            ("postgresql:///db?SSLPassword=hunter2", "postgresql:///db?SSLPassword=***"),
        ];
        for (url, shown) in table {
            let parsed = DatabaseUrl::parse(url).expect("an allowed scheme");
            assert_eq!(parsed.to_string(), shown);
            assert!(!format!("{parsed:?}").contains("hunter2"), "{parsed:?}");
            assert_eq!(parsed.expose(), url);
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in ["mysql://h/db", "hyperfleet.db", "", "Postgres://h/db", "postgres://h/d\nb"] {
            assert!(DatabaseUrl::parse(url).is_none(), "{url}");
        }
    }
}
