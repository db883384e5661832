//! Checks the layers that the documentation of the crate describes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The layers, from the lowest to the highest, and the modules of each. A longer name takes precedence.
const LAYERS: [(&str, &[&str]); 4] = [
    ("database", &["db", "dialect", "batch", "gate", "memory", "error"]),
    (
        "domain",
        &[
            "change::position",
            "change::record",
            "change::seen",
            "clock",
            "digest",
            "field",
            "id",
            "kind",
            "list",
            "model",
            "name",
            "search",
            "spec_schema",
            "status",
        ],
    ),
    ("storage", &["store"]),
    ("operations", &["change", "context", "idempotency", "metrics", "reconciliation", "resource"]),
];

/// The imports of a lower layer from a higher one that are allowed: each engine formats a pattern differently.
const EXCEPTIONS: [(&str, &str); 1] = [("dialect", "search::pattern")];

/// Returns the position of the layer that `module` belongs to.
fn layer(module: &str) -> usize {
    let belongs = |name: &str| module == name || module.starts_with(&format!("{name}::"));
    let all =
        LAYERS.iter().enumerate().flat_map(|(at, (_, names))| names.iter().map(move |name| (at, *name)));
    let longest = all.filter(|(_, name)| belongs(name)).max_by_key(|(_, name)| name.len());
    longest.unwrap_or_else(|| panic!("{module} belongs to no layer: add it to LAYERS")).0
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let below = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    below
        .filter(|path| {
            !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests")
        })
        .collect()
}

/// Returns the modules of this crate that a file imports from, except the imports of its tests.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let paths = code.lines().filter_map(|line| line.trim().strip_prefix("use crate::"));
    let module = |path: &str| {
        let parts = path.trim_end_matches(';').split("::");
        let named = parts.take_while(|part| part.starts_with(|first: char| first.is_ascii_lowercase()));
        named.collect::<Vec<_>>().join("::")
    };
    paths.map(module).collect()
}

#[test]
fn imports_point_downwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for file in files(&root) {
        let path = file.strip_prefix(&root).expect("below the root").with_extension("");
        let parts: Vec<_> =
            path.iter().map(|part| part.to_str().expect("text")).filter(|part| *part != "mod").collect();
        let module = parts.join("::");
        if module == "lib" {
            continue;
        }
        for import in imports(&std::fs::read_to_string(&file).expect("a file")) {
            let allowed = EXCEPTIONS.contains(&(module.as_str(), import.as_str()));
            assert!(
                layer(&import) <= layer(&module) || allowed,
                "{module} imports {import} of a higher layer"
            );
            checked += 1;
        }
    }
    assert!(checked > 200, "only {checked} imports were found");
}

#[test]
fn only_storage_and_search_build_sql() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(&root) {
        let path = file.strip_prefix(&root).expect("below the root");
        let may = ["store", "search", "dialect.rs"].iter().any(|allowed| path.starts_with(allowed));
        let text = std::fs::read_to_string(&file).expect("a file");
        assert!(may || !text.contains("sea_query"), "{} builds SQL", path.display());
    }
}
