//! Tests of the documentation: its commands are run, and their output is compared with the output it shows.
//!
//! The `sh` blocks of a file are run in order against a new server. A comment after a request gives the expected
//! status and header; without one, the request must succeed. A `json` block shows the output of the block before it,
//! apart from ids and times. Commands in a `console` block are not run; those of the program itself must have valid
//! arguments.

mod jq;
mod shell;

use crate::harness::TestApp;
use api::cli;
use api::config::environment::{Environment, Variables};
use serde_json::Value;
use shell::Shell;
use std::path::{Path, PathBuf};

crate::engines![
    the_readme_shows_what_readers_see,
    the_guide_for_adapters_shows_what_readers_see,
    the_guide_for_controllers_shows_what_readers_see,
    the_guide_to_changes_shows_what_readers_see,
    the_guide_for_searches_shows_what_readers_see,
    the_list_of_errors_shows_what_readers_see,
    the_guide_for_operators_shows_what_readers_see,
];

async fn the_readme_shows_what_readers_see(app: TestApp) {
    as_shown(app, "README.md", 4).await;
}

async fn the_guide_for_adapters_shows_what_readers_see(app: TestApp) {
    let two = [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "dns,network")];
    as_shown(TestApp::with(app.engine, &two).await, "docs/adapters.md", 7).await;
}

async fn the_guide_for_controllers_shows_what_readers_see(app: TestApp) {
    as_shown(app, "docs/controllers.md", 4).await;
}

async fn the_guide_to_changes_shows_what_readers_see(app: TestApp) {
    as_shown(app, "docs/changes.md", 3).await;
}

async fn the_guide_for_searches_shows_what_readers_see(app: TestApp) {
    as_shown(app, "docs/search.md", 4).await;
}

async fn the_list_of_errors_shows_what_readers_see(app: TestApp) {
    as_shown(app, "docs/errors.md", 1).await;
}

async fn the_guide_for_operators_shows_what_readers_see(app: TestApp) {
    as_shown(app, "docs/operations.md", 1).await;
}

/// Runs the blocks of a file and asserts that at least `at_least` of them show their output.
async fn as_shown(app: TestApp, file: &str, at_least: usize) {
    let (mut shell, mut shown, mut last) = (Shell::on(app), 0, None);
    for block in blocks(&read(file)) {
        match block.language.as_str() {
            "sh" => last = Some((block.text.clone(), shell.run(&block.text).await)),
            "json" => {
                let (command, output) =
                    last.take().unwrap_or_else(|| panic!("{file}: no block before\n{}", block.text));
                let seen: Vec<Value> = output.into_iter().map(without_times_and_ids).collect();
                let stream = serde_json::Deserializer::from_str(&block.text).into_iter::<Value>();
                let told = stream.map(|value| without_times_and_ids(value.expect("JSON is shown")));
                assert_eq!(seen, told.collect::<Vec<_>>(), "{file}:\n{command}");
                shown += 1;
            }
            _ => {}
        }
    }
    assert!(shown >= at_least, "{file} shows {shown} answers");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the paths of all files of the documentation.
fn files() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("docs")).expect("the documentation");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let guides = names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}"));
    let files: Vec<String> = guides.chain([String::from("README.md")]).collect();
    assert!(files.len() >= 9, "{files:?}");
    files
}

/// A fenced code block.
struct Block {
    language: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), text: String::new() })
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// Returns the value with every id and every time replaced by a placeholder.
fn without_times_and_ids(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let parts = text.split('/').map(|part| match part {
                part if uuid::Uuid::parse_str(part).is_ok() => "ID",
                part if chrono::DateTime::parse_from_rfc3339(part).is_ok() => "TIME",
                part => part,
            });
            parts.collect::<Vec<_>>().join("/").into()
        }
        Value::Array(items) => items.into_iter().map(without_times_and_ids).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_times_and_ids(value))).collect()
        }
        value => value,
    }
}

#[test]
fn the_program_takes_every_command_that_is_shown() {
    let variables = Variables::new();
    let environment = Environment { variables: &variables, read_file: &|_| Ok(b"{}".to_vec()) };
    let mut seen = 0;
    for file in files() {
        let commands = blocks(&read(&file)).into_iter().filter(|block| block.language == "console");
        for command in commands.flat_map(|block| shell::commands(&block.text)) {
            let before = match &command.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["hyperfleet-api", ..] => 1,
                ["cargo", "run", ..] => {
                    command.iter().position(|word| word == "--").unwrap_or(command.len() - 1) + 1
                }
                _ => continue,
            };
            let arguments = command[before..].iter().map(std::ffi::OsString::from);
            let all = std::iter::once("hyperfleet-api".into()).chain(arguments);
            cli::parse(all, &environment).unwrap_or_else(|error| panic!("{file}: {command:?}\n{error}"));
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn every_variable_that_is_named_exists() {
    let variables = Variables::new();
    let environment = Environment { variables: &variables, read_file: &|path| std::fs::read(path) };
    let help = cli::parse(["hyperfleet-api", "serve", "--help"].map(Into::into), &environment);
    let help = help.err().expect("the help").to_string();
    let own = [
        "HYPERFLEET_TEST_DATABASE_URL",
        "HYPERFLEET_TEST_SEQUENCES",
        "HYPERFLEET_TEST_SEED",
        "HYPERFLEET_CONFIG",
    ];
    let mut seen = 0;
    for file in files() {
        let text = read(&file);
        let part = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        for name in text.split(|letter| !part(letter)).filter(|word| word.starts_with("HYPERFLEET_")) {
            assert!(help.contains(name) || own.contains(&name), "{file}: {name}");
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn every_file_of_settings_that_is_shown_can_be_used() {
    let variables = Variables::new();
    let mut seen = 0;
    for block in blocks(&read("docs/operations.md")).iter().filter(|block| block.language == "yaml") {
        let text = block.text.clone().into_bytes();
        let password = |path: &Path| path.starts_with("/run/secrets").then(|| b"secret".to_vec());
        let read_file = |path: &Path| Ok(password(path).unwrap_or_else(|| text.clone()));
        let environment = Environment { variables: &variables, read_file: &read_file };
        let arguments = ["hyperfleet-api", "serve", "--config", "settings.yaml"].map(Into::into);
        cli::parse(arguments, &environment).unwrap_or_else(|error| panic!("{}\n{error}", block.text));
        seen += 1;
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn every_code_is_explained_and_no_other() {
    let explained = read("docs/errors.md");
    let rows = explained.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: std::collections::BTreeSet<&str> =
        rows.filter(|name| name.starts_with("HYPERFLEET-")).collect();
    let known = read("api/src/problem/code.rs");
    assert_eq!(explained, known.split('"').filter(|text| text.starts_with("HYPERFLEET-")).collect());
}

#[test]
fn every_discard_reason_is_explained() {
    let guide = read("docs/adapters.md");
    for reason in service::status::DiscardReason::ALL {
        assert!(guide.contains(&format!("| `{}` |", <&str>::from(reason))), "{reason:?}");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for file in files().into_iter().chain([String::from("deploy/helm/hyperfleet-api/README.md")]) {
        let text = read(&file);
        let folder = root().join(&file).parent().expect("a folder").to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let target = if path.is_empty() { root().join(&file) } else { folder.join(path) };
            assert!(target.exists(), "{file}: {link}");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect("a text");
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let mut anchors =
                    headings.map(|line| line.trim_matches(['#', ' ']).to_lowercase().replace(' ', "-"));
                assert!(anchors.any(|found| found.replace(['`', ',', '/'], "") == anchor), "{file}: {link}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen}");
}
