//! Value parsers: convert the text of a setting to its value, or return a message that states what is allowed.
//!
//! No message repeats the value, which may be a secret that was put in the wrong setting.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use service::name::AdapterName;

/// A list given as one value. clap would treat a field of type `Vec` as a repeated flag.
pub(crate) type ListOf<T> = Vec<T>;

/// Units of a duration, in milliseconds.
const TIME: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
/// Units of a size, in bytes.
const SIZE: [(&str, u64); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Parses a whole number from `min` to `max`.
pub(super) fn number<T: TryFrom<u64>>(min: u64, max: u64) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = quantity(text, &[("", 1)]).filter(|number| (min..=max).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("expected a whole number from {min} to {max}"))
    }
}

/// Parses a number of bytes from `min` to `max`, all written with a unit.
pub(super) fn size(min: &'static str, max: &'static str) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let bytes = within(text, min, max, &SIZE).and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| format!("expected a size from {min} to {max}, such as 65536, 256KiB or 1MiB"))
    }
}

/// Parses a duration from `min` to `max`, all written with a unit.
pub(super) fn duration(
    min: &'static str,
    max: &'static str,
) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    move |text| {
        let time = within(text, min, max, &TIME).map(Duration::from_millis);
        time.ok_or_else(|| format!("expected a duration from {min} to {max}, such as 500ms, 30s, 2m or 1h"))
    }
}

/// Parses text that is not blank and has no control characters.
pub(super) fn text(text: &str) -> Result<String, String> {
    let good = !text.trim().is_empty() && !text.contains(char::is_control);
    good.then(|| text.to_owned()).ok_or_else(|| "expected text, not blank and on one line".to_owned())
}

/// Parses a host name or an IP address. The brackets around an IPv6 address are removed.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let good = match bare.parse::<IpAddr>() {
        Ok(address) => bare == text || address.is_ipv6(),
        Err(_) => (1..=253).contains(&text.len()) && text.chars().all(name),
    };
    let allowed = "expected a host name or an IP address, without a port";
    good.then(|| bare.to_owned()).ok_or_else(|| allowed.to_owned())
}

/// Like [`host`], but also accepts the directory of a Unix socket.
pub(super) fn host_or_folder(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { host(text) }
        .map_err(|_| "expected a host name, an IP address or the folder of a socket".to_owned())
}

/// Whether a listener on `host` is reachable only from this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Parses an `http` or `https` URL without credentials and parameters, which errors and logs would repeat.
pub(super) fn http_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let good = |url: &Url| matches!(url.scheme(), "http" | "https") && !text.contains(char::is_whitespace);
    let Some(url) = Url::parse(text).ok().filter(good) else {
        return Err("expected a URL that starts with http:// or https://".to_owned());
    };
    if url.username().is_empty() && url.password().is_none() && url.query().is_none() {
        return Ok(text.to_owned());
    }
    Err("expected a URL without user, password and parameters: put credentials into OTEL_EXPORTER_OTLP_HEADERS"
        .to_owned())
}

/// Parses names without whitespace and duplicates: separated by commas, or a JSON array.
pub(super) fn names(text: &str) -> Result<Vec<String>, String> {
    let items: Option<Vec<String>> = match text.trim() {
        "" => Some(Vec::new()),
        array if array.starts_with('[') => serde_json::from_str(array).ok(),
        list => Some(list.split(',').map(|item| item.trim().to_owned()).collect()),
    };
    let mut seen = HashSet::new();
    let mut good =
        |item: &String| !item.is_empty() && !item.contains(char::is_whitespace) && seen.insert(item.clone());
    items.filter(|items| items.iter().all(&mut good)).ok_or_else(|| {
        "expected names separated by commas, or a JSON array of names, none empty, none twice".to_owned()
    })
}

/// Like [`names`], but each name must be the name of an adapter.
pub(super) fn adapters(text: &str) -> Result<Vec<String>, String> {
    match names(text)? {
        names if names.iter().all(|name| AdapterName::parse(name).is_ok()) => Ok(names),
        _ => Err("expected names of adapters: 1 to 253 letters, digits, '-', '_' and '.'".to_owned()),
    }
}

