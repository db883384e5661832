//! What happens when every place is taken.

use std::sync::Arc;
use std::time::Duration;

use poem::http::{Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout};

use super::explained::{Explain, printed};
use crate::limits::count_refused;

/// At most so often idle connections are asked to leave: each of them is woken to hear it.
const ASK_INTERVAL: Duration = Duration::from_millis(100);

/// How long a client may take to read why it was sent away.
const FAREWELL: Duration = Duration::from_secs(1);

/// Clients that are being told, at a time. More are only disconnected.
const TOLD_AT_ONCE: usize = 64;

/// Sends away whom there is no place for, and makes place where connections lie idle.
pub(super) struct Crowd {
    leave: Arc<Notify>,
    last_asked: Option<Instant>,
    telling: Arc<Semaphore>,
}

impl Crowd {
    pub(super) fn new() -> Self {
        Self { leave: Arc::default(), last_asked: None, telling: Arc::new(Semaphore::new(TOLD_AT_ONCE)) }
    }

    /// Resolves when idle connections are asked to leave.
    pub(super) fn asked_to_leave(&self) -> OwnedNotified {
        self.leave.clone().notified_owned()
    }

    /// Sends a client away, and asks idle connections to leave, so that it finds a place when it comes again.
    /// Without `explain` the client is told nothing.
    pub(super) fn refuse(&mut self, stream: TcpStream, explain: Option<&Explain>) {
        count_refused("connections");
        let now = Instant::now();
        if self.last_asked.is_none_or(|last| now - last >= ASK_INTERVAL) {
            self.last_asked = Some(now);
            self.leave.notify_waiters();
        }
        if let (Some(explain), Ok(place)) = (explain, self.telling.clone().try_acquire_owned()) {
            let answer = explain(StatusCode::SERVICE_UNAVAILABLE);
            tokio::spawn(async move {
                // A client that does not listen is disconnected all the same.
                let _ = timeout(FAREWELL, tell(stream, &answer)).await;
                drop(place);
            });
        }
    }
}

/// Answers whatever was asked, and reads what was sent: closing a connection with unread bytes resets it, and the
/// answer might never be seen.
async fn tell(mut stream: TcpStream, answer: &Response<Vec<u8>>) -> std::io::Result<()> {
    stream.write_all(&printed(answer)).await?;
    stream.shutdown().await?;
    let mut unread = [0; 4096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
