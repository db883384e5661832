use super::list::ParameterSet;
use super::resource::{Cluster, NodePool};
use super::schema::{described, inline, integer, object, text};
use super::value::{As, Time};
use entity::JsonText;
use poem_openapi::registry::{MetaDiscriminatorObject, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_json::Value;
use service::kind::Kind;
use service::model::Resource;

/// A cluster or a node pool.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnyResource {
    /// A cluster.
    Cluster(Box<Cluster>),
    /// A node pool.
    NodePool(Box<NodePool>),
}

impl From<Resource> for AnyResource {
    fn from(resource: Resource) -> Self {
        match resource.kind {
            Kind::Cluster => Self::Cluster(Box::new(resource.into())),
            Kind::NodePool => Self::NodePool(Box::new(resource.into())),
        }
    }
}

described!(AnyResource, "Resource", component any_resource);

fn any_resource(registry: &mut Registry) -> MetaSchema {
    Cluster::register(registry);
    NodePool::register(registry);
    let mapping = ["Cluster", "NodePool"].map(|name| (name.into(), format!("#/components/schemas/{name}")));
    MetaSchema {
        description: Some("A cluster or a node pool, as its `kind` says."),
        one_of: vec![Cluster::schema_ref(), NodePool::schema_ref()],
        discriminator: Some(MetaDiscriminatorObject { property_name: "kind", mapping: mapping.to_vec() }),
        ..MetaSchema::ANY
    }
}

/// A change of a resource, as seen by a caller that follows what matches.
#[derive(Debug, Object, Serialize)]
pub struct ChangeEvent {
    /// What happened.
    pub r#type: ChangeEventType,
    /// Where to resume: send it as `since`.
    pub position: String,
    /// The resource as it is after the change; if it was removed, as it last was.
    pub object: As<AnyResource>,
    /// The resource's entity tag, for `If-Match`, and to tell older states from newer ones.
    pub etag: String,
    /// What was done to it. Absent for the present state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<As<ChangeKind, String>>,
    /// Who did it: the caller, or the adapter that reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_time: Option<Time>,
    /// Why the resource no longer matches: with `DELETED` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What an event means to a follower.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "UPPERCASE")]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeEventType {
    /// The resource matches; before it did not, or did not exist.
    Added,
    /// The resource matches, as before.
    Modified,
    /// The resource no longer matches, or was removed.
    Deleted,
}

impl ChangeEventType {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// Why a resource no longer matches.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// It changed.
    Unmatched,
    /// It was removed.
    Deleted,
}

/// What was done to a resource.
#[derive(Debug, Enum)]
#[oai(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// Its spec or its labels changed, or its deletion was requested.
    Updated,
    /// An adapter reported something new.
    Reported,
    /// It was removed.
    Removed,
}

/// What happened after a position.
#[derive(Debug, Serialize)]
pub struct ChangeList {
    /// Always `ChangeList`.
    pub kind: &'static str,
    /// The events, in order.
    pub items: Vec<JsonText>,
    /// From here on there may be more.
    pub next: String,
    /// Whether there certainly is more.
    pub more: bool,
}

described!(ChangeList, "ChangeList", component change_list);

fn change_list(registry: &mut Registry) -> MetaSchema {
    ChangeEvent::register(registry);
    let kind = MetaSchema { enum_items: vec!["ChangeList".into()], ..text(None) };
    let items = MetaSchema { items: Some(Box::new(ChangeEvent::schema_ref())), ..MetaSchema::new("array") };
    let members = [
        ("kind", "Always `ChangeList`.", kind),
        ("items", "The events, in the order in which they happened to each resource.", items),
        ("next", "Where to continue: send it as `since`. It advances even if nothing matched.", text(None)),
        ("more", "Whether more events are known: ask again immediately.", MetaSchema::new("boolean")),
    ];
    object("What happened after a position.", &["kind", "items", "next", "more"], members)
}

/// The parameters of the changes.
#[derive(Debug)]
pub struct ChangeParameters;

impl ParameterSet for ChangeParameters {
    fn schema() -> MetaSchemaRef {
        let number = |minimum, maximum, default: Option<i64>| MetaSchema {
            maximum: Some(maximum),
            default: default.map(Value::from),
            ..integer(minimum)
        };
        let id = || text(Some("uuid"));
        let kind = format!("({})", Kind::ALL.map(Kind::as_str).join("|"));
        let search = MetaSchema { max_length: Some(4096), ..text(Some("search-expression")) };
        let members = [
            (
                "kind",
                "`Cluster`, `NodePool`, or both, separated by a comma (the default).",
                MetaSchema { pattern: Some(format!("^ *({kind} *(, *{kind} *)*)?$")), ..text(None) },
            ),
            ("id", "Only the resource with this id.", id()),
            ("owner_id", "Only the node pools of the cluster with this id.", id()),
            (
                "search",
                "Only what matches, as in lists. A resource that stops matching is `DELETED`.",
                search,
            ),
            ("fields", "Only these fields of each resource, and its id.", text(Some("resource-fields"))),
            ("since", SINCE, text(Some("position"))),
            ("wait", WAIT, number(0.0, 60.0, Some(0))),
            ("limit", "The maximum number of events in a JSON answer.", number(1.0, 1000.0, Some(500))),
            ("bookmark", "Seconds between the bookmarks of a stream.", number(1.0, 60.0, Some(10))),
            ("timeout", TIMEOUT, number(1.0, 3600.0, None)),
        ];
        inline(object("", &[], members))
    }
}

const SINCE: &str = "Where to start: a position, which is the `next` of an answer or the `position` of an event, a bookmark or a \
                     list; or `now` for what happens from now on. If absent, the present state comes first, as `ADDED` \
                     events.";
const WAIT: &str =
    "The maximum number of seconds that a JSON answer waits for an event. Streams always wait.";
const TIMEOUT: &str = "The number of seconds after which a stream ends. By default, after 25 to 35 minutes.";
