//! Parsing of `Accept-Encoding`.

use poem::http::HeaderMap;
use poem::http::header::ACCEPT_ENCODING;

/// Whether the client accepts gzip and does not prefer an uncompressed response (RFC 9110 §12.5.3).
///
/// A coding that is not listed has the weight of `*` if that is listed; otherwise gzip is not acceptable. `identity`
/// is compared only if it is listed itself. A weight that cannot be parsed counts as 0, because an uncompressed
/// response is always safe.
pub(super) fn wants_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for member in value.to_str().unwrap_or_default().split(',') {
            let (coding, weight) = parse(member);
            match coding.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(weight),
                "identity" => identity = Some(weight),
                "*" => any = Some(weight),
                _ => {}
            }
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && identity.is_none_or(|identity| gzip >= identity)
}

/// Returns the coding of a list member and its weight in thousandths.
fn parse(member: &str) -> (&str, u16) {
    let mut parts = member.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default();
    let weight = match parts.next().and_then(|parameter| parameter.split_once('=')) {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => thousandths(value.trim()),
        _ => 1000,
    };
    (coding, weight)
}

/// Parses `0` or `1` with at most three decimals, in thousandths. Anything else is 0.
fn thousandths(value: &str) -> u16 {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let digits = decimals.bytes().all(|digit| digit.is_ascii_digit()) && decimals.len() <= 3;
    match (whole, format!("{decimals:0<3}").parse()) {
        ("0", Ok(part)) if digits => part,
        ("1", Ok(0)) if digits => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_want_it() {
        for (lines, expected) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZIP"], true),
            (&["x-gzip"], true),
            (&["br, gzip, deflate"], true),
            (&["br", "gzip"], true),
            (&["br"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000"], false),
            (&["gzip;q=0, *"], false),
            (&["gzip;q=0.001"], true),
            (&["gzip; q=1.0"], true),
            (&["gzip ; Q=0.5"], true),
            (&["*;q=0, gzip"], true),
            (&["identity"], false),
            (&["identity, gzip"], true),
            (&["identity;q=1.0, gzip;q=0.3"], false),
            (&["identity;q=0.3, gzip;q=1.0"], true),
            (&["identity;q=0, *"], true),
            (&["gzip;q=2"], false),
            (&["gzip;q=1.001"], false),
            (&["gzip;q=-1"], false),
            (&["gzip;q=0.1234"], false),
            (&["gzip;q="], false),
            (&["gzip;q=abc"], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT_ENCODING, line.parse().expect("a header value"));
            }
            assert_eq!(wants_gzip(&headers), expected, "{lines:?}");
        }
    }
}
