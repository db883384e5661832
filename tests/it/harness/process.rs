use super::{Answer, Folder};
use serde_json::Value;
use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The timeout for a process to start or to stop.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The program in a separate process, for tests of the whole process: its log, its metrics, its exit.
pub struct Process {
    /// The base URL of the API, such as `http://127.0.0.1:1234`.
    pub url: String,
    /// The base URL of the health port.
    pub health_url: String,
    /// The base URL of the metrics port.
    pub metrics_url: String,
    /// The HTTP client.
    pub client: reqwest::Client,
    child: Child,
    log: watch::Receiver<String>,
    reading: JoinHandle<()>,
    _folder: Folder,
}

impl Process {
    /// Starts the program with these settings, named by their environment variables, and waits until it serves. The
    /// database is SQLite unless a setting overrides it.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_with(&[], settings).await
    }

    /// Like [`Process::start`], with command-line arguments.
    pub async fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let mut child = command(&folder, settings).args(arguments).spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut log = String::new();
        let serving = timeout(TIMEOUT, serving(&mut output, &mut log)).await.expect("it serves in time");
        let (written, read) = watch::channel(log);
        let address = |port: &str| {
            let addresses = serving[port].as_str().expect("the addresses it listens on");
            format!("http://{}", addresses.trim_matches(['[', ']']))
        };
        Self {
            url: address("api"),
            health_url: address("health"),
            metrics_url: address("metrics"),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            child,
            log: read,
            // Reads without pause: a process blocks when the pipe of its log is full.
            reading: tokio::spawn(async move {
                let mut line = String::new();
                while output.read_line(&mut line).await.expect("its output") > 0 {
                    written.send_modify(|log| log.push_str(&line));
                    line.clear();
                }
            }),
            _folder: folder,
        }
    }

    /// Starts the program with the text log format and returns its output up to the first line that begins with
    /// `start`.
    pub async fn tells_up_to(start: &str, settings: &[(&str, &str)]) -> String {
        let folder = Folder::new();
        let text = [("HYPERFLEET_LOGGING_FORMAT", "text")];
        let mut child = command(&folder, &[&text, settings].concat()).spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut told = String::new();
        let telling = async {
            while !told.lines().last().is_some_and(|line| line.starts_with(start)) {
                assert_ne!(output.read_line(&mut told).await.expect("its output"), 0, "it ended: {told}");
            }
        };
        timeout(TIMEOUT, telling).await.expect("it tells in time");
        child.kill().await.expect("it can be killed");
        told
    }

    /// Runs the program with settings that make it fail, and returns all its output.
    pub async fn fails(settings: &[(&str, &str)]) -> String {
        let folder = Folder::new();
        let run = command(&folder, settings).stderr(Stdio::piped()).output();
        let done = timeout(TIMEOUT, run).await.expect("it ends in time").expect("the program starts");
        assert!(!done.status.success(), "it ended as if all were well");
        String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
    }

    /// Builds a request to a path below `/api/hyperfleet/v1`.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let path = path.strip_prefix("/api/hyperfleet/v1/").unwrap_or(path);
        let method = method.parse().expect("a method");
        self.client.request(method, format!("{}/api/hyperfleet/v1/{path}", self.url))
    }

    /// Sends a GET to this URL.
    pub async fn get(&self, url: &str) -> Answer {
        Answer::of(self.client.get(url)).await
    }

    /// Returns the current metrics.
    pub async fn metrics(&self) -> Samples {
        Samples(self.get(&format!("{}/metrics", self.metrics_url)).await.status(200).text.clone())
    }

    /// Waits until the metrics satisfy `expected`. Panics with the last metrics after a minute.
    pub async fn metrics_until(&self, expected: impl Fn(&Samples) -> bool) -> Samples {
        let mut last = None;
        let wait = async {
            loop {
                let samples = self.metrics().await;
                if expected(&samples) {
                    return samples;
                }
                last = Some(samples);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = timeout(TIMEOUT, wait).await;
        found.unwrap_or_else(|_| panic!("never as expected: {}", last.expect("samples").0))
    }

    /// Sends a signal to the process: `TERM`, `INT`, `HUP`.
    pub async fn signal(&self, name: &str) {
        let id = self.child.id().expect("a process that runs").to_string();
        let kill = Command::new("kill").args([&format!("-{name}"), &id]).status().await.expect("kill");
        assert!(kill.success());
    }

    /// Waits until the log contains these words.
    pub async fn logs(&self, words: &str) {
        let mut log = self.log.clone();
        let wait = timeout(TIMEOUT, log.wait_for(|log| log.contains(words))).await;
        assert!(wait.is_ok(), "{words:?} is missing: {}", self.log.borrow().as_str());
    }

    /// Sends SIGTERM, waits until the process has stopped, and returns its log.
    pub async fn stop(self) -> Log {
        self.signal("TERM").await;
        self.ended().await
    }

    /// Waits until the process has stopped, and returns its log.
    pub async fn ended(mut self) -> Log {
        let status = timeout(TIMEOUT, self.child.wait()).await.expect("it ends in time").expect("its end");
        (&mut self.reading).await.expect("its log");
        let log = self.log.borrow().clone();
        assert!(status.success(), "{log}");
        Log(log)
    }
}

fn command(folder: &Folder, settings: &[(&str, &str)]) -> Command {
    let database = folder.sqlite("test.db");
    let defaults = [
        ("HYPERFLEET_SERVER_HOST", "127.0.0.1"),
        ("HYPERFLEET_SERVER_PORT", "0"),
        ("HYPERFLEET_HEALTH_PORT", "0"),
        ("HYPERFLEET_METRICS_PORT", "0"),
        ("HYPERFLEET_LOGGING_FORMAT", "json"),
        ("HYPERFLEET_DATABASE_URL", &database),
    ];
    let all: HashMap<_, _> = defaults.into_iter().chain(settings.iter().copied()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperfleet-api-under-test"));
    command.env_clear().envs(all).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// Reads the log up to the line with the addresses on which the program serves.
async fn serving(output: &mut BufReader<ChildStdout>, log: &mut String) -> Value {
    loop {
        let before = log.len();
        assert_ne!(output.read_line(log).await.expect("its output"), 0, "it ended: {log}");
        let line: Value = serde_json::from_str(&log[before..]).unwrap_or_default();
        if line["message"] == "serving" {
            return line;
        }
    }
}

/// The output of a process.
pub struct Log(pub String);

impl Log {
    /// Returns the lines as JSON. Panics if a line is not JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.0.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// Metrics in the text format of Prometheus.
pub struct Samples(pub String);

impl Samples {
    /// Returns the value of the series with this name and at least these labels.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let series = self.0.lines().find(|line| {
            let has = |(label, value): &(&str, &str)| line.contains(&format!("{label}=\"{value}\""));
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && labels.iter().all(has)
        });
        series?.rsplit_once(' ')?.1.parse().ok()
    }

    /// Returns the names of the metrics. A histogram counts once, without the suffixes of its series.
    pub fn names(&self) -> Vec<&str> {
        let types = self.0.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).collect()
    }
}
