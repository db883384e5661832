//! The process's limit of open file descriptors.

use std::io;

/// Raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard limit and returns it.
///
/// Every connection is a descriptor, and the usual soft limit of 1024 is less than a fleet opens. To be
/// called once, before the sockets are bound.
///
/// # Errors
/// Those of `getrlimit` and `setrlimit`. The service can run on: it merely accepts fewer connections.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    rlimit::increase_nofile_limit(u64::MAX)
}
