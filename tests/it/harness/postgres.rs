//! A throwaway PostgreSQL for the run, or the one `HYPERFLEET_TEST_DATABASE_URL` names.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio::sync::OnceCell;
use uuid::Uuid;

const TEMPLATE: &str = "hyperfleet_test_template";

/// A server on which tests make databases.
pub struct Postgres {
    /// URL of the server, without a database.
    server: String,
}

impl Postgres {
    /// The server of this run, started if need be.
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

    /// A new database, migrated.
    pub async fn migrated(&self) -> String {
        self.create(&format!("TEMPLATE {TEMPLATE}")).await
    }

    /// A new database with nothing in it.
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
    let folder = std::env::temp_dir().join(format!("hyperfleet-pg-{}", Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).expect("a folder for the data");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("open to the server");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    let data = folder.join("data");
    let initdb =
        format!("{}/initdb -D {} -U postgres -A trust --no-sync -E UTF8", bin.display(), data.display());
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off -c max_connections=400",
        folder.display()
    );
    let pg_ctl = format!("{}/pg_ctl -D {} -l {}/log -w", bin.display(), data.display(), folder.display());
    shell(&format!("{initdb} && {pg_ctl} -o '{options}' start"));
    stop_at_exit(&format!("{pg_ctl} -m immediate stop"), &folder);
    format!("postgres://postgres@127.0.0.1:{port}")
}

/// Runs a command as a user PostgreSQL accepts: it refuses to run as root.
pub(super) fn shell(command: &str) {
    let status = as_server(command).stdout(Stdio::null()).status().expect("a shell");
    assert!(status.success(), "failed: {command}");
}

fn as_server(command: &str) -> Command {
    let root = std::fs::metadata("/proc/self")
        .map(|m| std::os::unix::fs::MetadataExt::uid(&m))
        .is_ok_and(|u| u == 0);
    let mut shell = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        shell.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    shell.args(["-c", command]).current_dir("/");
    shell
}

/// A shell waits for the end of its input, which comes when this process goes, however it goes.
pub(super) fn stop_at_exit(stop: &str, folder: &Path) {
    let command = format!("cat >/dev/null; {stop} >/dev/null 2>&1; rm -rf {}/data", folder.display());
    #[expect(clippy::zombie_processes, reason = "it outlives this process, which is what it waits for")]
    let mut waiting = as_server(&command).stdin(Stdio::piped()).spawn().expect("a shell that waits");
    let mut input = waiting.stdin.take().expect("its input");
    input.write_all(b"\n").expect("it listens");
    std::mem::forget(input);
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
