//! Finding the end of a request head in a stream of bytes.

/// What an HTTP/2 connection starts with, up to the blank line in it (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// What the bytes seen so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// The blank line that ends a head has not come yet.
    Partial,
    /// A whole HTTP/1 head.
    Complete,
    /// The opening of an HTTP/2 connection, after which there are frames and no heads.
    Http2,
}

/// Recognises the end of a head as the HTTP parser does: a line is ended by LF, CR before it is
/// optional, blank lines before the request line do not count.
#[derive(Debug)]
pub(super) struct HeadScan {
    /// A byte of the request line has been seen.
    started: bool,
    /// Nothing but CR stands in the current line.
    blank_line: bool,
    /// How many bytes of the HTTP/2 preface have been seen, and nothing else.
    preface: Option<usize>,
}

impl HeadScan {
    /// A scan at the start of a connection or between two requests.
    pub(super) fn new() -> Self {
        Self { started: false, blank_line: true, preface: Some(0) }
    }

    /// Takes the next bytes. Bytes after the end of the head are not looked at.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Head {
        for &byte in bytes {
            self.preface = self.preface.filter(|&at| HTTP2_PREFACE.get(at) == Some(&byte)).map(|at| at + 1);
            match byte {
                b'\n' if self.started && self.blank_line => return self.ended(),
                b'\n' => self.blank_line = true,
                b'\r' => {}
                _ => {
                    self.started = true;
                    self.blank_line = false;
                }
            }
        }
        Head::Partial
    }

    fn ended(&self) -> Head {
        if self.preface == Some(HTTP2_PREFACE.len()) { Head::Http2 } else { Head::Complete }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the text byte by byte, so that every cut between two reads is covered.
    fn scan(text: &str) -> Head {
        let mut scan = HeadScan::new();
        text.bytes()
            .map(|byte| scan.feed(&[byte]))
            .find(|head| *head != Head::Partial)
            .unwrap_or(Head::Partial)
    }

    #[test]
    fn a_head_ends_with_its_blank_line() {
        for (text, expected) in [
            ("", Head::Partial),
            ("GET / HTTP/1.1\r\n", Head::Partial),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r", Head::Partial),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Head::Complete),
            ("GET / HTTP/1.1\nHost: a\n\n", Head::Complete),
            ("GET / HTTP/1.1\nHost: a\n\r\n", Head::Complete),
            ("\r\n\r\n", Head::Partial),
            ("\r\n\r\nGET / HTTP/1.1\r\n", Head::Partial),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\n", Head::Complete),
            ("PRI * HTTP/2.0\r\n", Head::Partial),
            ("PRI * HTTP/2.0\r\n\r\n", Head::Http2),
            ("\nPRI * HTTP/2.0\r\n\r\n", Head::Complete),
            ("PRI /x HTTP/1.1\r\n\r\n", Head::Complete),
        ] {
            assert_eq!(scan(text), expected, "{text:?}");
            assert_eq!(HeadScan::new().feed(text.as_bytes()), expected, "{text:?} in one read");
        }
    }
}
