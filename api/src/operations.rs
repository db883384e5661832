//! What can be asked for, by method and path: the one table that `Allow`, authentication, metrics and the log use.

use crate::problem::{ApiError, Code};
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
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path with the names of its parameters, as the document has it.
    pub path: String,
    /// Its path in metrics: ids would make a series of their own each.
    pub metrics_path: String,
    /// Whether a caller must present a token.
    pub secured: bool,
    /// The first status that the document has for its success.
    pub success: Option<String>,
}

impl Operation {
    /// The labels of its metrics.
    pub(crate) fn labels(&self, code: String) -> [(&'static str, String); 3] {
        [("method", self.method.to_string()), ("path", self.metrics_path.clone()), ("code", code)]
    }

    /// Counts a request that was answered with this status, and measures it unless it only waited.
    pub(crate) fn count(&self, status: u16, elapsed: Option<Duration>) {
        let labels = self.labels(status.to_string());
        metrics::counter!("hyperfleet_api_requests_total", &labels).increment(1);
        if let Some(elapsed) = elapsed {
            metrics::histogram!("hyperfleet_api_request_duration_seconds", &labels)
                .record(elapsed.as_secs_f64());
        }
    }
}

/// What can be done at a path.
#[derive(Debug)]
struct PathItem {
    operations: Vec<Operation>,
    /// The methods, in alphabetical order, as a value of `Allow`.
    allow: String,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub enum Matched {
    /// An operation.
    Operation(&'static Operation),
    /// Something else that the router may know, as the document is.
    Nothing,
    /// A method that the path does not have, but these.
    WrongMethod(&'static str),
}

/// All places by their paths, without a slash at the end.
static PATHS: LazyLock<BTreeMap<String, PathItem>> = LazyLock::new(|| {
    let mut paths: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, operation) in openapi::operations() {
        let operation = read(&path, operation);
        paths.entry(path).or_default().push(operation);
    }
    let pages = pages::paths().map(|path| (path.to_owned(), Vec::new()));
    paths.into_iter().chain(pages).map(|(path, operations)| (path, path_item(operations))).collect()
});

/// Finds the place of a path. As in the router of the framework, a part of a path is a parameter only if there is no place
/// that names it.
static ROUTER: LazyLock<Router<&'static PathItem>> = LazyLock::new(|| {
    let mut router = Router::new();
    for (path, item) in PATHS.iter() {
        // The router of the framework has refused paths that cannot be told apart.
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

/// A place without operations is a page, which is read with GET. An operation that never succeeds is not offered.
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

/// All operations, in the order of the document.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    PATHS.values().flat_map(|item| &item.operations)
}

impl Matched {
    /// What a request for `path` asks for; one slash at its end is ignored.
    pub fn of(method: &Method, path: &str) -> Self {
        let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
        let Ok(Match { value: item, .. }) = ROUTER.at(path) else { return Self::Nothing };
        match item.operations.iter().find(|operation| operation.method == *method) {
            Some(operation) => Self::Operation(operation),
            None if item.operations.is_empty() && *method == Method::GET => Self::Nothing,
            None => Self::WrongMethod(&item.allow),
        }
    }

    /// The operation, if it is one.
    pub fn operation(self) -> Option<&'static Operation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Nothing | Self::WrongMethod(_) => None,
        }
    }

    /// Refuses a method that the path does not have. OPTIONS is no exception: it is no operation of the document.
    ///
    /// # Errors
    /// 405 with `Allow`.
    pub fn check_method(self) -> Result<(), ApiError> {
        let Self::WrongMethod(allow) = self else { return Ok(()) };
        let detail = match allow.rsplit_once(", ") {
            Some((others, last)) => format!("Method not allowed; use {others} or {last}"),
            None => format!("Method not allowed; use {allow}"),
        };
        let error = ApiError::new(Code::METHOD_NOT_ALLOWED, detail);
        Err(error.with_header(header::ALLOW, allow).refused_by("method_not_allowed"))
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
