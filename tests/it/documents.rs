//! The addresses of the document and of its page.

use crate::harness::TestApp;

crate::engines![
    the_document_is_at_every_address_it_was_ever_at,
    the_page_needs_no_other_host,
    the_page_holds_the_document,
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

/// The values of an attribute, in whatever quotes.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=");
    let parts = html.split(&start).skip(1).map(str::trim_start);
    let values = parts.filter_map(|part| {
        let quote = part.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        part[1..].split(quote).next()
    });
    values.collect::<Vec<_>>()
}

/// The page without what its scripts say.
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
    // Given a document and not an address, the page asks no validator of another host either.
    assert!(page.text.contains("SwaggerUIBundle({"), "the bundle is started in the page");
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
