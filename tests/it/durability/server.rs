//! The program in a separate process that can be killed.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The timeout for a start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running process of the program.
pub(super) struct Server {
    /// The base URL of the API.
    pub(super) url: String,
    process: Child,
}

impl Server {
    /// Starts the program on a database and waits until it serves.
    pub(super) async fn start(database: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"))
            .arg("serve")
            .env_clear()
            .envs([
                ("HYPERFLEET_SERVER_HOST", "127.0.0.1"),
                ("HYPERFLEET_SERVER_PORT", "0"),
                ("HYPERFLEET_HEALTH_PORT", "0"),
                ("HYPERFLEET_METRICS_PORT", "0"),
                ("HYPERFLEET_LOGGING_FORMAT", "json"),
                ("HYPERFLEET_DATABASE_URL", database),
                // Other tests on this machine may make it slow, which must not count as overload.
                ("HYPERFLEET_DATABASE_POOL_ACQUIRE_TIMEOUT", "20s"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let (sender, receiver) = channel();
        // The log is read to the end: the program would block on a full pipe.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // The receiver is dropped once the address is known, so a failed send is ignored.
                let _ = sender.send(line);
            }
        });
        let mut server = Self { url: String::new(), process };
        let address = tokio::task::spawn_blocking(move || address(&receiver));
        server.url = address.await.expect("the log tells the address");
        server
    }

    /// Kills the process with SIGKILL, so that it cannot shut down cleanly.
    pub(super) fn kill(&mut self) {
        self.process.kill().expect("SIGKILL");
        self.process.wait().expect("it has ended");
    }

    /// Sends a GET and returns status and body.
    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may already have been killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the address on which the server listens, from its log.
fn address(log: &Receiver<String>) -> String {
    let mut seen = Vec::new();
    loop {
        let line = log.recv_timeout(START).unwrap_or_else(|_| panic!("it does not serve: {seen:#?}"));
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "serving" {
            let addresses = event["api"].as_str().expect("addresses").trim_matches(['[', ']']).to_owned();
            return format!("http://{}", addresses.split(',').next().expect("an address"));
        }
        seen.push(line);
    }
}
