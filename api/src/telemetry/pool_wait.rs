//! How long requests wait for a connection to the database: its pool tells of each one that it hands out.

use service::metrics::{POOL_EVENT, waited_for_connection};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The field that says how long it took, in seconds.
const WAITED: &str = "acquired_after_secs";

/// What measures the wait, among all that is logged.
pub(super) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let handed_out = Targets::new().with_target(POOL_EVENT, Level::DEBUG);
    Layer::<S>::with_filter(PoolWait, handed_out)
}

struct PoolWait;

impl<S: Subscriber> Layer<S> for PoolWait {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Waited);
    }
}

struct Waited;

impl Visit for Waited {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == WAITED {
            waited_for_connection(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
