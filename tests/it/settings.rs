//! Settings that change the behavior visible to callers, and the commands that show settings.

use crate::harness::{Answer, Engine, Folder, TestApp, report};
use crate::statuses::href;
use std::process::{Command, Output};

async fn on_both_engines(settings: &[(&str, &str)]) -> [TestApp; 2] {
    [TestApp::with(Engine::Sqlite, settings).await, TestApp::with(Engine::Postgres, settings).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adapters_of_one_resource_are_limited() {
    for app in on_both_engines(&[("HYPERFLEET_ADAPTERS_MAX_PER_RESOURCE", "1")]).await {
        let cluster = app.a_cluster().create().await;
        app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
        let second = app.report(href(&cluster), report("validation", 1, &[("Available", "True")])).await;
        second.status(400);
        app.report(href(&cluster), report("dns", 1, &[("Available", "True")])).await.status(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_allowed_origins_may_call() {
    let console = "https://console.example.com";
    for app in on_both_engines(&[("HYPERFLEET_SERVER_CORS_ALLOWED_ORIGINS", console)]).await {
        let asked_by = |origin| Answer::of(app.request("GET", "clusters").header("Origin", origin));
        let answer = asked_by(console).await;
        assert_eq!(answer.status(200).header("access-control-allow-origin"), console);
        asked_by("https://other.example.com").await.status(403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_states_the_maximum_page_size() {
    for (max, default) in [("50", 50), ("10", 10), ("2000", 100)] {
        let app = TestApp::with(Engine::Sqlite, &[("HYPERFLEET_SERVER_MAX_PAGE_SIZE", max)]).await;
        let document = app.get("/openapi").await.status(200).body.clone();
        let mut seen = 0;
        for path in ["clusters", "nodepools", "clusters/{cluster_id}/statuses"] {
            let operation = &document["paths"][format!("/api/hyperfleet/v1/{path}")]["get"];
            for parameter in operation["parameters"].as_array().expect("parameters") {
                let schema = &parameter["schema"];
                match parameter["name"].as_str() {
                    Some("size") => assert_eq!(schema["default"], default, "{path}"),
                    Some("pageSize") => assert!(schema.get("default").is_none(), "{path}"),
                    _ => continue,
                }
                assert_eq!(schema["maximum"].to_string(), max, "{path}");
                let example = parameter["example"].to_string();
                app.list("clusters", &[("size", &example)]).await.status(200);
                seen += 1;
            }
        }
        assert_eq!(seen, 6);
        app.list("clusters", &[("size", max)]).await.status(200);
        let beyond = max.parse::<u32>().expect("a number") + 1;
        app.list("clusters", &[("size", &beyond.to_string())]).await.status(400);
    }
}

/// Runs the program with an environment that contains only a password.
fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    let command = command.env_clear().env("HYPERFLEET_DATABASE_PASSWORD", "hunter2").args(arguments);
    command.output().expect("the program runs")
}

#[test]
fn the_settings_in_force_are_printed_without_secrets() {
    let done = run(&["config", "--database-host", "db", "--server-port", "1"]);
    let printed = String::from_utf8(done.stdout).expect("text");
    assert!(done.status.success() && done.stderr.is_empty(), "{printed}");
    assert!(printed.contains("  port: 1  # flag --server-port\n"), "{printed}");
    let url = "  url: \"postgres://hyperfleet:***@db:5432/hyperfleet\"  # flag --database-host\n";
    assert!(printed.contains(url) && !printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_setting_that_cannot_be_used_ends_the_program() {
    for command in ["serve", "migrate", "config"] {
        let done = run(&[command, "--database-url", "postgres://me:hunter2/x@db/fleet"]);
        let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("text");
        assert!(!done.status.success() && !said.contains("hunter2"), "{said}");
        assert!(said.starts_with("error: database.url (flag --database-url): not a valid URL"), "{said}");
    }
}

/// Returns the completion script for a shell.
fn completions(shell: &str) -> String {
    let script = run(&["completions", shell]);
    assert!(script.status.success(), "{script:?}");
    String::from_utf8(script.stdout).expect("text")
}

/// Returns the output of a shell that runs this script with these arguments, or `None` if the shell is not installed.
fn printed_by(shell: &str, script: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(shell);
    let done = match command.args(["-c", script]).args(arguments).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        done => done.expect(shell),
    };
    assert!(done.status.success() && done.stderr.is_empty(), "{shell}: {done:?}");
    Some(String::from_utf8(done.stdout).expect("text"))
}

/// Returns the completions of bash at the end of the line.
fn completed_by_bash(words: &[&str]) -> Option<Vec<String>> {
    let script = completions("bash")
        + r#"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        complete -p hyperfleet-api > /dev/null || exit 1
        _hyperfleet__api "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let printed = printed_by("bash", &script, &[&["bash"], words].concat())?;
    Some(printed.lines().map(str::to_owned).collect())
}

/// Returns the completions of fish at the end of the line.
fn completed_by_fish(words: &[&str]) -> Option<Vec<String>> {
    let script = completions("fish") + "\ncomplete -C (string join ' ' -- $argv)";
    let printed = printed_by("fish", &script, words)?;
    Some(printed.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect())
}

/// Returns the completions of zsh at the end of the line. It completes only at a prompt, so a pseudo-terminal enters
/// the line.
fn completed_by_zsh(words: &[&str]) -> Option<Vec<String>> {
    let folder = Folder::new();
    std::fs::write(folder.path().join("_hyperfleet-api"), completions("zsh")).expect("the script");
    let script = r#"
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $1/dump"
        zpty -w shell 'compadd() {
            [[ "$*" == *-[OAD]* ]] && { builtin compadd "$@"; return }
            local -a matches
            builtin compadd -O matches "$@"
            print -rl -- "<"$^matches">"
            builtin compadd "$@"
        }'
        zpty -w shell 'offer() { zle complete-word; print -r -- "<""end>" }; zle -N offer; bindkey "^X" offer'
        zpty -w shell 'print "<""ready>"'
        zpty -r shell before $'*<ready>*'
        zpty -w -n shell "$2"$'\x18'
        zpty -r shell offered $'*<end>*'
        print -r -- "$offered"
        zpty -d shell
    "#;
    let line = words.join(" ");
    let path = folder.path().to_str().expect("a path");
    let printed = printed_by("zsh", script, &["zsh", path, &line])?;
    let offered = printed.split('<').filter_map(|rest| Some(rest.split_once('>')?.0));
    Some(offered.filter(|word| *word != "end").map(str::to_owned).collect())
}

/// Bash is installed on every build machine. The other shells are tested if they are installed.
#[test]
fn shells_complete_commands_flags_and_values() {
    for (words, expected) in [
        (&["hyperfleet-api", "mig"][..], &["migrate"][..]),
        (&["hyperfleet-api", "migrate", ""], &["up", "down", "status"]),
        (&["hyperfleet-api", "migrate", "--"], &["--yes", "--database-url"]),
        (&["hyperfleet-api", "serve", "--server-jwt-e"], &["--server-jwt-enabled"]),
        (&["hyperfleet-api", "serve", "--server-j"], &["--server-jwt-audience", "--server-jwt-issuers"]),
        (&["hyperfleet-api", "--server-j"], &["--server-jwt-enabled"]),
        (&["hyperfleet-api", "completions", "ba"], &["bash"]),
    ] {
        let shells = [
            ("bash", completed_by_bash(words)),
            ("fish", completed_by_fish(words)),
            ("zsh", completed_by_zsh(words)),
        ];
        for (shell, offered) in shells {
            let Some(offered) = offered else { continue };
            let missing: Vec<_> =
                expected.iter().filter(|word| !offered.iter().any(|o| o == *word)).collect();
            assert!(missing.is_empty(), "{shell}: {words:?}: {missing:?} of {offered:?}");
            assert!(
                offered.iter().all(|offered| offered.starts_with(words[words.len() - 1])),
                "{shell}: {offered:?}"
            );
        }
    }
    let offered = completed_by_bash(&["hyperfleet-api", "migrate", ""]).expect("bash is installed");
    assert!(offered.contains(&"--yes".into()) && offered.contains(&"--database-url".into()), "{offered:?}");
}
