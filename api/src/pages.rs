//! The pages beside the operations: the start page, the document and its Swagger UI page, the guides and the
//! console. They are public and the same for every client, so a client that has the current version gets 304.

use crate::dto::EntityTags;
use crate::guides::{GUIDES, Guide};
use crate::openapi;
use bytes::Bytes;
use poem::http::{HeaderMap, StatusCode, header};
use poem::{Endpoint, Request, Response, Route, endpoint::make_sync};
use serde_json::json;
use service::BASE_PATH;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

/// Returns the paths of all pages.
pub fn paths() -> impl Iterator<Item = &'static str> {
    let pages = PAGES.iter().flat_map(|(paths, _)| *paths).copied();
    std::iter::once("/").chain(pages).chain(GUIDES.iter().map(|guide| guide.path))
}

/// Builds a page, which may contain the document.
type Make = fn(&openapi::Document) -> Page;

/// All pages except the start page and the guides, with their paths. The console contains no data: it requests the
/// data it shows with the credentials of its user.
const PAGES: [(&[&str], Make); 9] = [
    (&["/docs"], |_| Page::new(HTML, documentation()).same_origin_only()),
    (&["/favicon.ico"], |_| Page::new("image/svg+xml", openapi::ICON)),
    (&[STYLE], |_| Page::new("text/css; charset=utf-8", include_str!("pages.css"))),
    (&["/openapi", "/openapi.json", "/api/hyperfleet/v1/openapi"], |document| {
        Page::new("application/json", document.json())
    }),
    (&["/openapi.yaml"], |document| Page::new("application/yaml", document.yaml())),
    (&["/openapi-ui", "/api/hyperfleet/v1/openapi.html"], |document| Page::new(HTML, document.swagger_ui())),
    (&[CONSOLE], |_| Page::new(HTML, include_str!("console/index.html")).same_origin_only()),
    (&["/console.js"], |_| {
        Page::new("text/javascript; charset=utf-8", include_str!("console/console.js")).same_origin_only()
    }),
    (&["/console.css"], |_| {
        Page::new("text/css; charset=utf-8", include_str!("console/console.css")).same_origin_only()
    }),
];

/// The common prefix of the console's paths.
const CONSOLE: &str = "/console";

/// The stylesheet of the start page and of the guides.
const STYLE: &str = "/style.css";

/// The content security policy of pages: they may load from and connect to this server only.
const SAME_ORIGIN_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                              img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// Returns the routes of all pages; those of the console only if `console` is set. `ports` are the health port and
/// the metrics port.
pub(crate) fn routes(document: &openapi::Document, ports: [u16; 2], console: bool) -> Route {
    let start = poem::get(make_sync(move |request| start(&request, ports, console)));
    let mut routes = Route::new().at("/", start);
    for guide in &GUIDES {
        routes = routes.at(guide.path, guide_endpoint(guide));
    }
    for (paths, make) in PAGES.iter().filter(|(paths, _)| console || !paths[0].starts_with(CONSOLE)) {
        let page = make(document);
        routes = paths.iter().fold(routes, |routes, path| routes.at(path, page.clone().endpoint()));
    }
    routes
}

/// Serves a guide as HTML to browsers and as text to other clients. The HTML is rendered when it is first requested.
fn guide_endpoint(guide: &'static Guide) -> impl Endpoint {
    let text = Page::new("text/plain; charset=utf-8", guide.text).same_origin_only();
    let html = |content: String| Page::new(HTML, page(guide.title, &content)).same_origin_only();
    let html = LazyLock::new(move || guide.rendered().map(html));
    poem::get(make_sync(move |request: Request| match &*html {
        Some(html) => {
            varying_by_accept(if wants_html(request.headers()) { html } else { &text }, request.headers())
        }
        None => text.answer(request.headers()),
    }))
}

/// Returns a page that was chosen by the header `Accept`.
fn varying_by_accept(page: &Page, headers: &HeaderMap) -> Response {
    let mut answer = page.answer(headers);
    answer.headers_mut().append(header::VARY, header::HeaderValue::from_name(header::ACCEPT));
    answer
}

/// A constant document.
#[derive(Clone)]
struct Page {
    content_type: &'static str,
    text: Bytes,
    /// The number in the entity tag, a hash of the text. It is the same on every replica of one version.
    tag: i64,
    same_origin_only: bool,
}

impl Page {
    fn new(content_type: &'static str, text: impl Into<Bytes>) -> Self {
        let (text, mut hasher): (Bytes, _) = (text.into(), DefaultHasher::new());
        text.hash(&mut hasher);
        let tag = (hasher.finish() >> 1).cast_signed();
        Self { content_type, text, tag, same_origin_only: false }
    }

    /// Adds the content security policy that restricts the page to this server.
    fn same_origin_only(self) -> Self {
        Self { same_origin_only: true, ..self }
    }

    /// Returns an endpoint that serves the page for GET.
    fn endpoint(self) -> impl Endpoint {
        poem::get(make_sync(move |request: Request| self.answer(request.headers())))
    }

    /// Returns the page, or 304 if the client has the current version.
    fn answer(&self, headers: &HeaderMap) -> Response {
        // Clients may store the page but must revalidate it, so that the old text is not shown after an upgrade.
        let mut answer = Response::builder()
            .header(header::ETAG, format!("\"{}\"", self.tag))
            .header(header::CACHE_CONTROL, "no-cache");
        if self.same_origin_only {
            answer = answer.header(header::CONTENT_SECURITY_POLICY, SAME_ORIGIN_POLICY);
        }
        let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        match known.and_then(EntityTags::parse) {
            Some(tags) if tags.matches(self.tag) => answer.status(StatusCode::NOT_MODIFIED).finish(),
            _ => answer.content_type(self.content_type).body(self.text.clone()),
        }
    }
}

