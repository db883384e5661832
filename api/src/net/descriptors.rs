//! The limit of open file descriptors of the process.

/// Raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard limit, because a fleet opens more than the usual
/// 1024. Must be called once, before the sockets are bound.
///
/// Returns the number of connections that the process can hold, at most `wanted`. A quarter of the descriptors is
/// reserved for the database, the other ports and files.
pub fn connections_within_limit(wanted: usize) -> usize {
    let files = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => usize::try_from(files).unwrap_or(usize::MAX),
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit of open files");
            return wanted;
        }
    };
    let most = files - files / 4;
    if most < wanted {
        tracing::warn!(
            files,
            connections = most,
            "the limit of open files is too low for server.max_connections plus changes.max_streams; the number of \
             connections is reduced"
        );
    }
    most.min(wanted)
}
