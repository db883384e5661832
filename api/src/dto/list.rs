use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::Serialize;
use std::borrow::Cow;

/// A page of a list.
#[derive(Debug, Serialize)]
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
    pub items: Vec<T>,
    /// The cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The schema of a [`List`]; its name is made of its items', which a derived one's could not be.
impl<T: Type> Type for List<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("{}List", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name().into_owned())
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        let name = Self::name().into_owned();
        let described = |schema: MetaSchema, description| {
            MetaSchemaRef::Inline(Box::new(MetaSchema { description: Some(description), ..schema }))
        };
        let integer = || MetaSchema { minimum: Some(0.0), ..MetaSchema::new_with_format("integer", "int64") };
        let items = MetaSchema { items: Some(Box::new(T::schema_ref())), ..MetaSchema::new("array") };
        let kind = MetaSchema { enum_items: vec![name.clone().into()], ..MetaSchema::new("string") };
        let next = "Opaque cursor of the next page: send it as `cursor`. Absent on the last page.";
        let list = MetaSchema {
            description: Some("A page of a list."),
            required: vec!["kind", "page", "size", "items"],
            properties: vec![
                ("kind", described(kind, "What is listed.")),
                ("page", described(integer(), "The page's number, from 1; 1 on pages asked for by cursor.")),
                ("size", described(integer(), "How many items are on this page.")),
                ("total", described(integer(), "How many items match; absent if `total=false` was asked.")),
                ("items", described(items, "The items, in order.")),
                ("next", described(MetaSchema::new("string"), next)),
            ],
            ..MetaSchema::new("object")
        };
        registry.schemas.entry(name).or_insert(list);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

/// The parameters of every list, as the served document shows them.
///
/// They are read by [`crate::list`], which finds every fault at once; the framework would stop at the first.
#[derive(Debug, Object)]
pub struct ListParameters {
    /// The page's number.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000000000")), default = "one")]
    pub page: Option<i64>,
    /// How many items a page has, at most 500.
    #[oai(validator(minimum(value = "1"), maximum(value = "500")), default = "hundred")]
    pub size: Option<i64>,
    /// The same as `size`, which wins if both are given.
    #[oai(rename = "pageSize", validator(minimum(value = "1"), maximum(value = "500")))]
    pub page_size: Option<i64>,
    /// Only what matches, like `labels.env='production' and status.phase!='Ready'`.
    #[oai(validator(max_length = 4096))]
    pub search: Option<String>,
    /// Fields to order by, like `name desc, created_time`; the newest first if absent. With `orderBy`, the direction.
    pub order: Option<String>,
    /// Fields to order by; `order` may then say `asc` or `desc` for all of them.
    #[oai(rename = "orderBy")]
    pub order_by: Option<String>,
    /// Only these fields, like `name,status.phase`; the id is always there.
    pub fields: Option<String>,
    /// Where another page ended: its `next`. Takes the place of `page`.
    pub cursor: Option<String>,
    /// `false` leaves out `total`, which costs time on filtered lists.
    #[oai(default = "yes")]
    pub total: Option<bool>,
}

fn one() -> Option<i64> {
    Some(1)
}

fn hundred() -> Option<i64> {
    Some(100)
}

fn yes() -> Option<bool> {
    Some(true)
}
