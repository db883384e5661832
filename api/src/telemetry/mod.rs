//! What operators see of a running process: logs, metrics, traces.

mod json;
mod log;
mod recorder;
mod request;
mod sample;
mod trace;

pub use log::{StartTelemetryError, Telemetry, start};
pub use recorder::Recorder;

pub(crate) use recorder::template;
pub(crate) use request::Scope;
pub(crate) use sample::{scraped, watch_reconciliation};
pub(crate) use trace::ServerSpan;
