//! The program: what each command does, and how the process ends.

use crate::cli::{self, Command, Migration};
use crate::config::{Config, Faults, Flags, HealthcheckConfig, Loaded, MigrateConfig, Surroundings};
use crate::serve::{self, StartError};
use crate::{openapi, telemetry};
use service::Clock;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Does what the command line says.
pub fn main() -> ExitCode {
    let command = cli::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(error.into()),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Serve(flags) => run_server(&flags).await,
            Command::Migrate(migration, flags) => migrate(migration, &flags).await,
            Command::Healthcheck(flags) => {
                let config = load(&flags, HealthcheckConfig::load)?;
                serve::healthcheck(&config.health).await
            }
            Command::Openapi { yaml: true } => print(&openapi::document_yaml()),
            Command::Openapi { yaml: false } => print(&openapi::document_json()),
        }
    });
    done.map_or_else(failed, |()| ExitCode::SUCCESS)
}

fn failed(error: StartError) -> ExitCode {
    eprintln!("hyperfleet-api: {error}");
    ExitCode::FAILURE
}

fn print(text: &str) -> Result<(), StartError> {
    use std::io::Write;
    // Whoever reads may have read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Reads the settings of a command from the process's surroundings.
fn load<T>(
    flags: &Flags,
    read: impl Fn(&Flags, &Surroundings<'_>) -> Result<Loaded<T>, Faults>,
) -> Result<T, StartError> {
    let environment = cli::process_environment();
    let read_file = |path: &std::path::Path| std::fs::read(path);
    let loaded = read(flags, &Surroundings { environment: &environment, read_file: &read_file })?;
    for warning in loaded.warnings {
        eprintln!("hyperfleet-api: {warning}");
    }
    Ok(loaded.config)
}

async fn run_server(flags: &Flags) -> Result<(), StartError> {
    let config = load(flags, Config::load)?;
    let telemetry = telemetry::start(&config.logging, &config.tracing)?;
    let served = serve_until_signal(config).await;
    telemetry.stop().await;
    served
}

async fn serve_until_signal(config: Config) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut running = tokio::select! {
        running = serve::start(config, Clock::system()) => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    tracing::info!(api = ?running.api, health = ?running.health, metrics = ?running.metrics, "serving");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = running.stopped() => return Err(format!("the server ended by itself: {ended:?}").into()),
    }
    tracing::info!("stopping: requests in flight finish first");
    running.stop();
    tokio::select! {
        stopped = running.stopped() => stopped?,
        _ = interrupt.recv() => tracing::warn!("stopped at once"),
    }
    Ok(())
}

async fn migrate(migration: Migration, flags: &Flags) -> Result<(), StartError> {
    let config = load(flags, MigrateConfig::load)?;
    let url = config.database.url.expose();
    match migration {
        Migration::Up => migration::up(url).await?,
        Migration::Down => migration::down(url).await?,
        Migration::Status => {}
    }
    for (name, applied) in migration::status(url).await? {
        println!("{} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}
