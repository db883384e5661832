//! The server process: everything is created here, in order, and stopped in reverse order.

use crate::app::App;
use crate::auth::Authenticator;
use crate::causes::with_causes;
use crate::config::Config;
use crate::config::database::Database;
use crate::config::settings::{Health, Server};
use crate::health::{self, Probe};
use crate::layers::{Origins, WaitingRequests};
use crate::middleware;
use crate::net::{self, ConnectionLimits, Listener, ServerTls, Sockets};
use crate::telemetry::Recorder;
use crate::{background, openapi, pages};
use sea_orm::DbErr;
use service::db::ConnectError;
use service::spec_schema::SpecSchemas;
use service::{Clock, Connect, Context, Db, PerKind, Settings};
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The interval at which certificate files are checked for changes.
const TLS_RELOAD_INTERVAL: Duration = Duration::from_secs(5);
/// The time for which connections are still accepted after the stop signal. Readiness already fails and every response
/// closes its connection, so that clients have stopped sending requests when it ends.
const STOP_DELAY: Duration = Duration::from_secs(1);
/// The maximum number of open connections on each of the health and metrics ports.
const MAX_PROBE_CONNECTIONS: usize = 128;
/// The time for which the health and metrics ports outlive the last request of the API, and the maximum time for their
/// requests to finish afterwards.
const HEALTH_STOP_DELAY: Duration = Duration::from_millis(100);

/// The reason why the server did not start.
pub type StartError = Box<dyn Error + Send + Sync>;

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// The addresses of the API.
    pub api: Vec<SocketAddr>,
    /// The addresses of the health port.
    pub health: Vec<SocketAddr>,
    /// The addresses of the metrics port.
    pub metrics: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Signals the server to stop: readiness fails immediately, and requests in flight finish.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&mut self) -> std::io::Result<()> {
        (&mut self.task).await.map_err(std::io::Error::other)
    }
}

/// Starts the server. It is ready for requests when this returns.
pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    // The connections of followers are never idle, so they are counted in addition to the others.
    let wanted = config.server.max_connections + config.changes.max_streams;
    let max_connections = net::connections_within_limit(wanted);
    let recorder = Recorder::install();
    // A server that cannot listen must not create or migrate a database. Connections are refused until the server is
    // ready.
    drop(sockets(&config).await?);
    let context = build_context(&config, clock).await?;
    let authenticator = authenticator(&config).await?;
    let document = openapi::Document::new(authenticator.is_some());
    let document = document.with_spec_schemas(&context.settings.schemas);
    let max_page_size = u64::from(config.server.max_page_size);
    let document = document.with_max_page_size(max_page_size);
    let (stop, stopping) = watch::channel(false);
    let app = App {
        context: context.clone(),
        fields: document.fields(),
        max_page_size,
        request_timeout: config.server.request_timeout,
        waiting: WaitingRequests::new(config.changes.max_streams, config.changes.max_streams_per_caller),
        stopping: stopping.clone(),
    };
    let [api, health, metrics] = sockets(&config).await?;
    let addresses = [api.addresses(), health.addresses(), metrics.addresses()];
    let tls = match config.server.tls_files() {
        Some((cert_file, key_file)) => Some(ServerTls::load(cert_file, key_file, TLS_RELOAD_INTERVAL).await?),
        None => None,
    };
    let limits = limits(&config.server, max_connections);
    let allowed = config.server.allowed_origins.clone();
    let origins = Origins::new(allowed, authenticator.is_none(), &api.addresses());
    let ports = [&health, &metrics].map(Sockets::port);
    let routes = pages::routes(&document, ports, config.server.console)
        .nest(openapi::PREFIX, openapi::operations_service());
    let endpoint = middleware::around(routes, app, &config.server, authenticator, origins);
    let api = Listener { sockets: api, tls, limits };
    let probe = Probe { context: context.clone(), stopping: stopping.clone() };
    let db = context.db.clone();
    let background = background::start(context.clone(), &config, recorder.clone());
    service::change::wait_until_known(&context).await;
    let drain = config.server.shutdown_timeout.saturating_sub(STOP_DELAY);
    let task = tokio::spawn(async move {
        let (last, api_stopped) = watch::channel(false);
        let aux = |sockets| {
            let limits = ConnectionLimits { max_connections: MAX_PROBE_CONNECTIONS, ..limits };
            let listener = Listener { sockets, tls: None, limits };
            let routes = health::routes(probe.clone(), recorder.clone());
            let closing = closing(api_stopped.clone(), HEALTH_STOP_DELAY);
            listener.serve(routes, closing, HEALTH_STOP_DELAY)
        };
        let health = tokio::spawn(aux(health));
        let metrics = tokio::spawn(aux(metrics));
        api.serve(endpoint, closing(stopping, STOP_DELAY), drain).await;
        drop(background);
        last.send_replace(true);
        let _ = tokio::join!(health, metrics);
        db.close().await;
    });
    let [api, health, metrics] = addresses;
    Ok(Running { api, health, metrics, stop, task })
}

