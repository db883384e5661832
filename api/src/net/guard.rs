//! A connection that closes itself when its peer is too slow.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep};

use super::edge::ConnectionLimits;
use super::head_scan::{Head, HeadScan};

/// The interim answer that invites a body. After it comes the body, not the next head.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What the connection is doing, as far as its bytes tell.
#[derive(Debug)]
enum Phase {
    /// Waiting for the rest of a request head.
    Head { since: Instant, scan: HeadScan },
    /// A head is complete and no byte of its answer has been written.
    Request,
    /// An answer has been written and nothing has come since.
    Between,
    /// HTTP/2: no heads to tell apart, only the idle timeout holds.
    Http2,
}

/// How long a connection may lie idle while others find no place.
const IDLE_IN_A_CROWD: Duration = Duration::from_secs(1);

/// The deadlines of one connection. The clock is only a timer here: it decides nothing but when to close.
#[derive(Debug)]
pub(super) struct Watch {
    limits: ConnectionLimits,
    phase: Phase,
    last_byte: Instant,
    /// Fires at the deadline or before it: moving a timer at every byte would cost more than looking
    /// again when it fires.
    timer: Pin<Box<Sleep>>,
    /// Resolves when others find no place.
    asked_to_leave: Pin<Box<OwnedNotified>>,
    /// Whether it has.
    crowded: bool,
    /// Whether the peer has still to take what is written.
    writing: bool,
}

impl Watch {
    /// Starts the clock of a connection that has just been accepted.
    pub(super) fn new(limits: ConnectionLimits, asked_to_leave: OwnedNotified) -> Self {
        let now = Instant::now();
        let first = limits.header_timeout.min(limits.idle_timeout);
        Self {
            limits,
            phase: Phase::Head { since: now, scan: HeadScan::new() },
            last_byte: now,
            timer: Box::pin(tokio::time::sleep_until(now + first)),
            asked_to_leave: Box::pin(asked_to_leave),
            crowded: false,
            writing: false,
        }
    }

    fn deadline(&self) -> Instant {
        let idle = self.last_byte + self.limits.idle_timeout;
        match self.phase {
            Phase::Head { since, .. } => idle.min(since + self.limits.header_timeout),
            Phase::Between if self.crowded && !self.writing => idle.min(self.last_byte + IDLE_IN_A_CROWD),
            Phase::Request | Phase::Between | Phase::Http2 => idle,
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.last_byte = Instant::now();
        if let Phase::Between = self.phase {
            self.phase = Phase::Head { since: self.last_byte, scan: HeadScan::new() };
        }
        if let Phase::Head { scan, .. } = &mut self.phase {
            match scan.feed(bytes) {
                Head::Partial => {}
                Head::Complete => self.phase = Phase::Request,
                Head::Http2 => self.phase = Phase::Http2,
            }
        }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.last_byte = Instant::now();
        if !matches!(self.phase, Phase::Http2) && bytes != CONTINUE {
            self.phase = Phase::Between;
        }
    }

    /// Ready when the deadline has passed; else the task is woken when it may have.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        // Once asked, it keeps itself short.
        self.crowded = self.crowded || self.asked_to_leave.as_mut().poll(cx).is_ready();
        loop {
            let deadline = self.deadline();
            if self.timer.deadline() > deadline {
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
            if self.timer.deadline() >= deadline {
                tracing::debug!(phase = ?self.phase, "closing a connection that is too slow");
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

/// A connection with deadlines, holding its place among the permitted connections until it is dropped.
#[derive(Debug)]
pub struct Guarded<Io> {
    io: Io,
    watch: Watch,
    _place: OwnedSemaphorePermit,
}

impl<Io> Guarded<Io> {
    /// Guards a connection that holds `place`.
    pub(super) fn new(io: Io, watch: Watch, place: OwnedSemaphorePermit) -> Self {
        Self { io, watch, _place: place }
    }

    /// The connection without its guard.
    #[cfg(test)]
    pub(super) fn io(&self) -> &Io {
        &self.io
    }

    /// Gives `outcome` back, unless it is pending and the deadline has passed.
    fn unless_expired<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Pending => self.watch.poll_expired(cx).map(Err),
            done => done,
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Guarded<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = outcome {
            self.watch.read(&buf.filled()[before..]);
        }
        self.unless_expired(outcome, cx)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Guarded<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = outcome {
            self.watch.wrote(&buf[..written]);
        }
        self.watch.writing = outcome.is_pending();
        self.unless_expired(outcome, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(cx);
        self.watch.writing = outcome.is_pending();
        self.unless_expired(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_shutdown(cx);
        self.unless_expired(outcome, cx)
    }
}
