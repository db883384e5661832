//! Checks that the values schema of the chart contains exactly the settings of the program.

use std::collections::BTreeSet;

use serde_json::Value;

use super::World;

/// The prefixes of settings that the chart sets itself or offers as separate values.
const OWN: [&str; 3] = ["health.", "database.", "server.jwt."];

/// Collects the dotted names of the properties below an object of the schema.
fn properties(schema: &Value, above: &str, found: &mut BTreeSet<String>) {
    let Some(inner) = schema["properties"].as_object() else {
        found.insert(above.to_owned());
        return;
    };
    for (name, schema) in inner {
        properties(schema, format!("{above}.{name}").trim_start_matches('.'), found);
    }
}

/// Returns the names of the settings, from the output of `config`.
fn settings() -> BTreeSet<String> {
    let (mut found, mut path) = (BTreeSet::new(), Vec::<String>::new());
    for line in World::new().show().lines() {
        let name = line.trim_start();
        path.truncate((line.len() - name.len()) / 2);
        let (name, value) = name.split_once(':').expect("a name");
        path.push(name.to_owned());
        if !value.is_empty() {
            found.insert(path.join("."));
        }
    }
    found
}

#[test]
fn the_chart_knows_every_setting() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/helm/hyperfleet-api/values.schema.json");
    let text = std::fs::read_to_string(path).expect(path);
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let mut known = BTreeSet::new();
    properties(&schema["properties"]["config"], "", &mut known);
    let theirs = |key: &&String| !OWN.iter().any(|own| key.starts_with(own));
    // The two TLS files are one property, which the chart reserves for itself.
    let settings: BTreeSet<String> =
        settings().iter().filter(theirs).map(|key| key.replace("tls.cert_file", "tls")).collect();
    let expected: BTreeSet<&String> = settings.iter().filter(|key| !key.ends_with("tls.key_file")).collect();
    assert!(expected.len() > 30, "{expected:?}");
    assert_eq!(known.iter().filter(theirs).collect::<BTreeSet<_>>(), expected);
}
