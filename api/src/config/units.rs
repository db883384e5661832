//! Numbers with units: `30s`, `1m30s`, `256KiB`.

/// A number of digits only, without sign, blanks or separators.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A number of bytes, plain or with one of the units `B`, `KiB`, `MiB`, `GiB`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A duration in milliseconds, written as one or several numbers with units: `500ms`, `1m30s`.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = split_unit(rest)?;
        let unit_length = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_length);
        let factor: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = after;
    }
    Some(total)
}

/// A duration in the largest unit that divides it.
pub(super) fn duration_text(milliseconds: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let exact =
        units.iter().find(|(factor, _)| milliseconds >= *factor && milliseconds.is_multiple_of(*factor));
    exact.map_or(format!("{milliseconds}ms"), |(factor, unit)| format!("{}{unit}", milliseconds / factor))
}

/// The number at the start and everything after it.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((whole_number(number)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let table = [
            ("30s", Some(30_000)),
            ("500ms", Some(500)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("1m30s", Some(90_000)),
            ("0s", Some(0)),
            ("30", None),
            ("", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("30 s", None),
            ("1d", None),
            ("99999999999999999999s", None),
            ("9999999999999999h", None),
        ];
        for (text, expected) in table {
            assert_eq!(milliseconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_are_shown_in_their_largest_unit() {
        let table =
            [(10, "10ms"), (0, "0ms"), (1_000, "1s"), (90_000, "90s"), (600_000, "10m"), (3_600_000, "1h")];
        for (value, text) in table {
            assert_eq!(duration_text(value), text);
        }
    }
}
