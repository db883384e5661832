//! The operation that returns the changes of clusters and node pools.

use super::Tag;
use crate::call::Call;
use crate::changes::page::page;
use crate::changes::query::ChangeRequest;
use crate::changes::stream::{ChangeStream, Frames, Framing};
use crate::dto::{ChangeList, ChangeParameters, LastEventId};
use crate::list::Parameters;
use crate::problem::ApiResult;
use crate::response::Json;
use poem::web::Accept;
use poem_openapi::param::Header;
use poem_openapi::{ApiResponse, OpenApi, ResponseContent};
use service::change::Feed;
use std::time::Duration;

/// The operation that returns the changes of clusters and node pools.
pub struct ChangesApi;

/// The changes in one of three formats.
#[derive(ResponseContent)]
pub enum Form {
    /// A page.
    Page(Json<ChangeList>),
    /// A stream of JSON lines.
    #[oai(content_type = "application/x-ndjson")]
    Lines(Frames),
    /// A stream of server-sent events.
    #[oai(content_type = "text/event-stream")]
    Events(Frames),
}

/// The response with changes.
#[derive(ApiResponse)]
pub enum Followed {
    /// The changes, as a page or as a stream.
    #[oai(status = 200)]
    Changes(
        Form,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[OpenApi(prefix_path = "/hyperfleet/v1", tag = "Tag::Changes")]
impl ChangesApi {
    /// Follow changes
    ///
    /// Returns the changes of clusters and node pools after a position. No event is omitted: a client that keeps the
    /// latest `object` of each ID and drops resources on `DELETED` has the same resources as a list with the same
    /// `search`. An event may be delivered more than once; compare `etag` to distinguish older states from newer
    /// ones. Reports that change only timestamps produce no event.
    ///
    /// The header `Accept` selects the format:
    ///
    /// - `application/json`: the available events, and `next`, the position to continue from. With `wait`, a
    ///   response without events is delayed until an event occurs or the time has elapsed.
    /// - `application/x-ndjson`: a stream with one JSON document per line.
    /// - `text/event-stream`: the same documents as server-sent events. `event` is the type and `id` the position.
    ///
    /// Each document of a stream is an event as in the JSON response, or one of the following:
    ///
    /// - `{"type":"BOOKMARK","position":"…"}`, sent periodically: a position to resume from. With `"initial":"end"`,
    ///   the current state is complete. With `"end"`, which is `timeout`, `shutdown` or `token_expired`, the stream
    ///   ends.
    /// - `{"type":"ERROR","problem":{…}}`, sent last: the reason why the stream cannot continue, as a problem
    ///   document.
    #[oai(path = "/changes", method = "get", operation_id = "getChanges")]
    async fn changes(
        &self,
        call: Call<'_>,
        accept: Accept,
        /// The position from which to resume a stream of server-sent events. Takes precedence over `since`.
        #[oai(name = "Last-Event-ID")]
        last_event: Header<Option<LastEventId>>,
        parameters: Parameters<ChangeParameters>,
    ) -> ApiResult<Followed> {
        let known = &call.app.fields.resources;
        let request = ChangeRequest::parse(
            &parameters,
            last_event.0.as_ref().map(|header| header.value.as_str()),
            known,
        )?;
        let (scope, since) = (request.scope.clone(), request.since.clone());
        let form = match framing(&accept) {
            None => {
                let waits = !request.wait.is_zero();
                let _counted = if waits { Some(call.begin_wait(request.wait)?) } else { None };
                let mut feed = Feed::open(&call.app.context, scope, since).await?;
                Form::Page(Json::of(&page(&mut feed, &request, call.app.stopping.clone()).await?)?)
            }
            Some(framing) => {
                let counted = call.begin_wait(Duration::ZERO)?;
                let feed = Feed::open(&call.app.context, scope, since).await?;
                let body = ChangeStream::new(feed, request, framing, &call, counted).into_body();
                match framing {
                    Framing::Lines => Form::Lines(Frames(body)),
                    Framing::Events => Form::Events(Frames(body)),
                }
            }
        };
        Ok(Followed::Changes(form, "no-store".to_owned()))
    }
}

/// Returns the framing of the requested stream, or `None` for a page.
fn framing(accepted: &Accept) -> Option<Framing> {
    for form in &accepted.0 {
        match form.essence_str() {
            "application/json" => return None,
            "application/x-ndjson" => return Some(Framing::Lines),
            "text/event-stream" => return Some(Framing::Events),
            _ => {}
        }
    }
    None
}
