//! Which methods a path has.

use poem::error::MethodNotAllowedError;
use poem::http::Method;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::layer::Layer;
use super::refusal::Refusal;

/// Path templates and the methods of each.
#[derive(Debug, Default)]
pub struct AllowTable(Vec<(Vec<Segment>, Vec<Method>)>);

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter,
}

impl Segment {
    /// `{name}` as in OpenAPI and `:name` as in routes are parameters.
    fn parse(text: &str) -> Self {
        if text.starts_with(':') || (text.starts_with('{') && text.ends_with('}')) {
            Self::Parameter
        } else {
            Self::Literal(text.to_owned())
        }
    }
}

impl AllowTable {
    /// A table of path templates such as `/clusters/{cluster_id}` with their methods. HEAD is added
    /// wherever GET is.
    pub fn new<T: AsRef<str>>(paths: impl IntoIterator<Item = (T, Vec<Method>)>) -> Self {
        let entry = |(template, mut methods): (T, Vec<Method>)| {
            if methods.contains(&Method::GET) && !methods.contains(&Method::HEAD) {
                methods.push(Method::HEAD);
            }
            (template.as_ref().split('/').map(Segment::parse).collect(), methods)
        };
        Self(paths.into_iter().map(entry).collect())
    }

    /// The methods of a concrete path as a value of `Allow`, in alphabetical order; nothing if no
    /// template fits. Where several fit, the one with the fewest parameters counts, as in the router.
    pub fn allowed(&self, path: &str) -> Option<String> {
        let segments: Vec<&str> = path.split('/').collect();
        let fitting = self.0.iter().filter(|(template, _)| fits(template, &segments));
        let (_, methods) = fitting.min_by_key(|(template, _)| parameters(template))?;
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Some(names.join(", "))
    }
}

fn fits(template: &[Segment], segments: &[&str]) -> bool {
    template.len() == segments.len()
        && template.iter().zip(segments).all(|(template, segment)| match template {
            Segment::Literal(literal) => literal == segment,
            Segment::Parameter => !segment.is_empty(),
        })
}

fn parameters(template: &[Segment]) -> usize {
    template.iter().filter(|segment| **segment == Segment::Parameter).count()
}

/// Gives 405 its `Allow`, which the router leaves out.
///
/// OPTIONS is no exception: it is no operation of the documented interface, and pages of other origins
/// have no business here, so there is no preflight to answer. It gets 405, and `Allow` with it.
pub struct AllowHeader(AllowTable);

impl AllowHeader {
    /// Takes the methods from `table`.
    pub fn new(table: AllowTable) -> Self {
        Self(table)
    }
}

impl Layer for AllowHeader {
    async fn handle<E: Endpoint>(&self, request: Request, next: &E) -> Result<Response> {
        let uri = request.uri().clone();
        match next.call(request).await {
            Err(error) if error.downcast_ref::<MethodNotAllowedError>().is_some() => {
                let allow = self.0.allowed(uri.path()).unwrap_or_default();
                Err(Refusal::MethodNotAllowed { allow }.counted().into())
            }
            outcome => outcome.map(IntoResponse::into_response),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_a_path_are_found() {
        let table = AllowTable::new([
            ("/clusters", vec![Method::POST, Method::GET]),
            ("/clusters/{id}", vec![Method::GET, Method::PATCH, Method::DELETE]),
            ("/clusters/special", vec![Method::PUT]),
            ("/clusters/:id/force-delete", vec![Method::POST]),
            ("/", vec![Method::GET]),
        ]);
        for (path, expected) in [
            ("/clusters", Some("GET, HEAD, POST")),
            ("/clusters/1", Some("DELETE, GET, HEAD, PATCH")),
            ("/clusters/special", Some("PUT")),
            ("/clusters/1/force-delete", Some("POST")),
            ("/", Some("GET, HEAD")),
            ("/clusters/", None),
            ("/clusters/1/other", None),
            ("/nodepools", None),
        ] {
            assert_eq!(table.allowed(path).as_deref(), expected, "{path}");
        }
    }
}
