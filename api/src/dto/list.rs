use super::AdapterStatus;
use super::schema::{described, inline, integer, object, text};
use parking_lot::Mutex;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use service::kind::Kind;
use service::list::{Collection, Ordering};

/// A page of a list.
#[derive(Debug, Serialize)]
#[serde(bound = "T: Serialize")]
pub struct List<T> {
    /// `ClusterList`, `NodePoolList` or `AdapterStatusList`.
    pub kind: &'static str,
    /// The page's number.
    pub page: u64,
    /// How many items are on it.
    pub size: usize,
    /// How many items match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// The items.
    pub items: Items<T>,
    /// The cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// From here on, changes tell what is not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// Items that are printed once. Each is dropped as soon as it is printed: all of them and all that is printed of them
/// would take twice the memory.
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
        let mut printed = serializer.serialize_seq(Some(items.len()))?;
        for item in items {
            printed.serialize_element(&item)?;
        }
        printed.end()
    }
}

described!(List<T> where [T: Type], format!("{}List", T::name()), component list::<T>);

fn list<T: Type>(registry: &mut Registry) -> MetaSchema {
    T::register(registry);
    let kind = MetaSchema { enum_items: vec![List::<T>::name().into()], ..text(None) };
    let items = MetaSchema { items: Some(Box::new(T::schema_ref())), ..MetaSchema::new("array") };
    let members = [
        ("kind", "What is listed.", kind),
        ("page", "The page's number, from 1; 1 on pages asked for by cursor.", integer(0.0)),
        ("size", SIZE, integer(0.0)),
        ("total", "How many items match. Absent with `total=false`.", integer(0.0)),
        ("items", "The items, in order.", items),
        ("next", "Opaque cursor of the next page, to send as `cursor`. Absent on the last page.", text(None)),
        ("position", POSITION, text(None)),
    ];
    let mut list = object("A page of a list.", &["kind", "page", "size", "items"], members);
    // Changes tell nothing of reports.
    list.properties.retain(|(name, _)| *name != "position" || T::name() != AdapterStatus::name());
    list
}

/// Parameters that are read together, so that every fault in them is found at once; the framework would stop at the
/// first. The document shows each of them.
pub trait ParameterSet: Send {
    /// All of them as one schema.
    fn schema() -> MetaSchemaRef;
}

/// Those of all parameters that have these names.
fn named(names: &[&str], wording: &Wording) -> MetaSchemaRef {
    let mut all = all(wording);
    all.properties.retain(|(name, _)| names.contains(name));
    inline(all)
}

/// What is particular about the parameters with which certain items are read: the items, the formats of searches and
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
        "Only what matches, like `labels.env='production' and status.phase!='Ready'`.",
    ),
    order: "Fields to order by, like `name desc, created_time`; by default the newest first.",
    fields: ("resource-fields", "Only these fields, like `name,status.phase`, and what identifies an item."),
};

const REPORTS: Wording = Wording {
    collection: Collection::REPORTS,
    search: (
        "status-search-expression",
        "Only what matches, like `adapter like 'dns%' and conditions.Available!='True'`. The fields are `adapter`, \
         `observed_generation`, `created_time`, `last_report_time` and `conditions.<Type>`.",
    ),
    order: "Fields to order by, like `last_report_time desc, adapter`; by default the newest adapter first.",
    fields: (
        "status-fields",
        "Only these fields, like `observed_generation,conditions.status`, and what identifies an item.",
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

/// The parameters with which one resource is read.
#[derive(Debug)]
pub struct ItemParameters;

impl ParameterSet for ItemParameters {
    fn schema() -> MetaSchemaRef {
        named(&["fields", "wait_for", "timeout", CACHE_CONTROL], &RESOURCES)
    }
}

/// The parameters with which something is read that has no fields to choose from.
#[derive(Debug)]
pub struct ReadParameters;

impl ParameterSet for ReadParameters {
    fn schema() -> MetaSchemaRef {
        named(&[CACHE_CONTROL], &RESOURCES)
    }
}

/// The one of the parameters that is a header.
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
            "How many items a page has, at most 500, and fewer if they are large: follow `next`.",
            number(500.0, Some(100.into())),
        ),
        ("pageSize", "The same as `size`, which takes precedence if both are given.", number(500.0, None)),
        ("total", "`false` leaves `total` out of the answer.", total),
        ("search", searched, search),
        ("order", wording.order, matching(format!("^( *(asc|desc)|{terms}) *$"))),
        ("orderBy", ORDER_BY, matching(format!("^{terms} *$"))),
        ("fields", shown, text(Some(fields))),
        ("wait_for", WAIT_FOR, MetaSchema { max_length: Some(4096), ..text(Some("wait-expression")) }),
        ("timeout", "With `wait_for`, the maximum number of seconds to wait.", number(60.0, Some(30.into()))),
        (
            "cursor",
            "The `next` of another page: where that page ended. Takes precedence over `page`.",
            text(Some("cursor")),
        ),
        (CACHE_CONTROL, CONSISTENCY, text(None)),
    ];
    object("", &[], members)
}

/// The pattern of a comma list of fields to order by.
fn terms(collection: &Collection) -> String {
    let names = collection.names().join("|").replace('.', r"\.");
    format!("( *({names})( +(asc|desc))? *(,|$)){{0,{}}}", Ordering::MAX_TERMS)
}

const ORDER_BY: &str = "An older form of `order`: fields to order by. The direction may be in `order` alone: `asc` or `desc`. \
                        Fields in `order` follow these.";
const WAIT_FOR: &str = "A search, like `status.phase='Ready'`. The answer is delayed until the resource matches, at most for \
                        `timeout`. It is 404 as soon as the resource is gone.";
const POSITION: &str = "Where to follow changes from: send it as `since` to `/changes`. Pages requested by `cursor` have \
                        the position of the first page. Absent if a replica of the database answered.";
const PAGE: &str = "The number of the page. After a page that ended early because its items are large, the next number \
                    skips items: follow `next` instead.";
const SIZE: &str = "How many items are on this page. Fewer than asked for on the last page, and where the items would \
                    take more bytes than a page may (8 MiB unless configured): `next` continues after them.";
const CONSISTENCY: &str = "With `no-cache`, the answer includes every change acknowledged before. Otherwise a replica of \
                         the database may answer, which can lag behind.";
