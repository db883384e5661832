//! Following changes: no change is lost, whatever interrupts the follower.

mod events;
mod filters;
mod follower;
mod gone;
mod interleavings;
mod limits;
mod streams;
mod wait_for;

pub use follower::Follower;
