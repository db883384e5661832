use super::Folder;
use super::postgres::{LOCAL, binaries, folder, free_port, shell};
use std::path::PathBuf;

/// A PostgreSQL server for a single test, which may stop it.
pub struct Throwaway {
    bin: PathBuf,
    folder: Folder,
    port: u16,
}

impl Throwaway {
    /// Starts a new server.
    pub fn start() -> Self {
        let server = Self::new();
        let initdb =
            format!("{}/initdb -D {} -U postgres -A trust --no-sync -E UTF8", server.bin(), server.data());
        shell(&initdb);
        server.resume();
        server
    }

    /// Starts a standby that replicates this server.
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
        Self { bin, folder: folder(), port: free_port() }
    }

    /// Starts the server again after [`Throwaway::stop`].
    pub fn resume(&self) {
        let options = format!("-p {} {LOCAL} -c fsync=off", self.port);
        shell(&format!("{} -o '{options}' start", self.pg_ctl()));
    }

    /// Stops the server immediately, without a clean shutdown.
    pub fn stop(&self) {
        shell(&format!("{} -m immediate stop", self.pg_ctl()));
    }

    /// Returns the URL of the default database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn pg_ctl(&self) -> String {
        format!("{}/pg_ctl -D {} -l {}/log -w", self.bin(), self.data(), self.folder.path().display())
    }

    fn bin(&self) -> String {
        self.bin.display().to_string()
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // The server may already be stopped.
        shell(&format!("{} -m immediate stop 2>/dev/null || true", self.pg_ctl()));
    }
}
