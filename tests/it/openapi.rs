//! The served document, and whether answers are what it says.

mod answers;
mod schemas;

/// Method, path and description of each operation.
fn operations() -> Vec<(&'static str, &'static str, &'static serde_json::Value)> {
    let paths = api::openapi::document()["paths"].as_object().expect("paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    all.collect()
}

#[test]
fn refusals_are_described_with_their_headers() {
    let expected = [("401", "WWW-Authenticate"), ("429", "Retry-After"), ("503", "Retry-After")];
    let mut seen = 0;
    for (method, path, operation) in operations() {
        for (status, header) in expected {
            let response = &operation["responses"][status];
            if !response.is_null() {
                assert!(response["headers"][header].is_object(), "{method} {path} {status}");
                seen += 1;
            }
        }
        let asks_for_a_token = operation["security"].is_array();
        assert_eq!(operation["responses"]["401"].is_object(), asks_for_a_token, "{method} {path}");
    }
    assert!(seen > 80, "{seen}");
}

#[test]
fn headers_are_spelled_as_everywhere_else() {
    let cluster =
        &api::openapi::document()["paths"]["/api/hyperfleet/v1/clusters"]["post"]["responses"]["201"];
    let headers: Vec<_> = cluster["headers"].as_object().expect("headers").keys().collect();
    assert_eq!(headers, ["ETag", "Location"]);
    let shouted = operations().into_iter().filter(|(.., operation)| {
        let responses = operation["responses"].as_object().into_iter().flatten();
        let names = responses.filter_map(|(_, response)| response["headers"].as_object()).flatten();
        names.into_iter().any(|(name, _)| !name.bytes().any(|byte| byte.is_ascii_lowercase()))
    });
    assert_eq!(shouted.count(), 0);
}

#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let checked_in = include_str!("../../api/openapi.json");
    let command = "cargo run -- openapi > api/openapi.json";
    assert!(checked_in == api::openapi::document_json(), "api/openapi.json is not current: run `{command}`");
}