/// Returns the start page with links to all other pages, or the links as JSON for programs that request JSON.
fn start(request: &Request, ports: [u16; 2], console: bool) -> Response {
    let host = host(request);
    let [health, metrics] = ports.map(|port| format!("http://{host}:{port}"));
    let [ready, metrics] = [format!("{health}/readyz"), format!("{metrics}/metrics")];
    let page = if wants_json(request.headers()) {
        let mut links = json!({
            "api": BASE_PATH, "ui": "/openapi-ui", "document": "/openapi.json", "health": ready,
            "metrics": metrics, "docs": GUIDES.each_ref().map(|guide| guide.path),
        });
        if console {
            links["console"] = "/console".into();
        }
        let text = json!({
            "name": "HyperFleet API", "version": crate::VERSION, "build": crate::COMMIT, "links": links,
        });
        Page::new("application/json", text.to_string())
    } else {
        Page::new(HTML, html(&ready, &metrics, console))
    };
    varying_by_accept(&page.same_origin_only(), request.headers())
}

/// Whether the client accepts JSON and not HTML.
fn wants_json(headers: &HeaderMap) -> bool {
    accepts(headers, "application/json") && !accepts(headers, "text/html")
}

/// Whether the client accepts HTML and not text, as browsers do.
fn wants_html(headers: &HeaderMap) -> bool {
    accepts(headers, "text/html") && !accepts(headers, "text/plain") && !accepts(headers, "text/markdown")
}

/// Whether the client's `Accept` header contains this media type.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(',')).filter_map(|member| member.split(';').next());
    types.any(|name| name.trim().eq_ignore_ascii_case(media_type))
}

/// Returns the name by which the client addresses this host, without the port.
fn host(request: &Request) -> &str {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let without_port = |host: &'_ str| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name.len(),
        _ => host.len(),
    };
    // The name is inserted into the page, so only plain characters are allowed.
    let plain = |host: &&str| {
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte)) && !host.is_empty()
    };
    named.map(|host| &host[..without_port(host)]).filter(plain).unwrap_or("localhost")
}

fn html(ready: &str, metrics: &str, console: bool) -> String {
    let console = if console {
        "<dt><a href=\"/console\">Console</a></dt>\n<dd>Look at the fleet as it changes.</dd>\n"
    } else {
        ""
    };
    let (version, build) = (crate::VERSION, crate::COMMIT);
    let content = format!(
        "<main>
<h1>HyperFleet API</h1>
<p>The system of record for a fleet of Kubernetes clusters and their node pools. Version {version} ({build}).</p>
<dl>
{console}<dt><a href=\"/openapi-ui\">Swagger UI</a></dt>
<dd>Read about the operations and try them out.</dd>
<dt><a href=\"/docs\">Documentation</a></dt>
<dd>Guides for users, for authors of adapters and controllers, and for operators.</dd>
<dt><a href=\"/openapi.json\">OpenAPI document</a>, <a href=\"/openapi.yaml\">as YAML</a></dt>
<dd>For generating clients.</dd>
<dt><a href=\"{BASE_PATH}\">{BASE_PATH}</a></dt>
<dd>The API, for example <a href=\"{BASE_PATH}/clusters\">clusters</a> and
<a href=\"{BASE_PATH}/nodepools\">node pools</a>.</dd>
<dt><a href=\"{ready}\">Health</a>, <a href=\"{metrics}\">metrics</a></dt>
<dd>On ports of their own.</dd>
</dl>
</main>"
    );
    page("HyperFleet API", &content)
}

/// Returns the page with links to the guides.
fn documentation() -> String {
    let item = |Guide { path, title, .. }: &Guide| format!("<li><a href=\"{path}\">{title}</a></li>\n");
    let items: String = GUIDES.iter().map(item).collect();
    page("Documentation", &format!("<main>\n<h1>Documentation</h1>\n<ul>\n{items}</ul>\n</main>"))
}

fn page(title: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>{title}</title>
<link rel=\"icon\" href=\"/favicon.ico\">
<link rel=\"stylesheet\" href=\"{STYLE}\">
</head>
<body>
<header><a href=\"/\">HyperFleet API</a> <a href=\"/docs\">Documentation</a></header>
{content}
</body>
</html>
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("application/json", true),
            ("text/plain, Application/JSON;q=0.9", true),
            ("text/html, application/json", false),
            ("application/jsonp", false),
        ] {
            let request = Request::builder().header(header::ACCEPT, accept).finish();
            assert_eq!(wants_json(request.headers()), expected, "{accept}");
        }
        assert!(!wants_json(&HeaderMap::new()));
    }

    #[test]
    fn guides_are_pages_for_browsers_and_text_for_everyone_else() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("Text/HTML", true),
            ("text/markdown, text/html;q=0.9, */*;q=0.1", false),
        ] {
            let request = Request::builder().header(header::ACCEPT, accept).finish();
            assert_eq!(wants_html(request.headers()), expected, "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }

    #[test]
    fn the_host_is_the_one_the_caller_names_if_it_is_harmless() {
        for (named, expected) in [
            ("localhost:8000", "localhost"),
            ("api.example.com", "api.example.com"),
            ("[::1]:8000", "[::1]"),
            ("[::1]", "[::1]"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("\"><script>", "localhost"),
            ("", "localhost"),
            (":80", "localhost"),
        ] {
            let request = Request::builder().header(header::HOST, named).finish();
            assert_eq!(host(&request), expected, "{named}");
        }
        assert_eq!(host(&Request::builder().finish()), "localhost");
    }
}
