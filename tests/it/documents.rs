//! The URLs of the OpenAPI document and the pages.

use crate::harness::{Answer, TestApp};
use std::collections::BTreeSet;

crate::engines![
    the_document_is_at_every_address_it_was_ever_at,
    the_page_needs_no_other_host,
    the_page_holds_the_document,
    the_start_page_links_to_everything_else,
    guides_are_pages_for_browsers,
    the_console_loads_nothing_from_elsewhere_and_can_be_turned_off,
    the_start_page_is_json_for_programs,
    whoever_has_a_page_is_told_that_it_is_current,
    metadata_tells_what_is_running,
    compatibility_tells_the_contract,
];

async fn the_document_is_at_every_address_it_was_ever_at(app: TestApp) {
    let served = api::openapi::Document::new(false);
    let document = served.value();
    for path in ["/openapi", "/openapi.json", "/api/hyperfleet/v1/openapi"] {
        let answer = app.get(path).await;
        assert!(answer.status(200).header("content-type").starts_with("application/json"), "{path}");
        answer.body(document);
    }
    let yaml = app.get("/openapi.yaml").await;
    assert_eq!(yaml.status(200).header("content-type"), "application/yaml");
    assert_eq!(yaml.text, served.yaml());
    assert!(yaml.text.contains("\nopenapi: "), "no version");
    let version = document["openapi"].as_str().expect("a version");
    assert!(version.starts_with("3.0."), "{version}");
}

/// Returns the values of an attribute, with either kind of quotes.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=");
    let parts = html.split(&start).skip(1).map(str::trim_start);
    let values = parts.filter_map(|part| {
        let quote = part.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        part[1..].split(quote).next()
    });
    values.collect::<Vec<_>>()
}

/// Returns the page without the content of its scripts.
fn without_scripts(html: &str) -> String {
    let (mut text, mut rest) = (String::new(), html);
    while let Some((before, script)) = rest.split_once("<script") {
        let (tag, script) = script.split_once('>').expect("a start tag");
        let (_, after) = script.split_once("</script>").expect("an end tag");
        text.extend([before, "<script", tag, ">"]);
        rest = after;
    }
    text + rest
}

async fn the_page_needs_no_other_host(app: TestApp) {
    for path in ["/openapi-ui", "/api/hyperfleet/v1/openapi.html"] {
        let page = app.get(path).await;
        assert!(page.status(200).header("content-type").starts_with("text/html"), "{path}");
        assert!(page.text.contains("swagger"), "{path}");
        let html = without_scripts(&page.text);
        for name in ["src", "href", "action", "data", "srcset", "poster"] {
            for value in attributes(&html, name) {
                assert!(value.starts_with("data:") || value.starts_with('#'), "{path}: {name}={value}");
            }
        }
        for loading in ["@import", "url(http", "url(//", "url(\"http", "url('http"] {
            assert!(!html.contains(loading), "{path}: {loading}");
        }
    }
}

async fn the_page_holds_the_document(app: TestApp) {
    let page = app.get("/openapi-ui").await;
    for operation in ["postCluster", "forceDeleteNodePool", "putClusterStatuses"] {
        assert!(page.status(200).text.contains(operation), "{operation}");
    }
    // The page contains the document instead of its URL, so Swagger UI does not contact an external validator either.
    assert!(page.text.contains("SwaggerUIBundle({"), "the bundle is started in the page");
}

async fn the_start_page_links_to_everything_else(app: TestApp) {
    let page = app.get("/").await;
    assert_eq!(page.status(200).header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("vary").to_ascii_lowercase().contains("accept"), "{}", page.header("vary"));
    assert!(!page.text.contains("<script"), "{}", page.text);
    let guides = app.get("/docs").await;
    assert_eq!(guides.status(200).header("content-type"), "text/html; charset=utf-8");
    let links = [attributes(&page.text, "href"), attributes(&guides.text, "href")].concat();
    app.get("/docs/").await.status(200);
    for path in api::pages::paths() {
        let others = [
            "/",
            "/openapi",
            "/api/hyperfleet/v1/openapi",
            "/api/hyperfleet/v1/openapi.html",
            "/console.js",
            "/console.css",
        ];
        assert!(others.contains(&path) || links.contains(&path), "{path}: {links:?}");
    }
    for link in &links {
        let url = if link.starts_with('/') { format!("{}{link}", app.url) } else { (*link).to_owned() };
        Answer::of(app.client.get(url)).await.status(200);
    }
    assert!(links.contains(&format!("{}/readyz", app.health_url).as_str()), "{links:?}");
    let icon = app.get("/favicon.ico").await;
    assert_eq!(icon.status(200).header("content-type"), "image/svg+xml");
    app.post("/", serde_json::json!({})).await.problem(405, "HYPERFLEET-NTF-000");
}

