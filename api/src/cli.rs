//! The command line: `hyperfleet-api [serve|migrate|openapi|healthcheck]`.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::builder::Str;
use clap::{Arg, ArgAction, ArgMatches};

use crate::config::{Environment, FlagValue, Flags, HealthcheckConfig, MigrateConfig, SETTINGS, Setting};

const PRECEDENCE: &str = "\
A flag outranks the environment, the environment outranks the configuration file, the file outranks
the default.
In the file the same settings stand under their dotted names; several token issuers fit only there:

    server:
      host: 0.0.0.0
      jwt:
        enabled: true
        issuers:
          - issuer_url: https://issuer.example.com
            jwk_cert_url: https://issuer.example.com/keys
    database:
      url: postgres://user@db.example.com/hyperfleet

Durations are written 500ms, 30s, 2m, 1h; sizes 65536, 256KiB, 1MiB; lists a,b,c.";

/// What the program is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the server.
    Serve(Flags),
    /// Change or show the state of the database schema.
    Migrate(Migration, Flags),
    /// Print the OpenAPI document.
    Openapi {
        /// As YAML instead of JSON.
        yaml: bool,
    },
    /// Ask a running server whether it is ready.
    Healthcheck(Flags),
}

/// What `migrate` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migration {
    /// Apply every pending migration.
    Up,
    /// Take the last migration back.
    Down,
    /// List migrations and whether they are applied.
    Status,
}

/// Reads the command line, program name first.
///
/// # Errors
/// An unknown command or flag, and the requests for `--help` and `--version`: [`clap::Error::exit`] prints
/// each as it should be and ends the process with the right code.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let matches = command().try_get_matches_from(with_default_command(arguments))?;
    let (name, matches) = matches.subcommand().unwrap_or(("serve", &matches));
    Ok(match name {
        "migrate" => Command::Migrate(migration(matches), flags(matches)),
        "openapi" => Command::Openapi { yaml: matches.get_flag("yaml") },
        "healthcheck" => Command::Healthcheck(flags(matches)),
        _ => Command::Serve(flags(matches)),
    })
}

/// The process's environment variables. Text that is not Unicode keeps its readable part.
#[must_use]
pub fn process_environment() -> Environment {
    let text = |value: OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Puts `serve` before flags that follow the program name directly.
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

fn command() -> clap::Command {
    clap::Command::new("hyperfleet-api")
        .bin_name("hyperfleet-api")
        .version(format!("{} ({})", crate::VERSION, crate::COMMIT))
        .about("The system of record for a fleet of Kubernetes clusters and their node pools")
        .after_help("Without a command the server runs: hyperfleet-api --server-port 8000")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand(serve())
        .subcommand(migrate())
        .subcommand(
            clap::Command::new("openapi").about("Print the OpenAPI document").arg(
                Arg::new("yaml").long("yaml").action(ArgAction::SetTrue).help("As YAML instead of JSON"),
            ),
        )
        .subcommand(
            with_settings(clap::Command::new("healthcheck"), HealthcheckConfig::reads)
                .about("Ask the health port of a running server whether it is ready; ends with 0 if it is"),
        )
}

fn serve() -> clap::Command {
    with_settings(clap::Command::new("serve"), |_| true)
        .about("Run the server (the default command)")
        .after_help(PRECEDENCE)
        .arg(
            Arg::new("no-auth")
                .long("no-auth")
                .action(ArgAction::SetTrue)
                .conflicts_with("server.jwt.enabled")
                .help_heading(heading("server"))
                .help("Let everyone in: short for --server-jwt-enabled=false"),
        )
}

fn migrate() -> clap::Command {
    with_settings(clap::Command::new("migrate"), MigrateConfig::reads)
        .about("Bring the database schema up to date, or show where it stands")
        .arg(
            Arg::new("direction")
                .value_parser(["up", "down", "status"])
                .default_value("up")
                .help("up applies what is pending, down takes the last one back, status lists them"),
        )
}

/// Gives a command `--config` and a flag for each setting it reads.
fn with_settings(command: clap::Command, reads: fn(&str) -> bool) -> clap::Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .help("YAML file with settings\n[environment: HYPERFLEET_CONFIG] [default: none]");
    let settings = SETTINGS.iter().filter(|setting| reads(setting.key));
    command.next_line_help(true).arg(config).args(settings.map(argument))
}

/// The flag of a setting. Values are taken as they are: the configuration checks them all together.
fn argument(setting: &Setting) -> Arg {
    let names = setting.environment().join(", ");
    let help = format!("{}\n[environment: {names}] [default: {}]", setting.help, setting.default_text());
    let section = setting.key.split('.').next().unwrap_or_default();
    let argument = Arg::new(setting.key)
        .long(setting.flag())
        .value_name(setting.value_name())
        .allow_negative_numbers(true)
        // Taken for a flag, a password with a dash in front would be repeated in the error.
        .allow_hyphen_values(setting.is_secret())
        .help_heading(heading(section))
        .help(help);
    if setting.is_switch() { argument.num_args(0..=1).default_missing_value("true") } else { argument }
}