/// Returns the limits of connections to the API.
fn limits(server: &Server, max_connections: usize) -> ConnectionLimits {
    ConnectionLimits {
        max_connections,
        header_timeout: server.header_timeout,
        idle_timeout: server.idle_timeout,
        max_streams: server.max_streams,
        max_header_bytes: u32::try_from(server.max_header_bytes).unwrap_or(u32::MAX),
    }
}

/// Binds the sockets of the API, the health port and the metrics port.
async fn sockets(config: &Config) -> Result<[Sockets; 3], StartError> {
    Ok([
        bind("server", &config.server.host, config.server.port).await?,
        bind("health", &config.health.host, config.health.port).await?,
        bind("metrics", &config.metrics.host, config.metrics.port).await?,
    ])
}

async fn bind(section: &str, host: &str, port: u16) -> Result<Sockets, StartError> {
    let bound = Sockets::bind(host, port).await;
    bound.map_err(|error| {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let flags = format!("--{section}-host and --{section}-port");
        format!("{section}.port: cannot listen on {host}:{port}: {error}; {flags} name another address")
            .into()
    })
}

/// Resolves when a listener must close: `after` the signal.
async fn closing(mut signal: watch::Receiver<bool>, after: Duration) {
    // A dropped sender also means stop.
    let _ = signal.wait_for(|stop| *stop).await;
    tokio::time::sleep(after).await;
}

/// Connects to the database, and waits for an unreachable one.
pub(crate) async fn connect(
    database: &Database,
    statement_timeout: Duration,
    waiting: impl Fn(&ConnectError),
) -> Result<Db, StartError> {
    let connect = Connect {
        url: database.url.expose().to_owned(),
        read_url: database.read_url.as_ref().map(|url| url.expose().to_owned()),
        max_connections: database.max_connections,
        startup_timeout: database.startup_timeout,
        acquire_timeout: database.acquire_timeout,
        busy_timeout: database.busy_timeout,
        statement_timeout,
    };
    let opened = migration::with_file_lock(&connect.url, Db::connect(&connect, waiting)).await;
    opened.map_err(|error| format!("database.url: {error}"))?.map_err(|error| refused(&error).into())
}

/// Returns why the database cannot be used, with the name of its setting.
pub(crate) fn refused(error: &ConnectError) -> String {
    format!("database.url: {error}")
}

/// Connects to the database, applies or checks migrations, and creates the context of the service.
async fn build_context(config: &Config, clock: Clock) -> Result<Context, StartError> {
    let database = &config.database;
    let url = database.url.expose();
    // Shorter than the request timeout, so that the database stops the statement and reports the reason.
    let statement_timeout = config.server.request_timeout.mul_f32(0.9);
    let db = connect(database, statement_timeout, |error| tracing::warn!("{}; trying again", refused(error)))
        .await?;
    if database.auto_migrate.unwrap_or(db.dialect().migrates_itself()) {
        migration::up(url).await.map_err(|error| cannot_migrate(&db, error))?;
    }
    db.check_privileges().await.map_err(|error| refused(&error))?;
    let pending = migration::pending(db.probe()?).await.map_err(|error| cannot_migrate(&db, error))?;
    if !pending.is_empty() {
        let names = pending.join(", ");
        return Err(format!(
            "the database lacks migrations ({names}): run `hyperfleet-api migrate up` first, or start with --database-auto-migrate true"
        )
        .into());
    }
    let schemas = match &config.server.openapi_schema_path {
        Some(path) => {
            SpecSchemas::load(path).map_err(|error| format!("server.openapi_schema_path: {error}"))?
        }
        None => SpecSchemas::built_in(),
    };
    let settings = Settings {
        required: PerKind {
            cluster: config.adapters.required_cluster.clone(),
            node_pool: config.adapters.required_nodepool.clone(),
        },
        mandatory_conditions: config.adapters.mandatory_conditions.clone(),
        max_adapters: config.adapters.max_per_resource,
        max_page_bytes: config.server.max_page_bytes,
        max_page_memory: config.server.max_page_memory,
        page_index_memory: config.server.page_index_memory,
        schemas,
    };
    Ok(Context::new(db, clock, settings))
}

/// Returns why the schema cannot be read or migrated, and what to change.
pub(crate) fn cannot_migrate(db: &Db, error: DbErr) -> StartError {
    let why = match error {
        // A message of the crate `migration`.
        DbErr::Custom(text) => text,
        error => db.explain(&error).to_string(),
    };
    format!("database.url: the schema cannot be read or migrated: {why}").into()
}

async fn authenticator(config: &Config) -> Result<Option<Authenticator>, StartError> {
    if !config.server.jwt.is_enabled() {
        return Ok(None);
    }
    Ok(Some(Authenticator::new(config.server.jwt.issuers(), Clock::system()).await?))
}

/// Queries the health port of a running server. Fails unless the server is ready.
pub async fn healthcheck(health: &Health) -> Result<(), StartError> {
    let url = format!("http://{}/readyz", health.probe_address());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build()?;
    let answer = client.get(&url).send().await.map_err(|error| {
        let cause = with_causes(&error.without_url());
        format!("health.port: {url} does not answer: {cause}; is the server running there?")
    })?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => {
            // Without a body, only the status is known.
            let reason = answer.text().await.unwrap_or_default();
            Err(format!("{url} answers {status}: {reason}").into())
        }
    }
}
