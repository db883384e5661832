//! Enumeration of every small set of reports.

use chrono::{DateTime, TimeDelta, Utc};

use super::report::{Condition, Report};

const GENERATIONS: usize = 3;
const STATUSES: [&str; 3] = ["True", "False", "Unknown"];
/// The number of states of an adapter: no report, or one generation with one status.
const STATES: usize = 1 + GENERATIONS * STATUSES.len();

/// Returns every combination of reports: each adapter has not reported, or has reported at generation 1, 2 or 3 with
/// `Available` True, False or Unknown. That is 10 to the power of the number of adapters: 10,000 for four.
///
/// The reports of a list are in the order of `adapters`. The first is observed at `start`, each other one second
/// after the previous one. For all of them to be accepted, the resource must be at generation 3, and each list needs
/// a new resource or a new model.
pub(crate) fn report_lists<'a>(
    adapters: &'a [&'a str],
    start: DateTime<Utc>,
) -> impl Iterator<Item = Vec<Report>> + 'a {
    (0..STATES.pow(adapters.len() as u32)).map(move |number| {
        let digits = (0..adapters.len() as u32).map(|place| number / STATES.pow(place) % STATES);
        let times = (0..).map(|second| start + TimeDelta::seconds(second));
        let states = adapters.iter().zip(digits).zip(times);
        states.filter_map(|((adapter, digit), observed)| report(adapter, digit, observed)).collect()
    })
}

fn report(adapter: &str, digit: usize, observed: DateTime<Utc>) -> Option<Report> {
    let index = digit.checked_sub(1)?;
    Some(Report {
        adapter: adapter.to_owned(),
        observed_generation: (index / STATUSES.len()) as i64 + 1,
        observed_time: Some(observed),
        conditions: vec![Condition::new("Available", STATUSES[index % STATUSES.len()])],
    })
}
