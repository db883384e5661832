//! The table of operations by method and path, shared by `Allow`, authentication, metrics and the log.

use crate::problem::{ApiError, Code, RefusalReason};
use crate::{openapi, pages};
use matchit::{Match, Router};
use poem::http::{Method, header};
use poem_openapi::registry::MetaOperation;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// The operation id.
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path with the names of its parameters, as in the document.
    pub path: String,
    /// The path in metrics, without ids: each id would create a separate time series.
    pub metrics_path: String,
    /// Whether the operation requires a token.
    pub secured: bool,
    /// The first success status in the document.
    pub success: Option<String>,
}

impl Operation {
    /// Returns the labels of the operation's metrics.
    pub(crate) fn labels(&self, code: String) -> [(&'static str, String); 3] {
        [("method", self.method.to_string()), ("path", self.metrics_path.clone()), ("code", code)]
    }

    /// Counts a request that was answered with this status, and records its duration unless it was only waiting.
    pub(crate) fn count(&self, status: u16, elapsed: Option<Duration>) {
        let labels = self.labels(status.to_string());
        metrics::counter!("hyperfleet_api_requests_total", &labels).increment(1);
        if let Some(elapsed) = elapsed {
            metrics::histogram!("hyperfleet_api_request_duration_seconds", &labels)
                .record(elapsed.as_secs_f64());
        }
    }
}

/// The operations at one path.
#[derive(Debug)]
struct PathItem {
    operations: Vec<Operation>,
    /// The allowed methods in alphabetical order, as the value of `Allow`.
    allow: String,
}

/// The operation that a request matches.
#[derive(Clone, Copy, Debug)]
pub enum Matched {
    /// An operation.
    Operation(&'static Operation),
    /// No operation. The router may still serve the path, for example the document.
    Nothing,
    /// A method that the path does not support; contains the methods it supports.
    WrongMethod(&'static str),
}

/// All path items by path, without a trailing slash.
static PATHS: LazyLock<BTreeMap<String, PathItem>> = LazyLock::new(|| {
    let mut paths: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, operation) in openapi::operations() {
        let operation = read(&path, operation);
        paths.entry(path).or_default().push(operation);
    }
    let pages = pages::paths().map(|path| (path.to_owned(), Vec::new()));
    paths.into_iter().chain(pages).map(|(path, operations)| (path, path_item(operations))).collect()
});

/// Finds the path item of a path. As in the framework's router, a literal segment takes precedence over a parameter.
static ROUTER: LazyLock<Router<&'static PathItem>> = LazyLock::new(|| {
    let mut router = Router::new();
    for (path, item) in PATHS.iter() {
        // The framework's router has already refused ambiguous paths, so the insertion does not fail.
        let _ = router.insert(path, item);
    }
    router
});

fn read(path: &str, operation: MetaOperation) -> Operation {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "-" } else { part });
    let mut statuses = operation.responses.responses.iter().filter_map(|response| response.status);
    Operation {
        id: operation.operation_id.unwrap_or_default().to_owned(),
        method: operation.method,
        path: path.to_owned(),
        metrics_path: parts.collect::<Vec<_>>().join("/"),
        secured: !operation.security.is_empty(),
        success: statuses.find(|status| (200..300).contains(status)).map(|status| status.to_string()),
    }
}

/// Builds a path item. A path without operations is a page, which supports GET. Operations that never succeed are
/// not listed.
fn path_item(operations: Vec<Operation>) -> PathItem {
    let offered = operations.iter().filter(|operation| operation.success.is_some());
    let mut methods: Vec<&str> = offered.map(|operation| operation.method.as_str()).collect();
    if methods.is_empty() {
        methods.push("GET");
    }
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    PathItem { allow: methods.join(", "), operations }
}

/// Returns all operations, in the order of the document.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    PATHS.values().flat_map(|item| &item.operations)
}

impl Matched {
    /// Matches a request for `path`. One trailing slash is ignored.
    pub fn of(method: &Method, path: &str) -> Self {
        let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        let Ok(Match { value: item, .. }) = ROUTER.at(path) else { return Self::Nothing };
        match item.operations.iter().find(|operation| operation.method == *method) {
            Some(operation) => Self::Operation(operation),
            None if item.operations.is_empty() && *method == Method::GET => Self::Nothing,
            None => Self::WrongMethod(&item.allow),
        }
    }

    /// Returns the operation, if there is one.
    pub fn operation(self) -> Option<&'static Operation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Nothing | Self::WrongMethod(_) => None,
        }
    }

    /// Refuses a method that the path does not support. This includes OPTIONS, which is not an operation of the
    /// document.
    pub fn check_method(self) -> Result<(), ApiError> {
        let Self::WrongMethod(allow) = self else { return Ok(()) };
        let detail = match allow.rsplit_once(", ") {
            Some((others, last)) => format!("Method not allowed; use {others} or {last}"),
            None => format!("Method not allowed; use {allow}"),
        };
        let error = ApiError::new(Code::METHOD_NOT_ALLOWED, detail);
        Err(error.with_header(header::ALLOW, allow).refused_by(RefusalReason::MethodNotAllowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_found() {
        let prefix = "/api/hyperfleet/v1";
        for (method, path, expected) in [
            ("GET", "/clusters", "getClusters"),
            ("GET", "/clusters/", "getClusters"),
            ("GET", "/clusters//", "none"),
            ("GET", "/clusters/1", "getClusterById"),
            ("PATCH", "/clusters/1/", "patchClusterById"),
            ("GET", "/clusters/1/other", "none"),
            ("GET", "", "getVersionMetadata"),
            ("PUT", "", "GET, HEAD"),
            ("PUT", "/clusters", "GET, HEAD, POST"),
            ("OPTIONS", "/clusters/1", "DELETE, GET, HEAD, PATCH"),
            ("PUT", "/clusters/1/force-delete", "POST"),
            ("GET", "/openapi", "none"),
            ("POST", "/openapi/", "GET, HEAD"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let found = match Matched::of(&method, &format!("{prefix}{path}")) {
                Matched::Operation(operation) => &operation.id,
                Matched::WrongMethod(allow) => allow,
                Matched::Nothing => "none",
            };
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn every_operation_is_found_at_its_path() {
        for operation in all() {
            let found = Matched::of(&operation.method, &operation.metrics_path).operation();
            let id = found.map(|found| &found.id);
            assert_eq!(id, Some(&operation.id), "{} {}", operation.method, operation.path);
        }
    }

    #[test]
    fn metrics_have_no_ids_in_their_paths() {
        let paths: Vec<_> = all().map(|operation| operation.metrics_path.as_str()).collect();
        assert!(paths.contains(&"/api/hyperfleet/v1/clusters/-/statuses"), "{paths:?}");
        assert!(paths.iter().all(|path| !path.contains('{')), "{paths:?}");
    }
}
