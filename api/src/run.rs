//! The program: runs each command and ends the process.

use crate::cli::{self, Command, Migration};
use crate::config::Config;
use crate::config::database::Database;
use crate::config::environment::{Environment, process_variables};
use crate::serve::{self, StartError};
use crate::{announce, openapi, telemetry};
use service::Clock;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The maximum duration of a statement of a command, except for migrations.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs the command on the command line.
pub fn main() -> ExitCode {
    let environment = Environment { variables: &process_variables(), read_file: &|path| std::fs::read(path) };
    let (command, sources) = match cli::parse(std::env::args_os(), &environment) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    for warning in &sources.warnings {
        eprintln!("hyperfleet-api: {warning}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(error.into()),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Serve(config) => run_server(*config).await,
            Command::Migrate { migration, yes, database } => migrate(migration, yes, &database).await,
            Command::Backup { file, database } => {
                Ok(service::db::backup(database.url.expose(), &file).await?)
            }
            Command::Healthcheck { health, .. } => serve::healthcheck(&health).await,
            Command::Config(config) => print(config.to_yaml(&sources)),
            Command::Openapi { yaml: true } => print(openapi::Document::new(true).yaml()),
            Command::Openapi { yaml: false } => print(openapi::Document::new(true).json()),
            Command::Completions { shell } => print(cli::completions(shell)),
        }
    });
    done.map_or_else(failed, |()| ExitCode::SUCCESS)
}

fn failed(error: StartError) -> ExitCode {
    eprintln!("hyperfleet-api: {error}");
    ExitCode::FAILURE
}

fn print(text: impl AsRef<[u8]>) -> Result<(), StartError> {
    use std::io::Write;
    // The reader may have closed the pipe, so a failed write is ignored.
    let _ = std::io::stdout().write_all(text.as_ref());
    Ok(())
}

async fn run_server(config: Config) -> Result<(), StartError> {
    let traces = telemetry::start(&config.logging, &config.tracing)?;
    let served = serve_until_signal(config).await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    served
}

async fn serve_until_signal(config: Config) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Sent when a terminal closes, which must not interrupt requests either.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut running = tokio::select! {
        running = serve::start(config.clone(), Clock::system()) => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
        _ = hangup.recv() => return Ok(()),
    };
    if telemetry::logs_text() {
        print(announce::text(&config, &running))?;
    } else {
        tracing::info!(api = ?running.api, health = ?running.health, metrics = ?running.metrics, "serving");
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
        ended = running.stopped() => return Err(format!("the server stopped unexpectedly: {ended:?}").into()),
    }
    tracing::info!("stopping: requests in flight finish first");
    running.stop();
    tokio::select! {
        stopped = running.stopped() => stopped?,
        _ = interrupt.recv() => tracing::warn!("stopped without waiting for requests in flight"),
    }
    Ok(())
}

async fn migrate(migration: Migration, confirmed: bool, database: &Database) -> Result<(), StartError> {
    telemetry::warn_on_stderr();
    let url = database.url.expose();
    if migration == Migration::Status && migration::is_absent(url) {
        show(migration::status(url).await?);
        return Ok(());
    }
    let waiting = |error: &_| eprintln!("hyperfleet-api: {}; trying again", serve::refused(error));
    let db = serve::connect(database, STATEMENT_TIMEOUT, waiting).await?;
    let failed = |error| serve::cannot_migrate(&db, error);
    match migration {
        Migration::Up => {
            let applied = migration::up(url).await.map_err(failed)?;
            if applied.is_empty() {
                println!("no migration is pending");
            }
            for name in applied {
                println!("applied {name}");
            }
        }
        Migration::Down if !confirmed => {
            let newest =
                migration::status(url).await.map_err(failed)?.into_iter().rfind(|(_, applied)| *applied);
            let Some((name, _)) = newest else { return Err("no migration is applied".into()) };
            let text =
                format!("this removes everything that {name} added, including its data; confirm with --yes");
            return Err(text.into());
        }
        Migration::Down => match migration::down(url).await.map_err(failed)? {
            Some(name) => println!("reverted {name}"),
            None => return Err("no migration is applied".into()),
        },
        Migration::Status => show(migration::status(url).await.map_err(failed)?),
    }
    db.close().await;
    Ok(())
}

/// Prints each migration and whether it is applied.
fn show(status: Vec<(String, bool)>) {
    for (name, applied) in status {
        let by = if migration::is_known(&name) { "" } else { " (by a newer version)" };
        println!("{} {name}{by}", if applied { "applied" } else { "pending" });
    }
}
