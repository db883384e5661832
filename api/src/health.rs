//! The health and metrics ports. Both serve liveness, readiness and metrics, so that tools may expect them on either of
//! the usual port numbers.

use crate::layers::{head_as_get, trailing_slash};
use crate::telemetry::{self, Recorder};
use poem::error::MethodNotAllowedError;
use poem::http::{StatusCode, header};
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler, web::Data};
use sea_orm::DbErr;
use serde_json::json;
use service::db::ConnectError;
use service::{Context, Db};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The maximum time for the database to answer a readiness check.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The interval at which the reason for an unusable database is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(30);

/// The interval at which an unusable database is checked again.
const RETRY_DELAY: Duration = Duration::from_secs(5);

const NOT_MIGRATED: &str = "the database is not migrated";

/// The inputs of the readiness check.
#[derive(Clone)]
pub(crate) struct Probe {
    pub(crate) context: Context,
    /// Becomes true when the server must stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Probe {
    async fn answer(&self) -> Response {
        if *self.stopping.borrow() {
            return not_ready("shutting_down", "the server is stopping");
        }
        let answer = tokio::time::timeout(PROBE_TIMEOUT, unusable(&self.context.db)).await;
        let reason = match answer {
            Ok(Ok(None)) => return status(StatusCode::OK, json!({ "status": "ok" })),
            Ok(Ok(Some(NOT_MIGRATED))) => return not_ready("not_ready", NOT_MIGRATED),
            Ok(Ok(Some(reason))) => reason,
            Ok(Err(_)) => "the database is unavailable",
            Err(_) => "the database does not answer in time",
        };
        // After a failover, existing connections lead to the former primary.
        self.context.db.invalidate_connections();
        not_ready("not_ready", reason)
    }
}

/// Returns why the database cannot be used although it answers.
async fn unusable(db: &Db) -> Result<Option<&'static str>, DbErr> {
    if !migration::pending(db.probe()?).await?.is_empty() {
        return Ok(Some(NOT_MIGRATED));
    }
    Ok(db.is_read_only().await?.then_some("the database is read-only"))
}

/// Logs why the database or its replica cannot be used: when an outage begins, periodically while it lasts, and when it
/// ends.
pub(crate) async fn log_outages(db: Db) {
    let (suspected, check) = (|| db.suspected(), || db.check());
    let primary =
        log_each("database.url", suspected, check, |error| tracing::error!("database.url: {error}"));
    let (suspected, check) = (|| db.replica_suspected(), || db.check_replica());
    // Without the replica, the primary serves reads.
    let log = |error| tracing::warn!("database.read_url: {error}");
    tokio::join!(primary, log_each("database.read_url", suspected, check, log));
}

async fn log_each<S, C>(
    setting: &str,
    suspected: impl Fn() -> S,
    check: impl Fn() -> C,
    log: fn(ConnectError),
) where
    S: Future<Output = ()>,
    C: Future<Output = Result<(), ConnectError>>,
{
    loop {
        suspected().await;
        // The check succeeds if the failure is already over, or if the connections were only busy.
        let (begun, mut last_logged) = (Instant::now(), None::<Instant>);
        while let Err(error) = check().await {
            if last_logged.is_none_or(|last_logged| last_logged.elapsed() >= LOG_INTERVAL) {
                last_logged = Some(Instant::now());
                log(error);
            }
            sleep(RETRY_DELAY).await;
        }
        if last_logged.is_some() {
            tracing::info!("{setting}: the database answers again, after {} s", begun.elapsed().as_secs());
        }
        // Each check opens a connection, so the next one is delayed.
        sleep(LOG_INTERVAL).await;
    }
}

fn not_ready(state: &str, reason: &str) -> Response {
    status(StatusCode::SERVICE_UNAVAILABLE, json!({ "status": state, "reason": reason }))
}

fn status(status: StatusCode, body: serde_json::Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

#[handler]
fn alive() -> Response {
    status(StatusCode::OK, json!({ "status": "ok" }))
}

#[handler]
async fn ready(Data(probe): Data<&Probe>) -> Response {
    probe.answer().await
}

#[handler]
async fn metrics(Data(recorder): Data<&Recorder>, Data(probe): Data<&Probe>) -> Response {
    telemetry::scraped(&probe.context);
    Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(recorder.render())
}

/// Returns the routes of both ports.
pub(crate) fn routes(probe: Probe, recorder: Recorder) -> impl Endpoint {
    let only_get = |_: MethodNotAllowedError| async {
        StatusCode::METHOD_NOT_ALLOWED.with_header(header::ALLOW, "GET, HEAD").into_response()
    };
    Route::new()
        .at("/healthz", get(alive))
        .at("/readyz", get(ready))
        .at("/healthcheck", get(ready))
        .at("/metrics", get(metrics))
        .data(probe)
        .data(recorder)
        .catch_error(only_get)
        .around(trailing_slash)
        .around(head_as_get)
}
