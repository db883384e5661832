//! The effective settings as a YAML file, with the source of each value. Strings are written as in JSON.

use super::sources::Sources;
use super::url::MASK;
use super::{Config, setting};
use service::Dialect;

impl Config {
    /// Returns one line per setting. Secrets are masked.
    #[must_use]
    pub fn to_yaml(&self, sources: &Sources<'_>) -> String {
        let (mut shown, mut open): (String, Vec<&str>) = (String::new(), Vec::new());
        for arg in &sources.settings {
            let key = arg.get_id().as_str();
            let mut sections: Vec<&str> = key.split('.').collect();
            let name = sections.pop().unwrap_or_default();
            let common = sections.iter().zip(&open).take_while(|(a, b)| a == b).count();
            for (depth, section) in sections.iter().enumerate().skip(common) {
                shown += &format!("{:1$}{section}:\n", "", 2 * depth);
            }
            let given = sources.given(key);
            let default = arg.get_default_values().first().map(|text| text.to_string_lossy().into_owned());
            let default = default.filter(|text| !text.is_empty());
            let value = match given.map(|given| given.text.clone()).or(default) {
                _ if key == "database.url" => quoted(&self.database.url.to_string()),
                _ if key == "server.jwt.enabled" => self.server.jwt.is_enabled().to_string(),
                None => "null".to_owned(),
                Some(_) if setting::is_secret(arg) => {
                    let url = self.database.read_url.as_ref().filter(|_| key == "database.read_url");
                    quoted(&url.map_or(MASK.to_owned(), ToString::to_string))
                }
                Some(text) if !setting::is_text(arg) && is_json(&text) => text,
                Some(text) => quoted(&text),
            };
            let default =
                self.effective_default(key).map_or("default".to_owned(), |value| format!("default: {value}"));
            let origin = given.map_or(&default, |given| &given.origin);
            shown += &format!("{:1$}{name}: {value}  # {origin}\n", "", 2 * sections.len());
            open = sections;
        }
        shown
    }

    /// Returns the default of a setting whose default depends on the database.
    fn effective_default(&self, key: &str) -> Option<String> {
        let dialect = Dialect::of_url(self.database.url.expose());
        Some(match key {
            "database.pool.max_connections" => dialect.pool_size().to_string(),
            "database.auto_migrate" => dialect.migrates_itself().to_string(),
            "database.ssl.mode" if dialect == Dialect::Postgres => {
                "that of the URL, or prefer; with an authority verify-ca".to_owned()
            }
            "changes.retention" => format!("{}h", self.changes.retention(dialect).time.num_hours()),
            _ => return None,
        })
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}
