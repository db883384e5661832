//! What every test stands on: a server of its own, with a database of its own, asked through HTTP.

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

/// Makes of each named `async fn(TestApp)` a test on SQLite and a test on PostgreSQL.
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
