//! A connection in the clear or under TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{Accept, server::TlsStream};

/// The byte stream under HTTP.
///
/// A TLS handshake runs at the first read, in the task of its own connection: it never holds up
/// accepting, and the deadline of the first request head covers it.
pub enum Transport {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS whose handshake is not finished.
    Handshake(Box<Accept<TcpStream>>),
    /// TLS after its handshake.
    Tls(Box<TlsStream<TcpStream>>),
}

/// What both kinds of stream can do.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Transport {
    /// The stream to read from and write to, once there is one.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        if let Transport::Handshake(handshake) = self {
            *self = Transport::Tls(Box::new(ready!(Pin::new(handshake).poll(cx))?));
        }
        Poll::Ready(match self {
            Transport::Plain(stream) => Ok(Pin::new(stream)),
            Transport::Tls(stream) => Ok(Pin::new(stream.as_mut())),
            Transport::Handshake(_) => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_stream(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_stream(cx))?.poll_shutdown(cx)
    }
}
