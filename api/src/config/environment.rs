//! The environment variables and files that settings are read from, passed in so that tests do not depend on the
//! process.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use clap::Arg;

use super::setting;

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// The sources of settings besides the command line.
pub struct Environment<'a> {
    /// The environment variables.
    pub variables: &'a Variables,
    /// Reads a whole file, like [`std::fs::read`].
    pub read_file: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

/// Returns the environment variables of this process. Invalid Unicode is replaced by U+FFFD.
#[must_use]
pub fn process_variables() -> Variables {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

impl Environment<'_> {
    /// Returns the value of a variable. A blank value counts as not set, because shells and manifests often leave
    /// variables blank.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Returns the content of a file, or a message that explains why it cannot be read.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        (self.read_file)(path).map_err(|error| format!("the file cannot be read: {error}"))
    }

    /// Returns a warning for each `HYPERFLEET_` variable that no setting reads.
    ///
    /// Unknown variables are not errors: Kubernetes sets variables with the address of each service, and a service
    /// named `hyperfleet-api` adds names such as `HYPERFLEET_API_SERVICE_HOST`. Such names are not reported.
    pub(super) fn unknown(&self, settings: &[Arg]) -> Vec<String> {
        let read = |name: &str| {
            name == "HYPERFLEET_CONFIG" || settings.iter().flat_map(setting::variables).any(|own| own == name)
        };
        let names = self.variables.iter().filter(|(name, value)| !is_service_link(name, value));
        let unknown =
            names.map(|(name, _)| name).filter(|name| name.starts_with("HYPERFLEET_") && !read(name));
        unknown
            .map(|name| format!("environment variable {name} is not a setting and has no effect"))
            .collect()
    }
}

/// Whether Kubernetes set this variable to publish the address of a service.
fn is_service_link(name: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let part = ["_TCP_", "_UDP_", "_SCTP_"].iter().any(|protocol| name.contains(protocol));
    address || part || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}
