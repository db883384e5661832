use super::postgres::{binaries, shell, stop_at_exit};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A PostgreSQL server of one test's own, which may stop it.
pub struct Throwaway {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Throwaway {
    /// A new server.
    pub fn start() -> Self {
        let server = Self::new();
        let initdb =
            format!("{}/initdb -D {} -U postgres -A trust --no-sync -E UTF8", server.bin(), server.data());
        shell(&initdb);
        server.resume();
        server
    }

    /// A copy of this server that follows it.
    pub fn standby(&self) -> Self {
        let standby = Self::new();
        let (bin, data, port) = (standby.bin(), standby.data(), self.port);
        shell(&format!(
            "{bin}/pg_basebackup -h 127.0.0.1 -p {port} -U postgres -D {data} -R -X stream -c fast --no-sync"
        ));
        standby.resume();
        standby
    }

    fn new() -> Self {
        let bin = binaries().expect("the tests need PostgreSQL");
        let folder = std::env::temp_dir().join(format!("hyperfleet-pg-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("a folder for the data");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777))
            .expect("open to the server");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let server = Self { bin, folder, port };
        stop_at_exit(&format!("{} -m immediate stop", server.pg_ctl()), &server.folder);
        server
    }

    /// Starts it again after [`Throwaway::stop`].
    pub fn resume(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off",
            self.port,
            self.folder.display()
        );
        shell(&format!("{} -o '{options}' start", self.pg_ctl()));
    }

    /// Stops it at once, whatever it was doing.
    pub fn stop(&self) {
        shell(&format!("{} -m immediate stop", self.pg_ctl()));
    }

    /// The URL of its first database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn pg_ctl(&self) -> String {
        format!("{}/pg_ctl -D {} -l {}/log -w", self.bin(), self.data(), self.folder.display())
    }

    fn bin(&self) -> String {
        self.bin.display().to_string()
    }

    fn data(&self) -> String {
        Path::new(&self.folder).join("data").display().to_string()
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // It may have been stopped before.
        let stop = format!("{} -m immediate stop 2>/dev/null || true; rm -rf {}", self.pg_ctl(), self.data());
        shell(&stop);
    }
}
