//! Parsing of list parameters. All faults are reported together.

use crate::dto::ParameterSet;
use crate::fields::{KnownFields, Selection};
use crate::problem::ApiError;
use percent_encoding::percent_decode_str;
use poem::http::HeaderMap;
use poem::http::header::CACHE_CONTROL;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use service::db::Consistency;
use service::error::{FieldError, shortened};
use service::kind::Kind;
use service::list::{Collection, Cursor, ListOrder};
use service::resource::{ListQuery, Start};
use service::search::{self, Filter};
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::time::Duration;
use uuid::Uuid;

/// The number of items on a page, unless the request or the maximum page size sets another.
pub const DEFAULT_PAGE_SIZE: u64 = 100;

/// The maximum page number: far beyond the size of any list, and small enough that its product with any page size
/// does not overflow.
const MAX_PAGE: u64 = 1_000_000_000_000;

/// The query parameters of a request, decoded but not yet parsed. The served document describes them as the set `S`.
#[derive(Debug)]
pub struct Parameters<S> {
    values: HashMap<String, Vec<String>>,
    consistency: Consistency,
    shown: PhantomData<S>,
}

impl<'a, S: ParameterSet> ApiExtractor<'a> for Parameters<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = ();
    type ParamRawType = ();

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(S::schema())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let values = Self::parse(request.uri().query().unwrap_or_default())?;
        Ok(Self { values, consistency: consistency(request.headers()), shown: PhantomData })
    }
}

impl<S> Parameters<S> {
    fn parse(query: &str) -> Result<HashMap<String, Vec<String>>, ApiError> {
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        let mut errors = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => values.entry(name).or_default().push(value),
                (Some(name), None) => {
                    errors.push(unreadable(&name, "the value must be percent-encoded UTF-8 without NUL"));
                }
                (None, _) => {}
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(query_error(errors)) }
    }

    /// The consistency that the request requires.
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Returns the first value that is not blank.
    pub fn one(&self, name: &str) -> Option<&str> {
        let values = self.values.get(name)?;
        values.iter().map(|value| value.trim()).find(|value| !value.is_empty())
    }

    /// Returns the first value even if it is blank, for parameters where blank must not mean absent.
    fn first(&self, name: &str) -> Option<&str> {
        Some(self.values.get(name)?.first()?.trim())
    }

    /// Returns all values joined into one comma-separated list.
    fn joined(&self, name: &str) -> Option<String> {
        let values = self.values.get(name)?;
        let joined = values.join(",");
        (!joined.trim().is_empty()).then_some(joined)
    }
}

/// Returns the consistency that the headers request. `Cache-Control: no-cache` excludes stored copies; a replica of
/// the database counts as one.
fn consistency(headers: &HeaderMap) -> Consistency {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let no_cache = |directive: &str| directive.trim().eq_ignore_ascii_case("no-cache");
    let strong = directives.flat_map(|value| value.split(',')).any(no_cache);
    if strong { Consistency::Strong } else { Consistency::Eventual }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

/// Parses parameters and collects their faults.
pub(crate) struct ParameterReader<'a, S> {
    parameters: &'a Parameters<S>,
    errors: Vec<FieldError>,
}

/// The page number, the page size, and whether the total is counted.
type Paging = (u64, u64, bool);

impl<'a, S> ParameterReader<'a, S> {
    pub(crate) fn of(parameters: &'a Parameters<S>) -> Self {
        Self { parameters, errors: Vec::new() }
    }

    pub(crate) fn keep<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|error| self.errors.push(error)).ok()
    }

    pub(crate) fn one<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let text = self.parameters.one(name)?;
        self.keep(read(text))
    }

    /// Like `one`, for a parameter that must not be blank.
    pub(crate) fn given<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        let text = self.parameters.first(name)?;
        self.keep(read(text))
    }

    pub(crate) fn within(&mut self, name: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        self.one(name, |text| in_range(name, text, range)).unwrap_or(default)
    }

    fn paging(&mut self, max_size: u64) -> Paging {
        let page = self.within("page", 1..=MAX_PAGE, 1);
        let page_size = self.within("pageSize", 1..=max_size, DEFAULT_PAGE_SIZE.min(max_size));
        let size = self.within("size", 1..=max_size, page_size);
        let total = |text: &str| match text {
            "true" | "false" => Ok(text == "true"),
            _ => Err(FieldError::new("total", "total must be true or false").constraint("enum")),
        };
        (page, size, self.one("total", total).unwrap_or(true))
    }

    pub(crate) fn search(&mut self, collection: &Collection, name: &str) -> Option<Filter> {
        let parse =
            |text: &str| search::parse(collection, text).map_err(|error| unreadable(name, error.to_string()));
        self.one(name, parse)
    }

    pub(crate) fn selection(&mut self, known: &KnownFields) -> Option<Selection> {
        let text = self.parameters.joined("fields")?;
        self.keep(known.select(&text))
    }

    /// Returns `read`, or an error with all faults that were collected.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, ApiError> {
        read.filter(|_| self.errors.is_empty()).ok_or_else(|| query_error(self.errors))
    }
}

