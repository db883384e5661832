//! Keys from a file: read at startup, and again whenever the file changes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::key::KeySet;

/// A key set in a file, and the result of the last read.
#[derive(Debug)]
pub(super) struct FileKeys {
    path: PathBuf,
    last: Mutex<Reading>,
}

#[derive(Debug)]
struct Reading {
    /// `None` if the file did not exist.
    stamp: Option<Stamp>,
    keys: Arc<KeySet>,
}

/// The modification time and the length of a file, which indicate a change of its content without reading it.
type Stamp = (SystemTime, u64);

impl FileKeys {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// Why the file cannot be used, as a message for the operator.
    pub(super) fn open(path: PathBuf) -> Result<Self, String> {
        // The stamp is taken first: if the file changes while it is read, it is read again.
        let stamp = stamp(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let keys = Arc::new(read(&path)?);
        Ok(Self { path, last: Mutex::new(Reading { stamp: Some(stamp), keys }) })
    }

    /// Returns the keys in the current file, or the last valid ones if the file is missing or invalid.
    ///
    /// Checks the file on each call. This costs little compared to verifying a signature, and requires no watcher,
    /// which would let requests fail until it detects a change.
    pub(super) fn current(&self) -> Arc<KeySet> {
        let mut last = self.last.lock();
        let stamp = stamp(&self.path).ok();
        if last.stamp != stamp {
            // Updated even if the content is invalid, so that the same invalid content is logged only once.
            last.stamp = stamp;
            match read(&self.path) {
                Ok(keys) => last.keys = Arc::new(keys),
                Err(problem) => {
                    tracing::warn!(problem, "the key file has changed; its former keys stay in use")
                }
            }
        }
        Arc::clone(&last.keys)
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

fn read(path: &Path) -> Result<KeySet, String> {
    let mut json = Vec::new();
    // One byte more than is allowed, so that a file that is too long is detected.
    let limit = KeySet::MAX_BYTES as u64 + 1;
    let outcome = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut json));
    outcome.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    KeySet::parse(&json).map_err(|problem| format!("{} {problem}", path.display()))
}
