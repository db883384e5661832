//! The command line: `hyperfleet-api [serve|migrate|backup|openapi|healthcheck|config|completions]`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::database::Database;
use crate::config::environment::Environment;
use crate::config::parse::host;
use crate::config::setting::with_flags;
use crate::config::settings::Health;
use crate::config::sources::{self, Sources};
use crate::config::{Config, inherit_host};

const PRECEDENCE: &str = "\
Flags take precedence over environment variables, environment variables over the configuration file,
and the file over the defaults. In the file, the dots of a name are levels of nesting:

    server:
      host: 0.0.0.0
      jwt:
        enabled: true
        issuers:
          - issuer_url: https://issuer.example.com
            jwk_cert_url: https://issuer.example.com/keys
    database:
      url: postgres://user@db.example.com/hyperfleet

Durations are written 500ms, 30s, 2m, 1h; sizes 65536, 256KiB, 1MiB; lists a,b,c or a JSON array.";

/// How to install the script for each shell.
const INSTALL: &str = "\
To enable completion in new shells:
  bash        hyperfleet-api completions bash > ~/.local/share/bash-completion/completions/hyperfleet-api
  zsh         hyperfleet-api completions zsh > \"${fpath[1]}/_hyperfleet-api\"
  fish        hyperfleet-api completions fish > ~/.config/fish/completions/hyperfleet-api.fish
  elvish      hyperfleet-api completions elvish >> ~/.config/elvish/rc.elv
  powershell  hyperfleet-api completions powershell >> $PROFILE
In the current bash session: source <(hyperfleet-api completions bash)";

/// The command line as declared: its settings have no flags yet.
#[derive(Debug, Parser)]
#[command(
    name = "hyperfleet-api",
    bin_name = "hyperfleet-api",
    version = format!("{} ({})", crate::VERSION, crate::COMMIT),
    about = "The system of record for a fleet of Kubernetes clusters and their node pools",
    after_help = "Without a command the server runs: hyperfleet-api --server-port 8000",
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The command to run, with the settings that it needs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (the default command)
    #[command(after_help = PRECEDENCE)]
    Serve(Box<Config>),
    /// Apply or revert migrations of the database schema, or list them
    Migrate {
        /// up applies pending migrations, down reverts the last one, status lists them
        #[arg(value_enum, default_value = "up", hide_possible_values = true)]
        migration: Migration,
        /// Confirms down, which drops what the migration added, including its data
        #[arg(long)]
        yes: bool,
        /// The database to migrate.
        #[command(flatten)]
        database: Box<Database>,
    },
    /// Copy a SQLite database to a new file; safe while a server uses it
    Backup {
        /// The file to write, which must not exist
        file: PathBuf,
        /// The database to copy.
        #[command(flatten)]
        database: Box<Database>,
    },
    /// Print the OpenAPI document
    Openapi {
        /// Print YAML instead of JSON
        #[arg(long)]
        yaml: bool,
    },
    /// Query the health port of a running server; exits with 0 if it is ready
    Healthcheck {
        /// The address the API listens on, and the health port unless health.host is set
        #[arg(id = "server.host", default_value = "localhost", value_parser = host)]
        server_host: String,
        /// The health port to query.
        #[command(flatten)]
        health: Health,
    },
    /// Print the settings that serve would use, with the source of each; secrets are masked
    Config(Box<Config>),
    /// Print a script that completes commands and flags in a shell
    #[command(after_help = INSTALL)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The action of `migrate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Migration {
    /// Apply the pending migrations
    Up,
    /// Revert the last migration
    Down,
    /// List the migrations and whether they are applied
    Status,
}