/// Like [`names`], but each name must be an origin in the form that browsers send.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let is_origin = |name: &String| {
        let url = Url::parse(name).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.is_some_and(|url| url.origin().ascii_serialization() == *name)
    };
    match names(text)? {
        names if names.iter().all(is_origin) => Ok(names),
        _ => {
            Err("expected origins such as https://console.example.com: lower case, without a path".to_owned())
        }
    }
}

/// Returns the sum of numbers with units, such as `1m30s`.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end_of =
        |text: &str, number: bool| text.find(|c: char| c.is_ascii_digit() != number).unwrap_or(text.len());
    let (mut total, mut rest) = (0_u64, text);
    loop {
        let (number, tail) = rest.split_at(end_of(rest, true));
        let (unit, after) = tail.split_at(end_of(tail, false));
        let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

/// Returns the quantity if it is within limits written in the same format.
fn within(text: &str, min: &str, max: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (value, min, max) = (quantity(text, units)?, quantity(min, units)?, quantity(max, units)?);
    (min..=max).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: std::fmt::Debug>(
        parse: impl Fn(&str) -> Result<T, String>,
        accepted: &[&str],
        refused: &[&str],
    ) {
        for text in accepted {
            assert!(parse(text).is_ok(), "{text:?} is refused: {:?}", parse(text));
        }
        for text in refused {
            assert!(parse(text).is_err(), "{text:?} is accepted: {:?}", parse(text));
        }
    }

    #[test]
    fn what_each_parser_accepts() {
        let port = ["0", "11", "-1", "+1", "1.0", "x", "", "1 "];
        check(number::<u32>(1, 10), &["1", "10", "007"], &port);
        let sizes = ["0B", "12", "256KiB", "1MiB", "1GiB", "5B"];
        check(size("0B", "1GiB"), &sizes, &["1MB", "-1", "1 MiB", "KiB", "99999999GiB", ""]);
        check(
            host,
            &["localhost", "10.0.0.1", "::1", "[::1]", "a-b.c"],
            &["", "a:80", "a/b", "http://a", "[a]"],
        );
        check(host_or_folder, &["db", "/run/postgresql", "[::1]"], &["", "db:5432"]);
        check(text, &["a", "a b"], &["", " ", "a\nb"]);
        check(
            names,
            &["", "a", "a,b", "a , b", "[]", r#"["a","b"]"#, " [\"a\"] "],
            &["a,,b", ",", "a,a", "a b", "[a]", r#"["a","a"]"#, r#"["a",1]"#, r#"[""]"#, "[a"],
        );
        check(
            origins,
            &["", "https://a.example", "http://localhost:3000,https://[::1]:8443"],
            &[
                "*",
                "null",
                "a.example",
                "https://a.example/",
                "https://A.example",
                "https://a:443",
                "ftp://a",
            ],
        );
        let long = "a".repeat(253);
        check(adapters, &["", "dns.v1,A_b-c", &long], &["dns!", "[dns", "a:b", "é", &format!("{long}a")]);
        check(
            http_url,
            &["http://c:4317", "https://c/x", "http://c:4318\n"],
            &[
                "c:4317",
                "http://",
                "grpc://c",
                "http://a b",
                "http://[::1",
                "http://u:p@c",
                "http://u@c",
                "http://c?key=k",
            ],
        );
    }

    #[test]
    fn durations() {
        let parse = duration("0s", "100000h");
        let table = [
            ("30s", 30_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("1m30s", 90_000),
            ("0s", 0),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(expected)), "{text:?}");
        }
        let refused =
            ["30", "", "s", "1.5s", "-1s", "30 s", "1d", "99999999999999999999s", "9999999999999999h"];
        check(parse, &[], &refused);
        let error = duration("10ms", "1h")("2h").expect_err("too long");
        assert_eq!(error, "expected a duration from 10ms to 1h, such as 500ms, 30s, 2m or 1h");
    }

    #[test]
    fn sizes_and_hosts_have_one_form() {
        assert_eq!(size("1KiB", "64MiB")("256KiB"), Ok(256 << 10));
        assert_eq!(host("[::1]").as_deref(), Ok("::1"));
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "128.0.0.1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
