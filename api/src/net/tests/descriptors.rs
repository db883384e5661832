//! Tests of a process without free file descriptors.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use poem::endpoint::make_sync;
use tokio::net::TcpStream;

use crate::net::connections_within_limit;
use crate::net::testing::{Client, Running, TIMEOUT};

/// The variable that is set in the child process that serves.
const CHILD: &str = "NET_TEST_FEW_DESCRIPTORS";
const THIS_TEST: &str = "net::tests::descriptors::a_full_descriptor_table_costs_no_cpu";
const LIMIT: u64 = 48;
const CLIENTS: usize = 80;
const WINDOW: Duration = Duration::from_secs(1);

#[test]
fn the_soft_limit_is_raised_to_the_hard_one_and_is_not_all_for_connections() {
    assert_eq!(connections_within_limit(1), 1);
    let most = connections_within_limit(usize::MAX) as u64;
    let (soft, hard) = rlimit::Resource::NOFILE.get().expect("limits");
    assert_eq!(soft, hard);
    assert!((hard / 2..hard).contains(&most), "{most} of {hard}");
}

/// The limit applies to a whole process, so the server runs in a child process, which executes this same test.
#[tokio::test]
async fn a_full_descriptor_table_costs_no_cpu() {
    if std::env::var_os(CHILD).is_some() {
        return serve_with_few_descriptors().await;
    }
    let server = Server::spawn();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(server.connect().await);
    }
    server.wait_until_full().await;

    let before = server.cpu_ticks();
    tokio::time::sleep(WINDOW).await;
    let used = server.cpu_ticks() - before;
    assert!(used <= 20, "{used} hundredths of a second of CPU in {WINDOW:?}");

    drop(clients);
    assert_eq!(Client(server.connect().await).get("/").await.status, 200);
}

/// Serves in the child process until its standard input ends.
async fn serve_with_few_descriptors() {
    let (_, hard) = rlimit::Resource::NOFILE.get().expect("limits");
    rlimit::Resource::NOFILE.set(LIMIT, hard).expect("a lower limit");
    let server = Running::with_default_limits(make_sync(|_| "done")).await;
    println!("\nlistening {}", server.address.port());
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.expect("a thread").expect("a pipe");
}

/// The child process, as seen by its parent.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn spawn() -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this binary"))
            .args([THIS_TEST, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child process");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let port = output
            .lines()
            .find_map(|line| line.ok()?.strip_prefix("listening ")?.parse().ok())
            .expect("a port");
        Self { process, port }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection")
    }

    async fn wait_until_full(&self) {
        let start = Instant::now();
        let folder = format!("/proc/{}/fd", self.process.id());
        while (std::fs::read_dir(&folder).expect("the child").count() as u64) < LIMIT {
            assert!(start.elapsed() < TIMEOUT, "the table never became full");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Returns the user and system time of the child in clock ticks: the 14th and 15th fields of its `stat`.
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("the child");
        let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
        let fields = after_name.split_whitespace().skip(11).take(2);
        fields.map(|field| field.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