/// Parses the command line, program name first, and the settings of the command.
///
/// # Errors
/// An unknown command or flag, a setting that cannot be used, and the requests for `--help` and `--version`:
/// [`clap::Error::exit`] prints each correctly and ends the process with the right exit code.
pub fn parse<'a>(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &'a Environment<'a>,
) -> Result<(Command, Sources<'a>), clap::Error> {
    let parsed = sources::parse(Cli::command(), &with_default_command(arguments), environment);
    let (matches, mut sources) = parsed.map_err(without_urls)?;
    let Cli { mut command } = Cli::from_arg_matches(&matches)?;
    match &mut command {
        Command::Serve(config) | Command::Config(config) => config.resolve(&mut sources)?,
        Command::Migrate { database, .. } | Command::Backup { database, .. } => {
            database.resolve(&mut sources)?;
        }
        Command::Healthcheck { server_host, health } => {
            inherit_host(&mut sources, "health.host", &mut health.host, server_host);
        }
        Command::Openapi { .. } | Command::Completions { .. } => {}
    }
    Ok((command, sources))
}

/// Returns the script for `shell` that completes commands and flags.
#[must_use]
pub fn completions(shell: Shell) -> String {
    let command = with_flags(Cli::command());
    // The flags of the default command may follow the name of the program.
    let flags = command.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments).cloned();
    let flags: Vec<_> = flags.collect();
    let values = if shell == Shell::Fish { values_for_fish(&command) } else { String::new() };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command.args(flags), "hyperfleet-api", &mut script);
    // For bash, the library treats the hyphen of the program name as the end of a command where it lists the words that
    // may follow a command, but not where it reads that list: without the replacement, nothing is completed after the
    // first word.
    String::from_utf8_lossy(&script).replace("hyperfleet__subcmd__api__subcmd__", "hyperfleet__api__subcmd__")
        + &values
}

/// Returns the completions that the library omits for fish: the values of arguments that have no flag.
fn values_for_fish(command: &clap::Command) -> String {
    let of = |command: &clap::Command| {
        let condition = format!("__fish_hyperfleet_api_using_subcommand {}", command.get_name());
        let values = command.get_positionals().flat_map(clap::Arg::get_possible_values);
        let line = |value: clap::builder::PossibleValue| {
            format!("complete -c hyperfleet-api -n \"{condition}\" -f -a {}\n", value.get_name())
        };
        values.map(line).collect::<String>()
    };
    command.get_subcommands().map(of).collect()
}

/// Inserts `serve` after the program name if flags or nothing follow it.
fn with_default_command(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let first = arguments.get(1).map(|argument| argument.to_string_lossy().into_owned());
    let own = ["-h", "--help", "-V", "--version"];
    let serves = first.is_none_or(|first| first.starts_with('-') && !own.contains(&first.as_str()));
    if serves && !arguments.is_empty() {
        arguments.insert(1, "serve".into());
    }
    arguments
}

