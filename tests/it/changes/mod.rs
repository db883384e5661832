//! Following what happens: nothing is lost, whatever comes between.

mod events;
mod filters;
mod follower;
mod gone;
mod interleavings;
mod limits;
mod streams;
mod wait_for;

pub use follower::Follower;
