//! Times in literals, and their relation to stored times, which are whole microseconds.

use chrono::{DateTime, TimeDelta, Utc};

use super::syntax::Test;
use super::token::Inequality;

const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

/// The range of stored times, in microseconds: from year 1 to the end of year 9999, less the microsecond that
/// [`Moment::next`] may add. A time in this range has a four-digit year, so it can be compared as text.
const RANGE: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_998);

/// The time of a literal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// The last whole microsecond that is not after the time.
    floor: DateTime<Utc>,
    /// Whether `floor` equals the time.
    exact: bool,
}

impl Moment {
    /// Parses an RFC 3339 date and time.
    pub(super) fn read(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        // `timestamp_micros` is not used: the fraction of a leap second exceeds 1000 milliseconds.
        let nanoseconds = i64::from(time.timestamp_subsec_nanos());
        let microseconds = time.timestamp() * 1_000_000 + nanoseconds / 1000;
        let kept = microseconds.clamp(RANGE.0, RANGE.1);
        let exact = kept == microseconds && nanoseconds % 1000 == 0;
        Some(Self { floor: DateTime::from_timestamp_micros(kept)?, exact })
    }

    /// The first whole microsecond after the time.
    fn next(self) -> DateTime<Utc> {
        self.floor + MICROSECOND
    }

    /// The first whole microsecond that is not before the time.
    fn ceiling(self) -> DateTime<Utc> {
        if self.exact { self.floor } else { self.next() }
    }
}

/// A test of a time, in whole microseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TimeTest {
    /// Equal to one of these. Literals between two microseconds are left out, because no stored time equals them.
    OneOf(Vec<DateTime<Utc>>),
    /// At or after the first, and before the second.
    Within(Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

impl From<Test<Moment>> for TimeTest {
    fn from(test: Test<Moment>) -> Self {
        match test {
            Test::OneOf(moments) => TimeTest::OneOf(
                moments.iter().filter(|moment| moment.exact).map(|moment| moment.floor).collect(),
            ),
            Test::Ordered(Inequality::Less, moment) => TimeTest::Within(None, Some(moment.ceiling())),
            Test::Ordered(Inequality::LessOrEqual, moment) => TimeTest::Within(None, Some(moment.next())),
            Test::Ordered(Inequality::Greater, moment) => TimeTest::Within(Some(moment.next()), None),
            Test::Ordered(Inequality::GreaterOrEqual, moment) => {
                TimeTest::Within(Some(moment.ceiling()), None)
            }
            Test::Between(low, high) => TimeTest::Within(Some(low.ceiling()), Some(high.next())),
        }
    }
}

impl TimeTest {
    /// The narrowest range that holds every time that passes: at or after the first, and before the second.
    pub(super) fn range(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        match self {
            TimeTest::OneOf(times) => {
                (times.iter().min().copied(), times.iter().max().map(|last| *last + MICROSECOND))
            }
            TimeTest::Within(from, until) => (*from, *until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::read(text).expect(text)
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect(text)
    }

    #[test]
    fn nanoseconds_are_rounded_by_what_is_asked() {
        let between = moment("2026-11-22T20:10:00.123456001Z");
        let floor = time("2026-11-22T20:10:00.123456Z");
        let ceiling = time("2026-11-22T20:10:00.123457Z");
        let ordered = |order| TimeTest::from(Test::Ordered(order, between));
        assert_eq!(TimeTest::from(Test::OneOf(vec![between])), TimeTest::OneOf(vec![]));
        assert_eq!(ordered(Inequality::Less), TimeTest::Within(None, Some(ceiling)));
        assert_eq!(ordered(Inequality::LessOrEqual), TimeTest::Within(None, Some(ceiling)));
        assert_eq!(ordered(Inequality::Greater), TimeTest::Within(Some(ceiling), None));
        assert_eq!(ordered(Inequality::GreaterOrEqual), TimeTest::Within(Some(ceiling), None));
        let exact = moment("2026-11-22T21:10:00.123456+01:00");
        assert_eq!(TimeTest::from(Test::OneOf(vec![exact])), TimeTest::OneOf(vec![floor]));
        assert_eq!(TimeTest::from(Test::Between(exact, exact)), TimeTest::Within(Some(floor), Some(ceiling)));
    }

    #[test]
    fn far_times_stay_within_four_digits_of_year() {
        for text in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "9999-12-31T23:59:60Z"] {
            let moment = moment(text);
            assert!(!moment.exact, "{text}");
            let years = [moment.floor, moment.next()].map(|time| time.format("%Y").to_string().len());
            assert_eq!(years, [4, 4], "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_next_second() {
        assert_eq!(moment("2016-12-31T23:59:60.5Z").floor, time("2017-01-01T00:00:00.5Z"));
    }

    #[test]
    fn only_a_date_with_time_and_zone_is_a_time() {
        for text in ["", "2026-11-22", "2026-11-22T20:10:00", "2026-13-45T00:00:00Z", "yesterday"] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }
}