fn heading(section: &str) -> Str {
    let title = match section {
        "server" => "Server",
        "health" => "Health",
        "metrics" => "Metrics",
        "database" => "Database",
        "adapters" => "Adapters",
        "logging" => "Logging",
        _ => "Tracing",
    };
    title.into()
}

fn migration(matches: &ArgMatches) -> Migration {
    match matches.get_one::<String>("direction").map(String::as_str) {
        Some("down") => Migration::Down,
        Some("status") => Migration::Status,
        _ => Migration::Up,
    }
}

fn flags(matches: &ArgMatches) -> Flags {
    let given = |id: &str| matches.try_get_one::<String>(id).ok().flatten().cloned();
    let mut values: BTreeMap<&'static str, FlagValue> = SETTINGS
        .iter()
        .filter_map(|setting| {
            Some((
                setting.key,
                FlagValue { flag: format!("--{}", setting.flag()), text: given(setting.key)? },
            ))
        })
        .collect();
    if matches!(matches.try_get_one::<bool>("no-auth"), Ok(Some(true))) {
        let no_auth = FlagValue { flag: "--no-auth".to_owned(), text: "false".to_owned() };
        values.insert("server.jwt.enabled", no_auth);
    }
    Flags { config: given("config"), values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    fn port(text: &str) -> Flags {
        let value = FlagValue { flag: "--server-port".to_owned(), text: text.to_owned() };
        Flags { config: None, values: BTreeMap::from([("server.port", value)]) }
    }

    #[test]
    fn commands() {
        let table = [
            ("hyperfleet-api", Command::Serve(Flags::default())),
            ("hyperfleet-api serve", Command::Serve(Flags::default())),
            ("hyperfleet-api serve --server-port 1", Command::Serve(port("1"))),
            ("hyperfleet-api --server-port 1", Command::Serve(port("1"))),
            ("hyperfleet-api --server-port=-1", Command::Serve(port("-1"))),
            ("hyperfleet-api --server-port -1", Command::Serve(port("-1"))),
            (
                "hyperfleet-api --config f.yaml",
                Command::Serve(Flags { config: Some("f.yaml".to_owned()), ..Flags::default() }),
            ),
            ("hyperfleet-api migrate", Command::Migrate(Migration::Up, Flags::default())),
            ("hyperfleet-api migrate down", Command::Migrate(Migration::Down, Flags::default())),
            ("hyperfleet-api migrate status", Command::Migrate(Migration::Status, Flags::default())),
            ("hyperfleet-api openapi", Command::Openapi { yaml: false }),
            ("hyperfleet-api openapi --yaml", Command::Openapi { yaml: true }),
            ("hyperfleet-api healthcheck", Command::Healthcheck(Flags::default())),
        ];
        for (line, expected) in table {
            assert_eq!(parsed(line).expect(line), expected, "{line}");
        }
    }

    #[test]
    fn switches() {
        let table = [
            ("--server-jwt-enabled", "--server-jwt-enabled", "true"),
            ("--server-jwt-enabled=false", "--server-jwt-enabled", "false"),
            ("--server-jwt-enabled false", "--server-jwt-enabled", "false"),
            ("--no-auth", "--no-auth", "false"),
        ];
        for (arguments, flag, text) in table {
            let Ok(Command::Serve(flags)) = parsed(&format!("hyperfleet-api {arguments}")) else {
                panic!("{arguments} is refused");
            };
            let expected = FlagValue { flag: flag.to_owned(), text: text.to_owned() };
            assert_eq!(flags.values.get("server.jwt.enabled"), Some(&expected), "{arguments}");
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
            ("hyperfleet-api --server-port 1 --server-port 2", "--server-port"),
        ];
        for (line, culprit) in table {
            let text = parsed(line).expect_err(line).to_string();
            assert!(text.contains(culprit), "{line}: {text}");
            assert!(!text.contains("hunter2"), "{line}: {text}");
        }
    }

    #[test]
    fn a_password_may_start_with_a_dash() {
        let Ok(Command::Serve(flags)) = parsed("hyperfleet-api --database-password --hunter2") else {
            panic!("the password is taken for a flag");
        };
        let password = flags.values.get("database.password").map(|value| value.text.as_str());
        assert_eq!(password, Some("--hunter2"));
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
        let said = parsed("hyperfleet-api --version").expect_err("the version").to_string();
        assert_eq!(said.trim(), format!("hyperfleet-api {} ({})", crate::VERSION, crate::COMMIT));
        assert!(!crate::COMMIT.is_empty());
    }

    #[test]
    fn help_of_serve_lists_every_setting_with_environment_and_default() {
        let help = parsed("hyperfleet-api serve --help").expect_err("help").to_string();
        for setting in SETTINGS {
            let line = format!(
                "[environment: {}] [default: {}]",
                setting.environment().join(", "),
                setting.default_text()
            );
            assert!(help.contains(&format!("--{}", setting.flag())), "{}", setting.key);
            assert!(help.contains(setting.help), "{}", setting.key);
            assert!(help.contains(&line), "{}", setting.key);
        }
    }
}