fn in_range(name: &str, text: &str, range: RangeInclusive<u64>) -> Result<u64, FieldError> {
    let (min, max) = range.into_inner();
    let fault = |message: String, constraint| {
        Err(FieldError::new(name, message).constraint(constraint).value(shortened(text)))
    };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return fault(format!("{name} must be a valid integer"), "format");
    }
    match text.parse::<i128>() {
        Ok(number) if number < i128::from(min) => fault(format!("{name} must be at least {min}"), "min"),
        Ok(number) if number <= i128::from(max) => Ok(number as u64),
        _ if text.starts_with('-') => fault(format!("{name} must be at least {min}"), "min"),
        _ => fault(format!("{name} must be at most {max}"), "max"),
    }
}

pub(crate) fn unreadable(name: &str, message: impl Into<String>) -> FieldError {
    FieldError::new(name, message).constraint("format")
}

/// The parameters of a request for one resource.
#[derive(Debug)]
pub struct ItemRequest {
    /// The fields to return; `None` for all.
    pub selection: Option<Selection>,
    /// The filter that the resource must match before the response is sent.
    pub wait_for: Option<Filter>,
    /// The maximum time to wait for the match.
    pub timeout: Duration,
}

impl ItemRequest {
    /// Parses the parameters.
    pub fn parse<S>(parameters: &Parameters<S>, known: &KnownFields) -> Result<Self, ApiError> {
        let mut reader = ParameterReader::of(parameters);
        let (selection, wait_for) =
            (reader.selection(known), reader.search(&Collection::of(Kind::Cluster), "wait_for"));
        let timeout = Duration::from_secs(reader.within("timeout", 1..=60, 30));
        reader.finish(Some(Self { selection, wait_for, timeout }))
    }
}

/// The parameters of a request for a list.
#[derive(Debug)]
pub struct ListRequest {
    /// The query for the requested page.
    pub query: ListQuery,
    /// The page number.
    pub page: u64,
    /// The fields to return; `None` for all.
    pub selection: Option<Selection>,
}

impl ListRequest {
    /// Parses the parameters of a list of `collection`, restricted to the resources of `owner` if it is set.
    ///
    /// # Errors
    /// All faults of the parameters, in one error.
    pub fn parse<S>(
        parameters: &Parameters<S>,
        collection: &Collection,
        owner: Option<Uuid>,
        max_size: u64,
        known: &KnownFields,
    ) -> Result<Self, ApiError> {
        let mut reader = ParameterReader::of(parameters);
        let (page, size, total) = reader.paging(max_size);
        let filter = reader.search(collection, "search");
        let scope = [
            parameters.one("search").unwrap_or_default(),
            &owner.map(|id| id.to_string()).unwrap_or_default(),
        ];
        let order = ListOrder::parse(collection, &order_text(parameters), &scope);
        let order = reader.keep(order.map_err(|message| unreadable("order", message)));
        let decode = |text: &str| {
            Cursor::decode(text).ok_or_else(|| unreadable("cursor", "the cursor cannot be read"))
        };
        let cursor = reader.one("cursor", decode);
        let page = if parameters.one("cursor").is_some() { 1 } else { page };
        let from = cursor.map_or(Start::Page(page), Start::Cursor);
        let selection = reader.selection(known);
        let read = order.map(|order| {
            let query = ListQuery { filter, order, from, size, total };
            Self { query, page, selection }
        });
        reader.finish(read)
    }
}

/// Combines `orderBy` and `order` into one list of `field direction`. If `order` is only a direction, it applies to
/// the fields in `orderBy`; otherwise its fields follow them.
fn order_text<S>(parameters: &Parameters<S>) -> String {
    let order = parameters.joined("order").unwrap_or_default();
    let direction = order.trim().to_ascii_lowercase();
    let is_direction = matches!(direction.as_str(), "asc" | "desc");
    match parameters.joined("orderBy") {
        None if is_direction => format!("created_time {direction}"),
        None => order,
        Some(fields) if is_direction => {
            let fields = fields.split(',').map(str::trim).filter(|field| !field.is_empty());
            let directed = fields.map(|field| {
                if field.contains(' ') { field.to_owned() } else { format!("{field} {direction}") }
            });
            directed.collect::<Vec<_>>().join(",")
        }
        Some(fields) => format!("{fields},{order}"),
    }
}

/// Builds the error for faulty parameters. A parameter that cannot be parsed (search, order, cursor, since,
/// wait_for) is a bad request; a value out of range is a validation error, and so is a request with both.
fn query_error(errors: Vec<FieldError>) -> ApiError {
    let about_text = |error: &FieldError| {
        matches!(error.field.as_str(), "search" | "order" | "cursor" | "since" | "wait_for")
    };
    let detail = match errors.as_slice() {
        [one] if one.message.starts_with(&one.field) => one.message.clone(),
        [one] => format!("Invalid {}: {}", one.field, one.message),
        all => {
            let names: BTreeSet<_> = all.iter().map(|error| error.field.as_str()).collect();
            format!("Invalid parameters: {}", Vec::from_iter(names).join(", "))
        }
    };
    if errors.iter().all(about_text) {
        ApiError::bad_request(detail, errors)
    } else {
        ApiError::invalid(detail, errors)
    }
}
