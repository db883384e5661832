//! The steps of a scenario: plain data without ids and times.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::state::Settings;

/// The settings of a service, and the steps to run against it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) steps: Vec<Timed>,
}

/// A step, and the time by which the clock advances before it.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    /// The time in milliseconds. 0 does not advance the clock.
    pub(crate) wait_ms: u32,
    pub(crate) step: Step,
}

/// One request. Numbers are indices, taken modulo the number of candidates.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    CreateCluster(Creation),
    CreateNodePool { parent: Target, creation: Creation },
    Patch { target: Target, change: Change },
    Delete { target: Target },
    Report(Observation),
    ForceDelete { target: Target, reason: Reason },
}

/// A resource, and which of its paths is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) pick: Pick,
    /// Whether a node pool is addressed by its own path instead of the path under its cluster.
    pub(crate) flat: bool,
}

/// The selection of a resource. If none of the requested sort exists, any resource is selected. If no resource
/// exists, the id matches nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pick {
    Any(usize),
    Cluster(usize),
    NodePool(usize),
    Finalizing(usize),
    /// The resource that was removed last.
    Gone,
}

/// The body of a create.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) name: usize,
    pub(crate) spec: usize,
    /// If `None`, the key is omitted.
    pub(crate) labels: Option<usize>,
    pub(crate) fault: Option<CreationFault>,
}

/// A fault in the body of a create.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CreationFault {
    ShortName,
    LongName,
    UpperCaseName,
    TrailingHyphen,
    WrongKind,
    NoSpec,
    SpecIsNoObject,
    BadLabelKey,
}

/// The body of a PATCH.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// If a field is `None`, its key is omitted.
    Sections {
        spec: Option<usize>,
        labels: Option<usize>,
    },
    /// The current values of the resource, with integers written as decimal fractions.
    Unchanged,
    Empty,
    Nulls,
    UnknownKey,
    BadLabelValue,
}

/// The reason of a force-delete.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reason {
    Given,
    /// The maximum length, in two-byte characters.
    Longest,
    Empty,
    TooLong,
}

/// A report.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) target: Target,
    /// PUT instead of POST.
    pub(crate) put: bool,
    pub(crate) adapter: usize,
    /// The offset from the current generation of the resource.
    pub(crate) generation: i64,
    pub(crate) observed: Observed,
    /// The types and statuses of the conditions, in order.
    pub(crate) conditions: Vec<(&'static str, &'static str)>,
    /// If set, each condition has a reason and a message that contain this number.
    pub(crate) text: Option<usize>,
    pub(crate) fault: Option<ObservationFault>,
}

/// The observed time of a report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    /// Omitted.
    Absent,
    /// This many seconds after the current time.
    Offset(i64),
    /// The observed time of the same adapter's stored report, plus this many microseconds. The current time if there
    /// is no stored report.
    Stored(i64),
}

/// A fault in a report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ObservationFault {
    DuplicateType,
    EmptyType,
    OtherStatus,
    NoAdapter,
}

pub(crate) const CLUSTER_NAMES: [&str; 3] = ["alpha", "beta-2", "0cc"];
pub(crate) const NODE_POOL_NAMES: [&str; 3] = ["alpha", "workers", "gpu-a100-pool-1"];
/// Deliberately not sorted by name.
pub(crate) const ADAPTERS: [&str; 4] = ["validation", "dns", "gcp-provisioner", "Pull_secret"];

impl Timed {
    /// Returns the time by which the clock advances before the step.
    pub(crate) fn wait(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.wait_ms.into())
    }
}

/// Returns the possible specs. Two of them differ only in the spelling of a number.
pub(crate) fn specs() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "nodes": 1 }),
        json!({ "nodes": 1.0 }),
        json!({ "nodes": 9_007_199_254_740_993_i64, "zones": ["a", null] }),
        json!({ "region": "eu", "network": { "cidr": "10.0.0.0/16", "private": true } }),
    ]
}

/// Returns the possible label sets.
pub(crate) fn label_sets() -> Vec<Value> {
    vec![json!({}), json!({ "env": "production" }), json!({ "env": "test", "example.com/team": "" })]
}
