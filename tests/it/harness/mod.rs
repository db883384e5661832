//! The harness of all tests: each test has its own server with its own database, and talks to it over HTTP.

mod answer;
mod app;
mod build;
mod folder;
mod postgres;
mod process;
mod service;
mod throwaway;

pub use answer::Answer;
pub use app::{Engine, TestApp};
pub use build::report;
pub use folder::Folder;
pub use postgres::{Postgres, free_port};
pub use process::{Process, Samples};
pub use service::service;
pub use throwaway::Throwaway;

/// Defines a test on SQLite and a test on PostgreSQL for each named `async fn(TestApp)`.
#[macro_export]
macro_rules! engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::harness::TestApp::start($crate::harness::Engine::Sqlite).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::harness::TestApp::start($crate::harness::Engine::Postgres).await).await;
            })+
        }
    };
}
