//! The world outside the command line, passed in so that a test needs none of the process's own.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use clap::Arg;

use super::setting;

/// Environment variables by name.
pub type Variables = BTreeMap<String, String>;

/// Where settings come from besides the command line.
pub struct Environment<'a> {
    /// Environment variables.
    pub variables: &'a Variables,
    /// Reads a whole file, as [`std::fs::read`] does.
    pub read_file: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

/// The environment variables of this process. Text that is not Unicode keeps its readable part.
#[must_use]
pub fn process_variables() -> Variables {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

impl Environment<'_> {
    /// A variable. A blank one counts as not set, as shells and manifests often leave them.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The content of a file, or a sentence on why there is none.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        (self.read_file)(path).map_err(|error| format!("the file cannot be read: {error}"))
    }

    /// A sentence for every `HYPERFLEET_` variable that no setting reads.
    ///
    /// Not an error: Kubernetes puts the address of every service into the environment, and a service named
    /// `hyperfleet-api` gives `HYPERFLEET_API_SERVICE_HOST` and the like, which are left out here.
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

/// Whether Kubernetes made this variable to tell where a service is.
fn is_service_link(name: &str, value: &str) -> bool {
    let address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let part = ["_TCP_", "_UDP_", "_SCTP_"].iter().any(|protocol| name.contains(protocol));
    address || part || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}
