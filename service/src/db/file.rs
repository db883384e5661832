//! Checks whether the file of an embedded database is still the one that was opened.

use super::endpoint::Endpoint;
use sea_orm::{DbErr, RuntimeErr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file that was opened. Data that is written to it after it was removed or replaced is lost without an error.
#[derive(Debug)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl OpenedFile {
    /// Returns the file that connections open; `None` for a server, and for an in-memory database.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        let Endpoint::Sqlite(options) = endpoint else { return None };
        let path = options.get_filename().to_owned();
        identity(&path).map(|identity| Self { path, identity })
    }

    /// Returns an error if another file, or none, is at the path.
    pub(super) fn check(&self) -> Result<(), DbErr> {
        if identity(&self.path) == Some(self.identity) {
            return Ok(());
        }
        let path = self.path.display();
        let message =
            format!("the file {path} has been removed or replaced since the start: restart the server");
        Err(DbErr::Conn(RuntimeErr::Internal(message)))
    }
}

/// Returns the device number and the inode number of the file at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
