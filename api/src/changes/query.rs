//! Parsing of the parameters of changes. All faults are reported together.

use crate::dto::ChangeParameters;
use crate::fields::{KnownFields, Selection};
use crate::list::{ParameterReader, Parameters, unreadable};
use crate::problem::ApiError;
use service::change::{Position, Scope, Since};
use service::error::FieldError;
use service::kind::Kind;
use service::list::Collection;
use std::ops::RangeInclusive;
use std::time::Duration;
use uuid::Uuid;

/// The default duration of a stream in seconds. It is random, so that clients do not all reconnect at the same time.
const STREAM_SECONDS: RangeInclusive<u64> = 25 * 60..=35 * 60;

/// The parameters of a request for changes.
#[derive(Debug)]
pub struct ChangeRequest {
    /// The resources to follow.
    pub scope: Scope,
    /// The fields to return; `None` for all.
    pub selection: Option<Selection>,
    /// The position to start from.
    pub since: Since,
    /// The maximum time that a response without events is delayed.
    pub wait: Duration,
    /// The maximum number of events in a response.
    pub limit: usize,
    /// The interval between bookmarks.
    pub bookmark: Duration,
    /// The duration of a stream.
    pub timeout: Duration,
}

impl ChangeRequest {
    /// Parses the parameters. `last_event` is the position from which a stream of server-sent events is resumed.
    pub fn parse(
        parameters: &Parameters<ChangeParameters>,
        last_event: Option<&str>,
        known: &KnownFields,
    ) -> Result<Self, ApiError> {
        let mut reader = ParameterReader::of(parameters);
        let kinds = reader.one("kind", kinds).unwrap_or_else(|| Kind::ALL.to_vec());
        // Refused if blank: without these restrictions the response would contain all resources.
        let id = reader.given("id", |text| uuid("id", text));
        let owner = reader.given("owner_id", |text| uuid("owner_id", text));
        let filter = reader.search(&Collection::of(Kind::Cluster), "search");
        let selection = reader.selection(known);
        let since = match last_event.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => reader.keep(since(text)),
            None => reader.one("since", since),
        };
        let mut seconds = |name, range, default| Duration::from_secs(reader.within(name, range, default));
        let wait = seconds("wait", 0..=60, 0);
        let bookmark = seconds("bookmark", 1..=60, 10);
        let timeout = seconds("timeout", 1..=3600, rand::random_range(STREAM_SECONDS));
        let limit = reader.within("limit", 1..=1000, 500) as usize;
        let scope = Scope { kinds, id, owner, filter };
        let since = since.unwrap_or(Since::Snapshot);
        reader.finish(Some(Self { scope, selection, since, wait, limit, bookmark, timeout }))
    }
}

fn kinds(text: &str) -> Result<Vec<Kind>, FieldError> {
    let kind = |name: &str| {
        let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == name.trim());
        let known = "kind must be Cluster, NodePool, or both separated by a comma";
        found.ok_or_else(|| FieldError::new("kind", known).constraint("enum"))
    };
    text.split(',').map(kind).collect()
}

fn uuid(name: &str, text: &str) -> Result<Uuid, FieldError> {
    Uuid::try_parse(text).map_err(|_| unreadable(name, format!("{name} must be a UUID")))
}

fn since(text: &str) -> Result<Since, FieldError> {
    match text {
        "now" => Ok(Since::Now),
        text => match Position::parse(text) {
            Some(position) => Ok(Since::Position(position)),
            None => Err(unreadable("since", "since must be `now` or a position returned by this API")),
        },
    }
}
