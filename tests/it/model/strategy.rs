//! Random scenarios. The weights favor steps that lead to progress: reports that are accepted, adapters that agree,
//! deletions that complete.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

use super::state::Settings;
use super::step::{
    ADAPTERS, Change, Creation, CreationFault, Observation, ObservationFault, Observed, Pick, Reason,
    Scenario, Step, Target, Timed,
};

const MOST_STEPS: usize = 40;

/// Generates settings and up to 40 steps after a first one that creates a cluster. Shrinks to fewer steps and smaller
/// indices.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    (settings(), creation(Just(None)), vec(timed(), 0..MOST_STEPS)).prop_map(
        |(settings, first, mut steps)| {
            steps.insert(0, Timed { wait_ms: 0, step: Step::CreateCluster(first) });
            Scenario { settings, steps }
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let mandatory = prop_oneof![5 => Just(vec![]), 1 => Just(names(&["Available", "Applied", "Health"]))];
    (required(), required(), mandatory).prop_map(|(required_cluster, required_nodepool, mandatory)| {
        Settings { required_cluster, required_nodepool, mandatory_conditions: mandatory }
    })
}

/// Generates zero, one or two adapters. Two adapters are not sorted by name.
fn required() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        2 => Just(vec![]),
        2 => Just(names(&ADAPTERS[..1])),
        1 => Just(names(&ADAPTERS[..2])),
    ]
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn timed() -> impl Strategy<Value = Timed> {
    let wait_ms = prop_oneof![1 => Just(0), 4 => 1..60_000_u32];
    (wait_ms, step()).prop_map(|(wait_ms, step)| Timed { wait_ms, step })
}

fn step() -> impl Strategy<Value = Step> {
    let create_node_pool = (parent(), creation(creation_fault()))
        .prop_map(|(parent, creation)| Step::CreateNodePool { parent, creation });
    prop_oneof![
        3 => creation(creation_fault()).prop_map(Step::CreateCluster),
        4 => create_node_pool,
        4 => (target(), change()).prop_map(|(target, change)| Step::Patch { target, change }),
        3 => target().prop_map(|target| Step::Delete { target }),
        20 => observation().prop_map(Step::Report),
        1 => (target(), reason()).prop_map(|(target, reason)| Step::ForceDelete { target, reason }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    let pick = prop_oneof![
        6 => (0..6_usize).prop_map(Pick::Any),
        3 => (0..3_usize).prop_map(Pick::Cluster),
        3 => (0..3_usize).prop_map(Pick::NodePool),
        5 => (0..3_usize).prop_map(Pick::Finalizing),
        1 => Just(Pick::Gone),
    ];
    (pick, any::<bool>()).prop_map(|(pick, flat)| Target { pick, flat })
}

/// Generates mostly a cluster, and sometimes any resource, such as a node pool, which cannot have node pools.
fn parent() -> impl Strategy<Value = Target> {
    let cluster = (0..3_usize).prop_map(|index| Target { pick: Pick::Cluster(index), flat: false });
    prop_oneof![6 => cluster, 1 => target()]
}

fn creation(fault: impl Strategy<Value = Option<CreationFault>>) -> impl Strategy<Value = Creation> {
    (0..3_usize, 0..5_usize, of(0..3_usize), fault).prop_map(|(name, spec, labels, fault)| Creation {
        name,
        spec,
        labels,
        fault,
    })
}

fn creation_fault() -> impl Strategy<Value = Option<CreationFault>> {
    let faults = select(vec![
        CreationFault::ShortName,
        CreationFault::LongName,
        CreationFault::UpperCaseName,
        CreationFault::TrailingHyphen,
        CreationFault::WrongKind,
        CreationFault::NoSpec,
        CreationFault::SpecIsNoObject,
        CreationFault::BadLabelKey,
    ]);
    weighted(0.05, faults)
}

fn change() -> impl Strategy<Value = Change> {
    let spec = (0..5_usize).prop_map(|spec| Change::Sections { spec: Some(spec), labels: None });
    let labels = (0..3_usize).prop_map(|labels| Change::Sections { spec: None, labels: Some(labels) });
    let both = (0..5_usize, 0..3_usize)
        .prop_map(|(spec, labels)| Change::Sections { spec: Some(spec), labels: Some(labels) });
    let others = select(vec![Change::Empty, Change::Nulls, Change::UnknownKey, Change::BadLabelValue]);
    prop_oneof![4 => spec, 3 => labels, 2 => both, 2 => Just(Change::Unchanged), 1 => others]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        6 => Just(Reason::Given),
        1 => select(vec![Reason::Longest, Reason::Empty, Reason::TooLong]),
    ]
}

fn observation() -> impl Strategy<Value = Observation> {
    let generation = prop_oneof![8 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let faults = select(vec![
        ObservationFault::DuplicateType,
        ObservationFault::EmptyType,
        ObservationFault::OtherStatus,
        ObservationFault::NoAdapter,
    ]);
    let about = (target(), any::<bool>(), adapter());
    (about, generation, observed(), conditions(), of(0..3_usize), weighted(0.03, faults)).prop_map(
        |((target, put, adapter), generation, observed, conditions, text, fault)| Observation {
            target,
            put,
            adapter,
            generation,
            observed,
            conditions,
            text,
            fault,
        },
    )
}

/// Generates the first two adapters, which may be required, more often than the others.
fn adapter() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..2_usize, 1 => 2..ADAPTERS.len()]
}

/// Generates times from 20 minutes before to 4 minutes after the current time, exact repetitions, and the limits of
/// the accepted range.
fn observed() -> impl Strategy<Value = Observed> {
    prop_oneof![
        4 => Just(Observed::Absent),
        4 => (-1_200..=240_i64).prop_map(Observed::Offset),
        4 => (-5..=5_i64).prop_map(Observed::Offset),
        2 => Just(Observed::Stored(0)),
        1 => select(vec![Observed::Stored(-1), Observed::Stored(1)]),
        1 => select(vec![-1_801, -1_800, 300, 301]).prop_map(Observed::Offset),
    ]
}

/// Generates the conditions of one report, each type at most once, and sometimes none.
fn conditions() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let available = weighted(0.8, mostly_true());
    let health = weighted(0.5, mostly_true());
    let finalized = weighted(0.6, prop_oneof![4 => Just("True"), 1 => Just("False")]);
    let rest = (
        weighted(0.4, mostly_true()),
        weighted(0.15, mostly_true()),
        weighted(0.1, prop_oneof![Just("True"), Just("False")]),
        weighted(0.2, prop_oneof![Just("True"), Just("False"), Just("Unknown")]),
    );
    (available, health, finalized, rest).prop_map(|(available, health, finalized, rest)| {
        let (applied, ready, failed, progressing) = rest;
        let conditions = [
            ("Progressing", progressing),
            ("Applied", applied),
            ("Ready", ready),
            ("Available", available),
            ("Health", health),
            ("Failed", failed),
            ("Finalized", finalized),
        ];
        conditions.into_iter().filter_map(|(kind, status)| Some((kind, status?))).collect()
    })
}

fn mostly_true() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just("True"), 2 => Just("False"), 1 => Just("Unknown")]
}
