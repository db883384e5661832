//! Log lines as JSON objects: when, how grave, what, in which request, and the fields of the event.

use super::Scope;
use serde::Serializer as _;
use serde::ser::SerializeMap;
use serde_json::Serializer;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The field that the request's own scope knows better.
const REQUEST_ID: &str = "request_id";

/// One JSON object a line.
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Vec::with_capacity(512);
        object(&mut line, event).map_err(|_| fmt::Error)?;
        writer.write_str(std::str::from_utf8(&line).map_err(|_| fmt::Error)?)?;
        writer.write_char('\n')
    }
}

fn object(line: &mut Vec<u8>, event: &Event<'_>) -> Result<(), serde_json::Error> {
    let mut serializer = Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    let mut time = String::new();
    // A clock that cannot be read leaves the line without its time.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    map.serialize_entry("timestamp", &time)?;
    map.serialize_entry("level", event.metadata().level().as_str())?;
    map.serialize_entry("target", event.metadata().target())?;
    let in_request = Scope::current(|scope| {
        map.serialize_entry(REQUEST_ID, &scope.request_id)?;
        if let Some((trace, span)) = &scope.trace {
            map.serialize_entry("trace_id", trace)?;
            map.serialize_entry("span_id", span)?;
        }
        Ok(())
    });
    let mut fields = Fields { map, in_request: in_request.is_some(), result: in_request.unwrap_or(Ok(())) };
    event.record(&mut fields);
    fields.result?;
    fields.map.end()
}

/// Writes each field as it is visited; the first failure stops it.
struct Fields<M: SerializeMap> {
    map: M,
    in_request: bool,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn write(&mut self, field: &Field, value: &(impl serde::Serialize + ?Sized)) {
        let said = self.in_request && field.name() == REQUEST_ID;
        if self.result.is_ok() && !said {
            self.result = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, &format_args!("{value:?}"));
    }
}
