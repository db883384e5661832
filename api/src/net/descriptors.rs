//! The process's limit of open file descriptors.

/// Raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard limit: the usual 1024 is less than a fleet opens.
/// To be called once, before the sockets are bound.
///
/// Returns how many of the connections that are `wanted` the process can hold. A quarter of the descriptors is left
/// for the database, the other ports and files.
pub fn connections_within_limit(wanted: usize) -> usize {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => usize::try_from(files).unwrap_or(usize::MAX),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            return wanted;
        }
    };
    let most = files - files / 4;
    if most < wanted {
        tracing::warn!(
            files,
            connections = most,
            "fewer connections than server.max_connections: too few open files"
        );
    }
    most.min(wanted)
}