async fn guides_are_pages_for_browsers(app: TestApp) {
    let get = async |path: &str| {
        Answer::of(app.request("GET", path).header("accept", "text/html, */*;q=0.8")).await
    };
    let (mut guides, mut links_to_sections) = (0, 0);
    for path in api::pages::paths().filter(|path| path.starts_with("/docs/") && path.ends_with(".md")) {
        let text = app.get(path).await;
        assert_eq!(text.status(200).header("content-type"), "text/plain; charset=utf-8", "{path}");
        assert!(text.text.starts_with("# "), "{path}");
        let page = get(path).await;
        assert_eq!(page.status(200).header("content-type"), "text/html; charset=utf-8", "{path}");
        for answer in [&text, &page] {
            assert!(answer.header("vary").to_ascii_lowercase().contains("accept"), "{path}");
        }
        assert_ne!(page.header("etag"), text.header("etag"), "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none';"), "{path}");
        assert!(!page.text.contains("<script") && !page.text.contains("style="), "{path}");
        let ids = attributes(&page.text, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{path}: {ids:?}");
        assert_eq!(attributes(&page.text, "aria-current"), ["page"], "{path}");
        for link in attributes(&page.text, "href") {
            let (target, section) = link.split_once('#').unwrap_or((link, ""));
            if target.starts_with("https://") {
                continue;
            }
            let target = match target {
                "" => path.to_owned(),
                target if target.starts_with('/') => target.to_owned(),
                target => format!("/docs/{target}"),
            };
            let found = get(&target).await;
            found.status(200);
            assert!(section.is_empty() || attributes(&found.text, "id").contains(&section), "{path}: {link}");
            links_to_sections += usize::from(target != path && !section.is_empty());
        }
        guides += 1;
    }
    assert!(
        guides >= 11 && links_to_sections >= 3,
        "{guides} guides, {links_to_sections} links to sections of others"
    );
}

async fn the_console_loads_nothing_from_elsewhere_and_can_be_turned_off(app: TestApp) {
    let mut size = 0;
    for path in ["/console", "/console.js", "/console.css"] {
        let page = app.get(path).await;
        let policy = page.status(200).header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{path}");
        assert!(!page.text.contains("innerHTML"), "{path}: what is shown must never be markup");
        size += page.text.len();
    }
    assert!(size <= 80_000, "{size}");
    let without = app.replica(&[("HYPERFLEET_SERVER_CONSOLE_ENABLED", "false")]).await;
    without.get("/console").await.problem(404, "HYPERFLEET-NTF-000");
    assert!(!without.get("/").await.text.contains("console"));
}

async fn the_start_page_is_json_for_programs(app: TestApp) {
    let page = Answer::of(app.request("GET", "/").header("accept", "application/json")).await;
    assert_eq!(page.status(200).header("content-type"), "application/json");
    assert_eq!(page.at("/name"), "HyperFleet API");
    let links = page.at("/links").as_object().expect("links").values();
    for link in links.flat_map(|link| link.as_array().map_or(std::slice::from_ref(link), Vec::as_slice)) {
        let link = link.as_str().expect("a text");
        let url = if link.starts_with('/') { format!("{}{link}", app.url) } else { link.to_owned() };
        Answer::of(app.client.get(url)).await.status(200);
    }
}

async fn whoever_has_a_page_is_told_that_it_is_current(app: TestApp) {
    for path in api::pages::paths() {
        let page = app.get(path).await;
        assert_eq!(page.status(200).header("cache-control"), "no-cache", "{path}");
        let tag = page.header("etag");
        for tags in [tag.to_owned(), format!("W/{tag}"), format!("\"1\", {tag}"), "*".to_owned()] {
            let known = Answer::of(app.request("GET", path).header("if-none-match", &tags)).await;
            assert_eq!((known.status(304).header("etag"), known.text.as_str()), (tag, ""), "{path} {tags}");
            assert_eq!(known.header("cache-control"), "no-cache", "{path}");
        }
        let other = Answer::of(app.request("GET", path).header("if-none-match", "\"1\"")).await;
        assert_eq!(other.status(200).text, page.text, "{path}");
        // Also when the response would be compressed.
        let zipped = app.request("GET", path).header("accept-encoding", "gzip").header("if-none-match", tag);
        Answer::of(zipped).await.status(304);
    }
}

async fn metadata_tells_what_is_running(app: TestApp) {
    for path in ["/api/hyperfleet", "/api/hyperfleet/v1"] {
        let metadata = app.get(path).await;
        assert_eq!(metadata.status(200).at("/id"), "hyperfleet");
        assert_eq!(metadata.at("/kind"), "API");
        assert_eq!(metadata.at("/href"), path);
        assert!(!metadata.text_at("/version").is_empty() && !metadata.text_at("/build").is_empty());
    }
}

async fn compatibility_tells_the_contract(app: TestApp) {
    let compatibility = app.get("compatibility").await;
    assert_eq!(compatibility.status(200).at("/api_version"), "v1");
    assert_eq!(compatibility.at("/compatible"), true);
    assert!(compatibility.at("/features").as_array().is_some_and(|features| !features.is_empty()));
}
