//! Ids: UUIDv7 values that contain the creation time with microsecond precision.
//!
//! UUIDv7 defines 48 bits of milliseconds. The 12 bits after them hold the microseconds within the millisecond. The
//! order of ids is therefore the order of creation, including ties: the primary key serves the default order of
//! lists and every comparison with `created_time`, and no other index is needed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

const MICROS_PER_MILLI: i64 = 1000;
const MAX_MILLIS: i64 = (1 << 48) - 1;

/// Creates an id for a resource created at `now`.
pub fn new_id(now: DateTime<Utc>) -> Uuid {
    let random: u64 = rand::random();
    compose(now.timestamp_micros(), random)
}

/// Returns the smallest possible id of a resource created in the microsecond of `time`. Times before 1970 and after
/// the year 10889 are clamped to the range of ids.
pub fn id_floor(time: DateTime<Utc>) -> Uuid {
    compose(time.timestamp_micros(), 0)
}

fn compose(micros: i64, random: u64) -> Uuid {
    let micros = micros.clamp(0, MAX_MILLIS * MICROS_PER_MILLI + MICROS_PER_MILLI - 1);
    let millis = (micros / MICROS_PER_MILLI) as u128;
    let fraction = (micros % MICROS_PER_MILLI) as u128;
    let version = 7u128 << 76;
    let variant = 0b10u128 << 62;
    let random = u128::from(random >> 2);
    Uuid::from_u128(millis << 80 | version | fraction << 66 | variant | random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn an_id_carries_its_creation_time_to_the_microsecond() {
        let now = time("2026-11-22T20:10:00.123456Z");
        let id = new_id(now);
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        assert!(id_floor(now) <= id && id < id_floor(time("2026-11-22T20:10:00.123457Z")));
    }

    #[test]
    fn order_by_id_is_order_by_creation() {
        let times =
            ["2026-11-22T20:10:00.123456Z", "2026-11-22T20:10:00.123457Z", "2026-11-22T20:10:00.124Z"];
        let ids: Vec<Uuid> = times.iter().map(|text| new_id(time(text))).collect();
        assert!(ids.is_sorted());
        assert!(id_floor(time(times[1])) > ids[0] && id_floor(time(times[1])) <= ids[1]);
    }

    #[test]
    fn times_no_id_can_say_are_clamped() {
        assert_eq!(id_floor(time("1960-01-01T00:00:00Z")), id_floor(time("1970-01-01T00:00:00Z")));
        assert_eq!(id_floor(DateTime::<Utc>::MAX_UTC).as_u128() >> 80, MAX_MILLIS as u128);
    }
}
