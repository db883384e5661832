//! Reading the parameters of lists. Every fault in them is reported at once.

use crate::dto::ParameterSet;
use crate::fields::Selection;
use crate::problem::ApiError;
use percent_encoding::percent_decode_str;
use poem::http::HeaderMap;
use poem::http::header::CACHE_CONTROL;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use service::db::Consistency;
use service::error::FieldError;
use service::kind::Kind;
use service::list::{Cursor, Ordering};
use service::resource::{ListQuery, Start};
use service::search;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Deref;
use uuid::Uuid;

/// The largest page number: far beyond any list, and times any page size still a number of rows.
const MAX_PAGE: u64 = 1_000_000_000_000;

/// The parameters of a request as they were sent, decoded.
#[derive(Debug)]
pub struct Parameters {
    values: HashMap<String, Vec<String>>,
    consistency: Consistency,
}

/// The [`Parameters`] of an operation, which the document shows as the set `S`.
#[derive(Debug)]
pub struct Query<S>(Parameters, PhantomData<S>);

impl<S> Deref for Query<S> {
    type Target = Parameters;

    fn deref(&self) -> &Parameters {
        &self.0
    }
}

impl<'a, S: ParameterSet> ApiExtractor<'a> for Query<S> {
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
        let values = Parameters::parse(request.uri().query().unwrap_or_default())?;
        Ok(Self(Parameters { values, consistency: consistency(request.headers()) }, PhantomData))
    }
}

impl Parameters {
    fn parse(query: &str) -> Result<HashMap<String, Vec<String>>, ApiError> {
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        let mut errors = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => values.entry(name).or_default().push(value),
                (Some(name), None) => errors.push(
                    FieldError::new(name, "the value must be percent-encoded UTF-8 without NUL")
                        .constraint("format"),
                ),
                (None, _) => {}
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(query_error(errors)) }
    }

    /// Which state the read must see.
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// The first value that is not blank.
    pub fn one(&self, name: &str) -> Option<&str> {
        let values = self.values.get(name)?;
        values.iter().map(|value| value.trim()).find(|value| !value.is_empty())
    }

    /// All values, as one comma list.
    fn joined(&self, name: &str) -> Option<String> {
        let values = self.values.get(name)?;
        let joined = values.join(",");
        (!joined.trim().is_empty()).then_some(joined)
    }

    /// The fields asked for, on a single read.
    pub fn selection(&self, known: &Selection) -> Result<Option<Selection>, ApiError> {
        let Some(text) = self.joined("fields") else { return Ok(None) };
        known.narrow(&text).map(Some).map_err(|error| query_error(vec![error]))
    }
}

