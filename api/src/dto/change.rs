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
        description: Some("A cluster or a node pool, depending on `kind`."),
        one_of: vec![Cluster::schema_ref(), NodePool::schema_ref()],
        discriminator: Some(MetaDiscriminatorObject { property_name: "kind", mapping: mapping.to_vec() }),
        ..MetaSchema::ANY
    }
}

/// A change of a resource, as seen by a client that follows a selection of resources.
#[derive(Debug, Object, Serialize)]
pub struct ChangeEvent {
    /// The type of the event.
    pub r#type: ChangeEventType,
    /// The position of the event. Send it as `since` to resume after the event.
    pub position: String,
    /// The resource after the change. If the resource was removed, its last state.
    pub object: As<AnyResource>,
    /// The entity tag of the resource, for use in `If-Match` and to distinguish older states from newer ones.
    pub etag: String,
    /// The change that was made to the resource. Absent in events of the current state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<As<ChangeKind, String>>,
    /// The caller that made the change, or the adapter that reported. Absent in events of the current state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// The time of the change. Absent in events of the current state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_time: Option<Time>,
    /// The reason why the resource no longer matches. Present only with `DELETED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// The type of an event.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "UPPERCASE")]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeEventType {
    /// The resource matches. Before the change it did not match or did not exist.
    Added,
    /// The resource matches, as it did before the change.
    Modified,
    /// The resource no longer matches or was removed.
    Deleted,
}

impl ChangeEventType {
    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// The reason why a resource no longer matches.
#[derive(Clone, Copy, Debug, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The resource changed.
    Unmatched,
    /// The resource was removed.
    Deleted,
}

/// The kind of change that was made to a resource.
#[derive(Debug, Enum)]
#[oai(rename_all = "lowercase")]
pub enum ChangeKind {
    /// The resource was created.
    Created,
    /// The spec or the labels changed, or the deletion was requested.
    Updated,
    /// An adapter reported something new.
    Reported,
    /// The resource was removed.
    Removed,
}

/// The events after a position.
#[derive(Debug, Serialize)]
pub struct ChangeList {
    /// Always `ChangeList`.
    pub kind: &'static str,
    /// The events, in order.
    pub items: Vec<JsonText>,
    /// The position to continue from.
    pub next: String,
    /// Whether more events are known to exist.
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
        ("next", "The position to send as `since` next. It advances even if nothing matched.", text(None)),
        ("more", "Whether more events can be read immediately.", MetaSchema::new("boolean")),
    ];
    object("The changes after a position.", &["kind", "items", "next", "more"], members)
}

/// The parameters of the list of changes.
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
                "The kinds: `Cluster`, `NodePool`, or both separated by a comma. Default: both.",
                MetaSchema { pattern: Some(format!("^ *({kind} *(, *{kind} *)*)?$")), ..text(None) },
            ),
            ("id", "Returns only changes of the resource with this ID.", id()),
            ("owner_id", "Returns only changes of node pools of the cluster with this ID.", id()),
            (
                "search",
                "Returns only changes of matching resources, as in lists. One that stops matching is `DELETED`.",
                search,
            ),
            ("fields", "The fields of each resource to return, besides `id`.", text(Some("resource-fields"))),
            ("since", SINCE, text(Some("position"))),
            ("wait", WAIT, number(0.0, 60.0, Some(0))),
            ("limit", "The maximum number of events in a JSON response.", number(1.0, 1000.0, Some(500))),
            ("bookmark", "The number of seconds between bookmarks of a stream.", number(1.0, 60.0, Some(10))),
            ("timeout", TIMEOUT, number(1.0, 3600.0, None)),
        ];
        inline(object("", &[], members))
    }
}

const SINCE: &str = "The position to start from: the `next` of a response, the `position` of an event, a bookmark or \
                     a list, or `now` for changes from now on. If absent, the current state comes first, as `ADDED` \
                     events.";
const WAIT: &str =
    "The maximum number of seconds that a JSON response waits for an event. Streams always wait.";
const TIMEOUT: &str = "The number of seconds after which a stream ends. Default: a random value from 25 to 35 \
                       minutes.";
