//! A model of the API: computes the expected responses in memory.
//!
//! The model shares no code with the service and reads no clock: each operation receives the time. It is compared
//! with the running service step by step:
//!
//! ```text
//! let mut model = Model::new(scenario.settings.clone());      // the service is started with the same settings
//! for timed in &scenario.steps {
//!     clock.advance(timed.wait());                            // the service's clock, injected
//!     let now = clock.now();                                  // whole microseconds
//!     let request = timed.step.resolve(&model, now);          // indices become ids, offsets become times
//!     let answer = http(request.method, BASE + &request.path, request.body());
//!     let expected = model.apply(now, &request, answer.id()); // nil where the answer carries no id
//!     // compare: status; code of a problem; discard reason; conflicting id; body, if there is one
//!     // then, for the state: every id of model.ids() is got and compared with model.get(id),
//!     // and every id of expected.vanished answers as model.get(id) says: 404
//! }
//! ```
//!
//! * Bodies are compared with [`json_equal`], which treats `1` and `1.0` as the same number. The body of a resource
//!   is complete: an additional or missing key is a difference.
//! * The body of a report ([`Expected::body`] of a report, [`Model::reports`]) contains only the deterministic part.
//!   The service may return more, so it is compared with [`json_contains`].
//! * `request.path` is relative to the base path `/api/hyperfleet/v1`.
//! * `scenario()` in [`strategy`] generates and shrinks scenarios. `report_lists` in [`enumerate`] enumerates every
//!   small set of reports.

mod aggregate;
mod answer;
mod body;
mod classify;
mod delete;
mod enumerate;
mod json;
mod last_known;
mod receive;
mod recompute;
mod reconciled;
mod render;
mod report;
mod request;
mod resolve;
mod state;
mod step;
mod strategy;
mod write;

mod tests;

pub(crate) use aggregate::{Aggregate, Derived, Facts, Moment};
pub(crate) use answer::Expected;
pub(crate) use enumerate::report_lists;
pub(crate) use json::{json_contains, json_equal};
pub(crate) use recompute::recomputed;
pub(crate) use report::{Condition, Report, StoredReport};
pub(crate) use request::{Operation, Request};
pub(crate) use state::{Kind, Model, Settings};
pub(crate) use step::Scenario;
pub(crate) use strategy::scenario;
