//! End-to-end tests of the whole API over HTTP, on both engines, in one binary so that it links once.

#![allow(unreachable_pub, reason = "nothing outside a test binary can reach anything")]

mod aggregation;
mod announcement;
mod audit;
mod auth;
mod changes;
mod clusters;
mod commands;
mod concurrency;
mod conditional;
mod database;
mod deletion;
mod demo;
mod docs;
mod documents;
mod durability;
mod explain;
mod harness;
mod health;
mod idempotency;
mod lifecycle;
mod lists;
mod merge_patch;
mod metrics;
mod migrations;
mod model;
mod node_pools;
mod openapi;
mod plans;
mod problems;
mod provider_schemas;
mod replica;
mod retries;
mod search;
mod search_oracle;
mod secrets;
mod settings;
mod statuses;
mod tracing;
mod walk;

/// The allocator of the service, which also runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