/// `Cache-Control: no-cache` asks for an answer that no copy gave. A replica of the database is one.
fn consistency(headers: &HeaderMap) -> Consistency {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let no_cache = |directive: &str| directive.trim().eq_ignore_ascii_case("no-cache");
    match directives.flat_map(|value| value.split(',')).any(no_cache) {
        true => Consistency::Strong,
        false => Consistency::Eventual,
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

/// Where a page starts, how large it is, whether it counts; and the faults found so far.
#[derive(Debug)]
struct Paging {
    page: u64,
    size: u64,
    total: bool,
    errors: Vec<FieldError>,
}

impl Paging {
    fn read(parameters: &Parameters, max_size: u64) -> Self {
        let mut errors = Vec::new();
        let mut number = |name: &str, default: u64, max: u64| {
            let Some(text) = parameters.one(name) else { return default };
            in_range(name, text, max).unwrap_or_else(|error| {
                errors.push(error);
                default
            })
        };
        let page = number("page", 1, MAX_PAGE);
        let page_size = number("pageSize", 100.min(max_size), max_size);
        let size = number("size", page_size, max_size);
        let total = match parameters.one("total") {
            None | Some("true") => true,
            Some("false") => false,
            Some(_) => {
                errors.push(FieldError::new("total", "total must be true or false").constraint("enum"));
                true
            }
        };
        Self { page, size, total, errors }
    }
}

fn in_range(name: &str, text: &str, max: u64) -> Result<u64, FieldError> {
    let fault = |message: String, constraint| {
        let found: String = text.chars().take(40).collect();
        Err(FieldError::new(name, message).constraint(constraint).value(found))
    };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return fault(format!("{name} must be a valid integer"), "format");
    }
    match text.parse::<i128>() {
        Ok(number) if number < 1 => fault(format!("{name} must be at least 1"), "min"),
        Ok(number) if number <= i128::from(max) => Ok(number as u64),
        _ if text.starts_with('-') => fault(format!("{name} must be at least 1"), "min"),
        _ => fault(format!("{name} must be at most {max}"), "max"),
    }
}

/// A list of resources, as it was asked for.
#[derive(Debug)]
pub struct ListRequest {
    /// What to list.
    pub query: ListQuery,
    /// The page's number.
    pub page: u64,
    /// The fields to show; `None` for all.
    pub selection: Option<Selection>,
}

impl ListRequest {
    /// Reads the parameters of a list of `kind`, within `owner` if one is named.
    pub fn read(
        parameters: &Parameters,
        kind: Kind,
        owner: Option<Uuid>,
        max_size: u64,
        known: &Selection,
    ) -> Result<Self, ApiError> {
        let Paging { mut page, size, total, mut errors } = Paging::read(parameters, max_size);
        let search = parameters.one("search").unwrap_or_default();
        let filter = match search {
            "" => None,
            text => search::parse(text)
                .map_err(|error| {
                    errors.push(FieldError::new("search", error.to_string()).constraint("format"))
                })
                .ok(),
        };
        let owner_text = owner.map(|id| id.to_string()).unwrap_or_default();
        let order = order_text(parameters)
            .and_then(|text| Ordering::parse(kind, &text, &[search, &owner_text]))
            .map_err(|message| errors.push(FieldError::new("order", message).constraint("format")))
            .ok();
        let mut from = Start::Page(page);
        if let Some(text) = parameters.one("cursor") {
            page = 1;
            match Cursor::decode(text) {
                Some(cursor) => from = Start::Cursor(cursor),
                None => {
                    errors.push(FieldError::new("cursor", "the cursor cannot be read").constraint("format"))
                }
            }
        }
        let selection = selection(parameters, known, &mut errors);
        match order {
            Some(order) if errors.is_empty() => Ok(Self {
                query: ListQuery { kind, owner, filter, order, from, size, total },
                page,
                selection,
            }),
            _ => Err(query_error(errors)),
        }
    }
}

/// A list of reports, as it was asked for: page, size, whether to count; and the fields to show.
pub type StatusListRequest = ((u64, u64, bool), Option<Selection>);

/// Reads the parameters of a list of reports.
pub fn read_status_list(
    parameters: &Parameters,
    max_size: u64,
    known: &Selection,
) -> Result<StatusListRequest, ApiError> {
    let Paging { page, size, total, mut errors } = Paging::read(parameters, max_size);
    let selection = selection(parameters, known, &mut errors);
    if errors.is_empty() { Ok(((page, size, total), selection)) } else { Err(query_error(errors)) }
}

/// The fields to show of a list's items; what is wrong with them joins the other faults.
fn selection(parameters: &Parameters, known: &Selection, errors: &mut Vec<FieldError>) -> Option<Selection> {
    let text = parameters.joined("fields")?;
    known.narrow(&text).map_err(|error| errors.push(error)).ok()
}

/// `order` and `orderBy` as one list of `field direction`.
fn order_text(parameters: &Parameters) -> Result<String, String> {
    let order = parameters.joined("order").unwrap_or_default();
    let Some(fields) = parameters.joined("orderBy") else {
        return match order.trim() {
            "asc" => Ok("created_time asc".into()),
            "desc" => Ok("created_time desc".into()),
            _ => Ok(order),
        };
    };
    let direction = order.trim().to_ascii_lowercase();
    match direction.as_str() {
        "" => Ok(fields),
        "asc" | "desc" => {
            let directed = fields.split(',').map(|field| match field.trim().contains(' ') {
                true => field.to_owned(),
                false => format!("{field} {direction}"),
            });
            Ok(directed.collect::<Vec<_>>().join(","))
        }
        _ => Err("with orderBy, order must be asc or desc".into()),
    }
}

/// What cannot be understood (search, order, cursor) is a bad request; what is out of range is invalid.
fn query_error(errors: Vec<FieldError>) -> ApiError {
    let about_text = |error: &FieldError| matches!(error.field.as_str(), "search" | "order" | "cursor");
    match errors.as_slice() {
        [one] if about_text(one) => {
            ApiError::bad_request(format!("invalid {}: {}", one.field, one.message), errors)
        }
        all if all.iter().all(about_text) => ApiError::bad_request("Invalid query parameters", errors),
        _ => ApiError::invalid("Invalid query parameters", errors),
    }
}
