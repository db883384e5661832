//! Requests that the HTTP parser refuses before there is a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use poem::http::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Makes the answer to what never became a request, with this status.
pub type Explain = Arc<dyn Fn(StatusCode) -> Response<Vec<u8>> + Send + Sync>;

/// What every answer of the endpoint carries, and no answer of the parser.
const MARK: &[u8] = b"\r\nx-request-id: ";

/// A connection on which the parser's own refusals get a body.
///
/// The parser answers a head that it cannot read by itself, with a status and nothing else, and no
/// middleware ever sees that. Its answers are known by what they lack: the request id.
pub struct Explained<Io> {
    io: Io,
    explain: Option<Explain>,
    /// The rest of an answer that is being sent in the place of the parser's.
    answer: Option<Vec<u8>>,
}

impl<Io> Explained<Io> {
    /// Without `explain`, answers pass as they are.
    pub(super) fn new(io: Io, explain: Option<Explain>) -> Self {
        Self { io, explain, answer: None }
    }

    /// The connection underneath.
    #[cfg(test)]
    pub(super) fn io(&self) -> &Io {
        &self.io
    }

    /// What to send in the place of `bytes`, if these are a refusal of the parser.
    fn instead_of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let explain = self.explain.as_ref()?;
        let code = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
        let status = StatusCode::from_bytes(code).ok().filter(StatusCode::is_client_error)?;
        let bare = bytes.ends_with(b"\r\n\r\n") && !bytes.windows(MARK.len()).any(|window| window == MARK);
        bare.then(|| printed(&explain(status)))
    }
}

impl<Io: AsyncWrite + Unpin> Explained<Io> {
    /// Sends what is left of an answer of ours.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(answer) = &mut self.answer {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, answer))?;
            answer.drain(..written);
            if written == 0 || answer.is_empty() {
                self.answer = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// An answer as it is sent, the last one on its connection: nobody knows where a next request would begin.
pub(super) fn printed(answer: &Response<Vec<u8>>) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", answer.status()).into_bytes();
    for (name, value) in answer.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = answer.body().len();
    bytes.extend_from_slice(format!("content-length: {length}\r\nconnection: close\r\n\r\n").as_bytes());
    bytes.extend_from_slice(answer.body());
    bytes
}

impl<Io: AsyncRead + Unpin> AsyncRead for Explained<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Explained<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.answer.is_none() {
            self.answer = self.instead_of(buf);
        }
        if self.answer.is_none() {
            return Pin::new(&mut self.io).poll_write(cx, buf);
        }
        ready!(self.poll_answer(cx))?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
