use super::AdapterStatus;
use super::schema::{described, inline, integer, object, text};
use parking_lot::Mutex;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use service::kind::Kind;
use service::list::{Collection, ListOrder};

/// A page of a list.
#[derive(Debug, Serialize)]
#[serde(bound = "T: Serialize")]
pub struct List<T> {
    /// `ClusterList`, `NodePoolList` or `AdapterStatusList`.
    pub kind: &'static str,
    /// The page number.
    pub page: u64,
    /// The number of items on the page.
    pub size: usize,
    /// The number of items that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// The items.
    pub items: Items<T>,
    /// The cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The position from which to follow changes that are not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// Items that can be serialized once. Each item is dropped as soon as it is serialized: keeping all items until the
/// end would take twice the memory.
#[derive(Debug)]
pub struct Items<T>(Mutex<Vec<T>>);

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Mutex::new(items))
    }
}

impl<T: Serialize> Serialize for Items<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = std::mem::take(&mut *self.0.lock());
        let mut sequence = serializer.serialize_seq(Some(items.len()))?;
        for item in items {
            sequence.serialize_element(&item)?;
        }
        sequence.end()
    }
}

described!(List<T> where [T: Type], format!("{}List", T::name()), component list::<T>);

fn list<T: Type>(registry: &mut Registry) -> MetaSchema {
    T::register(registry);
    let kind = MetaSchema { enum_items: vec![List::<T>::name().into()], ..text(None) };
    let items = MetaSchema { items: Some(Box::new(T::schema_ref())), ..MetaSchema::new("array") };
    let members = [
        ("kind", "The kind of the list.", kind),
        ("page", "The page number, starting at 1. Always 1 if `cursor` was sent.", integer(1.0)),
        ("size", SIZE, integer(0.0)),
        ("total", "The number of items that match. Absent with `total=false`.", integer(0.0)),
        ("items", "The items, in order.", items),
        ("next", "The cursor of the next page: send it as `cursor`. Absent on the last page.", text(None)),
        ("position", POSITION, text(None)),
    ];
    let mut list = object("A page of a list.", &["kind", "page", "size", "items"], members);
    // Changes do not include reports, so lists of reports have no position.
    list.properties.retain(|(name, _)| *name != "position" || T::name() != AdapterStatus::name());
    list
}

/// A set of parameters that are parsed together, so that all their faults are reported. The framework alone would
/// stop at the first fault. The document lists each parameter separately.
pub trait ParameterSet: Send {
    /// Returns the schema of an object with all parameters as properties.
    fn schema() -> MetaSchemaRef;
}

/// Returns the schema of the parameters with these names.
fn named(names: &[&str], wording: &Wording) -> MetaSchemaRef {
    let mut all = all(wording);
    all.properties.retain(|(name, _)| names.contains(name));
    inline(all)
}

/// The parts of the parameters that depend on the type of the items: the collection, the formats of searches and
/// fields, and examples.
struct Wording {
    collection: Collection,
    search: (&'static str, &'static str),
    order: &'static str,
    fields: (&'static str, &'static str),
}

const RESOURCES: Wording = Wording {
    // Node pools have the same fields.
    collection: Collection::of(Kind::Cluster),
    search: (
        "search-expression",
        "Returns only matching items, for example `labels.env='production' and status.phase!='Ready'`.",
    ),
    order: "The fields to sort by, for example `name desc, created_time`. Default: newest first.",
    fields: (
        "resource-fields",
        "The fields to return, for example `name,status.phase`. `id` is always returned.",
    ),
};

const REPORTS: Wording = Wording {
    collection: Collection::REPORTS,
    search: (
        "status-search-expression",
        "Returns only matching items, for example `adapter like 'dns%' and conditions.Available!='True'`. The fields \
         are `adapter`, `observed_generation`, `created_time`, `last_report_time` and `conditions.<Type>`.",
    ),
    order: "The fields to sort by, for example `last_report_time desc, adapter`. Default: newest adapter first.",
    fields: (
        "status-fields",
        "The fields to return, for example `observed_generation,conditions.status`. `adapter` is always returned.",
    ),
};

/// The parameters of lists of resources.
#[derive(Debug)]
pub struct ListParameters;

