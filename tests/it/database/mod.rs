//! The database as those who run it meet it: at the start, when something is wrong with it, and after a stop.

mod deadline;
mod file;
mod refused;

use std::path::PathBuf;
use uuid::Uuid;

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("hyperfleet-database-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    /// The URL of a SQLite file in the folder, which is created when it is opened.
    fn url(&self, name: &str) -> String {
        format!("sqlite://{}/{name}?mode=rwc", self.0.display())
    }

    /// The names of the files in the folder.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a file").file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
