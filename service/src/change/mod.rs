//! Following what happens to clusters and node pools.
//!
//! Every change of a resource is written to the log of changes in its own transaction, with the state after it and
//! what was different before. Its number is drawn while the resource is locked, so the changes of one resource are
//! numbered in order; between resources, a lower number may be committed later. Followers are given the log up to its
//! first number that may still come (`certify`), so that they miss nothing.
//!
//! | file | what it is |
//! |---|---|
//! | `record` | a change, between its row and its states |
//! | `seen` | which changes a copy of the data includes: pure |
//! | `certify` | up to which number the log is complete: pure |
//! | `tail` | the task that looks for changes |
//! | `log` | what is known of the log, and the latest changes in memory |
//! | `feed` | one follower: filters, and the present state before the changes |
//! | `wait` | waits until one resource matches |
//! | `retention` | removes what is old |

mod certify;
mod feed;
pub(crate) mod log;
pub(crate) mod position;
pub(crate) mod record;
mod retention;
pub(crate) mod seen;
mod tail;
mod wait;

pub use feed::{Event, EventType, Feed, Scope, Since, State};
pub use position::Position;
pub use record::{Change, ChangeType};
pub use retention::{Retention, remove_old};
pub use tail::{known, publish};
pub use wait::wait_for;

pub(crate) use log::register;
