//! A temporary PostgreSQL server for the test run, or the server that `HYPERFLEET_TEST_DATABASE_URL` names.

use super::Folder;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::sync::OnceCell;
use uuid::Uuid;

const TEMPLATE: &str = "hyperfleet_test_template";

/// A server on which tests create databases.
pub struct Postgres {
    /// The URL of the server, without a database.
    server: String,
}

impl Postgres {
    /// Returns the server of this run, which the first call starts.
    pub async fn get() -> &'static Postgres {
        static SERVER: OnceCell<Postgres> = OnceCell::const_new();
        SERVER.get_or_init(Self::prepare).await
    }

    async fn prepare() -> Postgres {
        let server = match std::env::var("HYPERFLEET_TEST_DATABASE_URL") {
            Ok(url) => url.rsplit_once('/').map_or(url.clone(), |(server, _)| server.to_owned()),
            Err(_) => start(),
        };
        let postgres = Postgres { server };
        let admin = postgres.connect("postgres").await;
        let old = "SELECT datname FROM pg_database WHERE datname LIKE 'hyperfleet\\_test\\_%'";
        for row in admin.query_all_raw(statement(old)).await.expect("the databases of earlier runs") {
            let name: String = row.try_get("", "datname").expect("a name");
            run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        run(&admin, &format!("CREATE DATABASE {TEMPLATE}")).await;
        migration::up(&postgres.url(TEMPLATE)).await.expect("the template migrates");
        postgres
    }

    /// Creates a database, applies all migrations, and returns its URL.
    pub async fn migrated(&self) -> String {
        self.create(&format!("TEMPLATE {TEMPLATE}")).await
    }

    /// Creates an empty database and returns its URL.
    pub async fn empty(&self) -> String {
        self.create("").await
    }

    async fn create(&self, options: &str) -> String {
        // One at a time: a template must not be in use while it is copied.
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = TURN.lock().await;
        let name = format!("hyperfleet_test_{}", Uuid::new_v4().simple());
        run(&self.connect("postgres").await, &format!("CREATE DATABASE {name} {options}")).await;
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.server)
    }

    async fn connect(&self, database: &str) -> DatabaseConnection {
        Database::connect(self.url(database)).await.expect("PostgreSQL answers")
    }
}

async fn run(admin: &DatabaseConnection, sql: &str) {
    admin.execute_unprepared(sql).await.expect(sql);
}

fn statement(sql: &str) -> sea_orm::Statement {
    sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)
}

/// Starts a server that ends with this process.
fn start() -> String {
    let bin = binaries().expect(
        "the tests need PostgreSQL: install it (tests/run does), or name one by HYPERFLEET_TEST_DATABASE_URL",
    );
    let (folder, port) = (folder(), free_port());
    let data = folder.path().join("data");
    let (bin, data) = (bin.display(), data.display());
    // The data is discarded at the end, so durability is not needed. No table grows large enough to need a vacuum.
    let options = format!(
        "-p {port} {LOCAL} -c max_connections=400 \
         -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off"
    );
    let initdb = format!("{bin}/initdb -D {data} -U postgres -A trust --no-sync -E UTF8");
    let log = folder.path().join("log");
    shell(&format!("{initdb} && {bin}/pg_ctl -D {data} -l {} -w -o '{options}' start", log.display()));
    // The folder is removed when the process ends.
    std::mem::forget(folder);
    format!("postgres://postgres@127.0.0.1:{port}")
}

/// The settings of a server that is reachable only from this machine.
pub(super) const LOCAL: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories=";

/// Creates a folder for a server, which keeps its files in `data` and `log`. They are removed with the folder.
pub(super) fn folder() -> Folder {
    let folder = Folder::new();
    let for_all = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), for_all).expect("open to the server");
    folder
}

/// Returns a port that is free and outside the range from which the system assigns ephemeral ports.
pub fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let random = Uuid::new_v4().as_u64_pair().1 % 16_000;
        AtomicU16::new(15_000 + random as u16)
    });
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Runs a command as a user that PostgreSQL accepts: it refuses to run as root.
pub(super) fn shell(command: &str) {
    let root = std::fs::metadata("/proc/self")
        .map(|m| std::os::unix::fs::MetadataExt::uid(&m))
        .is_ok_and(|u| u == 0);
    let mut shell = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    let status = shell.args(["-c", command]).current_dir("/").stdout(Stdio::null()).status();
    assert!(status.expect("a shell").success(), "failed: {command}");
}

pub(super) fn binaries() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BIN").map(PathBuf::from);
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let mut candidates = named.into_iter().chain(installed.into_iter().rev()).chain(on_path);
    candidates.find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}
