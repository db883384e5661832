//! Keys in a file: read at start, and again whenever the file has changed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::key::KeySet;

/// A key set on disk and what was last read of it.
#[derive(Debug)]
pub(super) struct FileKeys {
    path: PathBuf,
    last: Mutex<Reading>,
}

#[derive(Debug)]
struct Reading {
    /// `None` when the file was not there.
    stamp: Option<Stamp>,
    keys: Arc<KeySet>,
}

/// What tells one content of a file from the next without reading it: when it was written, and its length.
type Stamp = (SystemTime, u64);

impl FileKeys {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// Why the file cannot be used, as a text for the operator.
    pub(super) fn open(path: PathBuf) -> Result<Self, String> {
        // The stamp is taken first: should the file change while it is read, it is read once more.
        let stamp = stamp(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let keys = Arc::new(read(&path)?);
        Ok(Self { path, last: Mutex::new(Reading { stamp: Some(stamp), keys }) })
    }

    /// The keys in the file as it is now, or the last good ones if it is gone or broken.
    ///
    /// Looks at the file each time: that costs little beside verifying a signature, and saves both a
    /// watcher and the requests that would fail until it wakes up.
    pub(super) fn current(&self) -> Arc<KeySet> {
        let mut last = self.last.lock();
        let stamp = stamp(&self.path).ok();
        if last.stamp != stamp {
            // Kept even if the content is bad, so that one bad content is reported once.
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
    // One byte more than is allowed, so that too long a file is seen to be one.
    let limit = KeySet::MAX_BYTES as u64 + 1;
    let outcome = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut json));
    outcome.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    KeySet::parse(&json).map_err(|problem| format!("{} {problem}", path.display()))
}
