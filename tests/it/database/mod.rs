//! Operation of the database: startup, failures, and the state after a stop.

mod deadline;
mod file;
mod migrating;
mod refused;

use crate::harness::Folder;

/// Returns the names of the files in a folder.
fn files(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).expect("the folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a file").file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