/// The parameters of every list.
const LIST: &[&str] =
    &["page", "size", "pageSize", "total", "search", "order", "orderBy", "fields", "cursor", CACHE_CONTROL];

impl ParameterSet for ListParameters {
    fn schema() -> MetaSchemaRef {
        named(LIST, &RESOURCES)
    }
}

/// The parameters of lists of reports.
#[derive(Debug)]
pub struct StatusListParameters;

impl ParameterSet for StatusListParameters {
    fn schema() -> MetaSchemaRef {
        named(LIST, &REPORTS)
    }
}

/// The parameters of reading one resource.
#[derive(Debug)]
pub struct ItemParameters;

impl ParameterSet for ItemParameters {
    fn schema() -> MetaSchemaRef {
        named(&["fields", "wait_for", "timeout", CACHE_CONTROL], &RESOURCES)
    }
}

/// The parameters of reading a document without selectable fields.
#[derive(Debug)]
pub struct ReadParameters;

impl ParameterSet for ReadParameters {
    fn schema() -> MetaSchemaRef {
        named(&[CACHE_CONTROL], &RESOURCES)
    }
}

/// The only parameter that is a header.
pub const CACHE_CONTROL: &str = "Cache-Control";

fn all(wording: &Wording) -> MetaSchema {
    let number = |maximum, default| MetaSchema { maximum: Some(maximum), default, ..integer(1.0) };
    let total = MetaSchema { default: Some(true.into()), ..MetaSchema::new("boolean") };
    let (format, searched) = wording.search;
    let search = MetaSchema { max_length: Some(4096), ..text(Some(format)) };
    let (fields, shown) = wording.fields;
    let terms = terms(&wording.collection);
    let matching = |pattern| MetaSchema { pattern: Some(pattern), ..text(None) };
    let members = [
        ("page", PAGE, number(1e12, Some(1.into()))),
        (
            "size",
            "The number of items on a page. A page has fewer if they are large: follow `next`.",
            number(500.0, Some(100.into())),
        ),
        ("pageSize", "An alias of `size`, which takes precedence if both are sent.", number(500.0, None)),
        ("total", "`false` omits `total` from the response.", total),
        ("search", searched, search),
        ("order", wording.order, matching(format!("^( *(asc|desc)|{terms}) *$"))),
        ("orderBy", ORDER_BY, matching(format!("^{terms} *$"))),
        ("fields", shown, text(Some(fields))),
        ("wait_for", WAIT_FOR, MetaSchema { max_length: Some(4096), ..text(Some("wait-expression")) }),
        ("timeout", "With `wait_for`, the maximum number of seconds to wait.", number(60.0, Some(30.into()))),
        (
            "cursor",
            "The `next` of a page, to get the page that follows it. Takes precedence over `page`.",
            text(Some("cursor")),
        ),
        (CACHE_CONTROL, CONSISTENCY, text(None)),
    ];
    object("", &[], members)
}

/// Returns the pattern of a comma-separated list of fields to sort by.
fn terms(collection: &Collection) -> String {
    let names = collection.names().join("|").replace('.', r"\.");
    format!("( *({names})( +(asc|desc))? *(,|$)){{0,{}}}", ListOrder::MAX_TERMS)
}

const ORDER_BY: &str = "An older form of `order`: the fields to sort by. If `order` is only a direction, `asc` or \
                        `desc`, it applies to these fields. Otherwise the fields in `order` follow them.";
const WAIT_FOR: &str = "A search, for example `status.phase='Ready'`. The response is delayed until the resource \
                        matches or `timeout` has elapsed. It is 404 as soon as the resource is removed.";
const POSITION: &str = "The position from which to follow changes: send it as `since` to `/changes`. Pages requested \
                        by `cursor` have the position of the first page. Absent if a replica of the database was \
                        read.";
const PAGE: &str = "The page number. If a page has fewer items because they are large, the next page number skips \
                    items: follow `next` instead.";
const SIZE: &str = "The number of items on this page. It is lower than requested on the last page, and if more items \
                    would exceed the maximum size of a page in bytes (8 MiB by default): follow `next` to continue.";
const CONSISTENCY: &str = "With `no-cache`, the response includes every change that was acknowledged before the \
                           request. Otherwise it may be read from a replica of the database, which can lag behind.";