/// Removes an argument that is a URL from the error: its flag may be missing, and it may contain a password.
fn without_urls(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue] {
        if matches!(error.get(kind), Some(ContextValue::String(text)) if text.contains("://")) {
            error.insert(kind, ContextValue::String("a URL".to_owned()));
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::Variables;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        let variables = Variables::new();
        let environment = Environment { variables: &variables, read_file: &|_| Ok(b"{}".to_vec()) };
        parse(line.split(' ').map(OsString::from), &environment).map(|(command, _)| command)
    }

    /// Returns the name of the parsed command with some of its settings.
    fn set(line: &str) -> String {
        match parsed(line).expect(line) {
            Command::Serve(config) => format!("serve {}", config.server.port),
            Command::Config(config) => format!("config {}", config.server.port),
            Command::Migrate { migration, database, .. } => format!("migrate {migration:?} {}", database.url),
            Command::Backup { file, database } => format!("backup {} {}", file.display(), database.url),
            Command::Openapi { yaml } => format!("openapi {yaml}"),
            Command::Healthcheck { health, .. } => format!("healthcheck {}", health.probe_address()),
            Command::Completions { shell } => format!("completions {shell}"),
        }
    }

    #[test]
    fn commands() {
        let table = [
            ("hyperfleet-api", "serve 8000"),
            ("hyperfleet-api serve", "serve 8000"),
            ("hyperfleet-api serve --server-port 1", "serve 1"),
            ("hyperfleet-api --server-port 1", "serve 1"),
            ("hyperfleet-api --server-port=1", "serve 1"),
            ("hyperfleet-api --server-port 1 --server-port 2", "serve 2"),
            ("hyperfleet-api --config f.yaml", "serve 8000"),
            ("hyperfleet-api --no-auth", "serve 8000"),
            ("hyperfleet-api migrate", "migrate Up sqlite://hyperfleet.db?mode=rwc"),
            ("hyperfleet-api migrate down --yes", "migrate Down sqlite://hyperfleet.db?mode=rwc"),
            ("hyperfleet-api backup copy.db", "backup copy.db sqlite://hyperfleet.db?mode=rwc"),
            ("hyperfleet-api migrate status --database-url sqlite:x", "migrate Status sqlite:x"),
            ("hyperfleet-api openapi", "openapi false"),
            ("hyperfleet-api openapi --yaml", "openapi true"),
            ("hyperfleet-api healthcheck", "healthcheck localhost:8083"),
            ("hyperfleet-api healthcheck --server-host other", "healthcheck other:8083"),
            ("hyperfleet-api config --server-port 1", "config 1"),
            ("hyperfleet-api completions zsh", "completions zsh"),
        ];
        for (line, expected) in table {
            assert_eq!(set(line), expected, "{line}");
        }
    }

    #[test]
    fn refused_lines_name_the_culprit_and_never_a_value() {
        let table = [
            ("hyperfleet-api --server-prot 1", "--server-prot"),
            ("hyperfleet-api --database-pasword=hunter2", "--database-pasword"),
            ("hyperfleet-api migrate --server-port 1", "--server-port"),
            ("hyperfleet-api migrate sideways", "sideways"),
            ("hyperfleet-api fly", "fly"),
            ("hyperfleet-api --no-auth --server-jwt-enabled", "--no-auth"),
            ("hyperfleet-api postgres://u:hunter2@h/db", "a URL"),
            ("hyperfleet-api serve postgres://u:hunter2@h/db", "a URL"),
            ("hyperfleet-api migrate postgres://u:hunter2@h/db", "a URL"),
        ];
        for (line, culprit) in table {
            let text = parsed(line).expect_err(line).to_string();
            assert!(text.contains(culprit), "{line}: {text}");
            assert!(!text.contains("hunter2"), "{line}: {text}");
        }
    }

    #[test]
    fn a_negative_number_and_a_password_with_a_dash_are_values() {
        let refusal = parsed("hyperfleet-api --server-port -1").expect_err("a negative number").to_string();
        assert!(
            refusal.starts_with("error: server.port = \"-1\" (flag --server-port): expected"),
            "{refusal}"
        );
        let line = "hyperfleet-api migrate --database-password --hunter2";
        assert_eq!(set(line), "migrate Up postgres://hyperfleet:***@localhost:5432/hyperfleet");
    }

    #[test]
    fn help_and_version_are_answers() {
        use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
        for (argument, kind) in [("--help", DisplayHelp), ("-h", DisplayHelp), ("--version", DisplayVersion)]
        {
            assert_eq!(parsed(&format!("hyperfleet-api {argument}")).expect_err(argument).kind(), kind);
        }
    }

    #[test]
    fn the_version_names_the_commit() {
        let version = parsed("hyperfleet-api --version").expect_err("the version").to_string();
        assert_eq!(version.trim(), format!("hyperfleet-api {} ({})", crate::VERSION, crate::COMMIT));
        assert!(!crate::COMMIT.is_empty());
    }

    #[test]
    fn completions_know_the_flags() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(shell);
            assert!(script.contains("database-url") && script.contains("migrate"), "{shell}");
        }
    }
}
