//! Following changes of clusters and node pools.
//!
//! Every change of a resource is written to the log of changes in the same transaction, with the state after it and
//! the previous values of what differs. Its number is drawn while the resource is locked, so the changes of one
//! resource are numbered in order. Across resources, a lower number may be committed later than a higher one.
//! Followers receive the log only up to the first number that may still be committed (`certify`), so that they miss no
//! change.
//!
//! | file | contents |
//! |---|---|
//! | `record` | a change: conversion between its row and its states |
//! | `seen` | the changes that a copy of the data includes (no I/O) |
//! | `certify` | the number up to which the log is complete (no I/O) |
//! | `tail` | the task that polls for changes |
//! | `log` | the known state of the log, and the latest changes in memory |
//! | `feed` | one follower: filters, and the present state before the changes |
//! | `wait` | waits until one resource matches |
//! | `retention` | removes old changes |

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
pub use tail::{run_tail, wait_until_known};
pub use wait::wait_for;

pub(crate) use log::register;
