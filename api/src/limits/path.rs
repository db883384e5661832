//! Paths that end in a slash.

use std::sync::Arc;

use poem::http::Uri;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// Ignores one slash at the end of the path, but not in the path `/` itself.
pub(crate) async fn trailing_slash(next: Arc<impl Endpoint>, mut request: Request) -> Result<Response> {
    if let Some(uri) = without_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.call(request).await.map(IntoResponse::into_response)
}

/// The address without the slash, if there is one to take off.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_is_taken_off() {
        for (uri, expected) in [
            ("/", None),
            ("/a", None),
            ("/a/", Some("/a")),
            ("/a//", Some("/a/")),
            ("/a/?b=/", Some("/a?b=/")),
            ("/a?b=/", None),
            ("//", Some("/")),
            ("http://host/a/?b", Some("http://host/a?b")),
        ] {
            let shortened = without_slash(&uri.parse().expect("a URI"));
            assert_eq!(shortened.map(|uri| uri.to_string()).as_deref(), expected, "{uri}");
        }
    }
}
