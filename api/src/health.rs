//! The two extra ports. Both answer whether the process lives, whether it is ready, and its metrics, so that
//! either port number the field's tools expect is the right one.

use crate::limits::{head_as_get, trailing_slash};
use crate::telemetry::{self, Recorder};
use poem::error::MethodNotAllowedError;
use poem::http::{StatusCode, header};
use poem::{Endpoint, EndpointExt, IntoResponse, Response, Route, get, handler, web::Data};
use sea_orm::DbErr;
use serde_json::json;
use service::{Context, Db};
use std::time::Duration;
use tokio::sync::watch;

/// How long the database may take to show that it is there.
const PING: Duration = Duration::from_secs(2);

/// What readiness depends on.
#[derive(Clone)]
pub(crate) struct Probe {
    context: Context,
    stopping: watch::Receiver<bool>,
}

impl Probe {
    /// A probe of a service that stops when told through `stopping`.
    pub(crate) fn new(context: Context, stopping: watch::Receiver<bool>) -> Self {
        Self { context, stopping }
    }

    async fn answer(&self) -> Response {
        if *self.stopping.borrow() {
            return not_ready("shutting_down", "the server is stopping");
        }
        let answer = tokio::time::timeout(PING, migrated(&self.context.db)).await;
        if !matches!(answer, Ok(Ok(_))) {
            self.context.db.invalidate_connections();
        }
        match answer {
            Ok(Ok(true)) => status(StatusCode::OK, json!({ "status": "ok" })),
            Ok(Ok(false)) => not_ready("not_ready", "the database is not migrated"),
            Ok(Err(_)) => not_ready("not_ready", "the database is unavailable"),
            Err(_) => not_ready("not_ready", "the database does not answer in time"),
        }
    }
}

async fn migrated(db: &Db) -> Result<bool, DbErr> {
    migration::pending(db.probe()?).await.map(|pending| pending.is_empty())
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

/// What either port answers.
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
