use super::{Answer, Folder, Postgres};
use api::cli::{self, Command};
use api::config::Config;
use api::config::environment::{Environment, Variables};
use api::serve::{self, Running};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use service::Clock;
use std::sync::{Arc, Mutex};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, embedded in the process.
    Sqlite,
    /// PostgreSQL, a separate server.
    Postgres,
}

/// A server that runs in this process, with its own database and a clock that only the test advances.
pub struct TestApp {
    /// The engine of the database.
    pub engine: Engine,
    /// The URL of the database.
    pub database_url: String,
    /// The base URL of the API, such as `http://127.0.0.1:1234`.
    pub url: String,
    /// The base URL of the health port.
    pub health_url: String,
    /// The HTTP client. Headers added here are sent with every request of the test.
    pub client: reqwest::Client,
    now: Arc<Mutex<DateTime<Utc>>>,
    running: Option<Running>,
    _folder: Option<Folder>,
}

impl TestApp {
    /// Starts a server with the default settings.
    pub async fn start(engine: Engine) -> Self {
        Self::with(engine, &[]).await
    }

    /// Starts a server with these settings, named by their environment variables.
    pub async fn with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let (database_url, folder) = match engine {
            Engine::Sqlite => {
                let folder = Folder::new();
                (folder.sqlite("test.db"), Some(folder))
            }
            Engine::Postgres => (Postgres::get().await.migrated().await, None),
        };
        Self::on(engine, database_url, folder, settings, start()).await
    }

    /// Starts a server on the database at this URL.
    pub async fn at(engine: Engine, database_url: &str, settings: &[(&str, &str)]) -> Self {
        Self::on(engine, database_url.to_owned(), None, settings, start()).await
    }

    /// Starts another server on the same database, as a second replica. The two share the clock.
    pub async fn replica(&self, settings: &[(&str, &str)]) -> Self {
        Self::on(self.engine, self.database_url.clone(), None, settings, self.now.clone()).await
    }

    async fn on(
        engine: Engine,
        database_url: String,
        folder: Option<Folder>,
        settings: &[(&str, &str)],
        now: Arc<Mutex<DateTime<Utc>>>,
    ) -> Self {
        let clock = {
            let now = now.clone();
            Clock::new(move || *now.lock().expect("the clock"))
        };
        let config = config(&database_url, settings);
        let running = serve::start(config, clock).await.expect("the server starts");
        Self {
            engine,
            database_url,
            url: format!("http://{}", running.api[0]),
            health_url: format!("http://{}", running.health[0]),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            now,
            running: Some(running),
            _folder: folder,
        }
    }

    /// Returns the server's current time.
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock().expect("the clock")
    }

    /// Advances the server's clock and returns the new time.
    pub fn advance(&self, by: TimeDelta) -> DateTime<Utc> {
        let mut now = self.now.lock().expect("the clock");
        *now += by;
        *now
    }

    /// Requests that the server stop, as a signal would, without waiting.
    pub fn begin_stop(&self) {
        self.running.as_ref().expect("a server that runs").stop();
    }

    /// Stops the server, as a signal would, and waits until it has stopped.
    pub async fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.stop();
            running.stopped().await.expect("it stops");
        }
    }

    /// Builds a request to a path that is absolute (`/openapi`) or relative to `/api/hyperfleet/v1` (`clusters`).
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/hyperfleet/v1/{path}") };
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request("GET", path)).await
    }

    /// Gets a list with these query parameters, which are percent-encoded.
    pub async fn list(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        Answer::of(self.request("GET", path).query(parameters)).await
    }

    /// Sends a POST with a JSON body.
    pub async fn post(&self, path: &str, body: impl Into<Value>) -> Answer {
        Answer::of(self.request("POST", path).json(&body.into())).await
    }

    /// Sends a PUT with a JSON body.
    pub async fn put(&self, path: &str, body: impl Into<Value>) -> Answer {
        Answer::of(self.request("PUT", path).json(&body.into())).await
    }

    /// Sends a PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: impl Into<Value>) -> Answer {
        Answer::of(self.request("PATCH", path).json(&body.into())).await
    }

    /// Sends a DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request("DELETE", path)).await
    }
}

/// Returns a new clock, set to the start time of the tests.
fn start() -> Arc<Mutex<DateTime<Utc>>> {
    let start = "2026-01-02T03:04:05.678901Z".parse().expect("a time");
    Arc::new(Mutex::new(start))
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.stop();
        }
    }
}

fn config(database_url: &str, settings: &[(&str, &str)]) -> Config {
    let defaults = [
        ("HYPERFLEET_SERVER_HOST", "127.0.0.1"),
        ("HYPERFLEET_SERVER_PORT", "0"),
        ("HYPERFLEET_HEALTH_PORT", "0"),
        ("HYPERFLEET_METRICS_PORT", "0"),
        ("HYPERFLEET_DATABASE_URL", database_url),
        ("HYPERFLEET_DATABASE_POOL_ACQUIRE_TIMEOUT", "20s"),
        ("HYPERFLEET_DATABASE_POOL_MAX_CONNECTIONS", "8"),
    ];
    let all = defaults.iter().chain(settings);
    let variables: Variables = all.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let environment = Environment { variables: &variables, read_file: &|path| std::fs::read(path) };
    match cli::parse(["hyperfleet-api".into()], &environment).expect("the settings are good") {
        (Command::Serve(config), _) => *config,
        (other, _) => panic!("{other:?}"),
    }
}
