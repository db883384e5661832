//! Telemetry of a running process: logs, metrics and traces.

mod log;
mod recorder;
mod request;
mod sample;
mod trace;

pub use log::{start, warn_on_stderr};
pub use recorder::Recorder;
pub use trace::Traces;

pub(crate) use recorder::count_refused;
pub(crate) use request::{RequestContext, RequestLog, logs_text};
pub(crate) use sample::{scraped, watch_reconciliation};
pub(crate) use trace::ServerSpan;
