//! Steps of a scenario: plain data that knows no ids and no times.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::state::Settings;

/// A service and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) settings: Settings,
    pub(crate) steps: Vec<Timed>,
}

/// A step, and how long the clock runs before it.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    /// In milliseconds; 0 leaves the clock where it is.
    pub(crate) wait_ms: u32,
    pub(crate) step: Step,
}

/// One request. Numbers are indices, taken modulo what there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    CreateCluster(Creation),
    CreateNodePool { parent: Target, creation: Creation },
    Patch { target: Target, change: Change },
    Delete { target: Target },
    Report(Observation),
    ForceDelete { target: Target, reason: Reason },
}

/// A resource, and how its address is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) pick: Pick,
    /// A node pool by its own path instead of the one under its cluster.
    pub(crate) flat: bool,
}

/// Which resource. Where there is none of the sort, any; where there is none at all, the id names nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pick {
    Any(usize),
    Cluster(usize),
    NodePool(usize),
    Finalizing(usize),
    /// The one that was removed last.
    Gone,
}

/// The body of a create.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) name: usize,
    pub(crate) spec: usize,
    /// None leaves the key out.
    pub(crate) labels: Option<usize>,
    pub(crate) fault: Option<CreationFault>,
}

/// What may be wrong with the body of a create.
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
    /// None leaves the key out.
    Sections {
        spec: Option<usize>,
        labels: Option<usize>,
    },
    /// What the resource has already, with whole numbers written as decimal fractions.
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
    /// As long as allowed, in characters of two bytes.
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
    /// Added to the current generation of the resource.
    pub(crate) generation: i64,
    pub(crate) observed: Observed,
    /// Type and status, in this order.
    pub(crate) conditions: Vec<(&'static str, &'static str)>,
    /// With a reason and a message in each condition; the number tells texts apart.
    pub(crate) text: Option<usize>,
    pub(crate) fault: Option<ObservationFault>,
}

/// The observed time of a report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    /// Left out.
    Absent,
    /// This many seconds after now.
    Offset(i64),
    /// That of the same adapter's stored report, moved by so many microseconds; now, if there is none.
    Stored(i64),
}

/// What may be wrong with a report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ObservationFault {
    DuplicateType,
    EmptyType,
    OtherStatus,
    NoAdapter,
}

pub(crate) const CLUSTER_NAMES: [&str; 3] = ["alpha", "beta-2", "0cc"];
pub(crate) const NODE_POOL_NAMES: [&str; 3] = ["alpha", "workers", "gpu-a100-pool-1"];
/// Not in order of name.
pub(crate) const ADAPTERS: [&str; 4] = ["validation", "dns", "gcp-provisioner", "Pull_secret"];

impl Timed {
    /// How long the clock runs before the step.
    pub(crate) fn wait(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.wait_ms.into())
    }
}

/// The small universe of specs; two of them differ in the spelling of a number only.
pub(crate) fn specs() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "nodes": 1 }),
        json!({ "nodes": 1.0 }),
        json!({ "nodes": 9_007_199_254_740_993_i64, "zones": ["a", null] }),
        json!({ "region": "eu", "network": { "cidr": "10.0.0.0/16", "private": true } }),
    ]
}

/// The small universe of labels.
pub(crate) fn label_sets() -> Vec<Value> {
    vec![json!({}), json!({ "env": "production" }), json!({ "env": "test", "example.com/team": "" })]
}
