use super::Follower;
use super::follower::TIMEOUT;
use crate::harness::TestApp;
use crate::statuses::href;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

crate::engines![
    lines_tell_the_present_state_and_then_what_changes,
    server_sent_events_say_the_same_and_are_resumed,
    a_stream_ends_when_it_is_to_end,
    a_stream_ends_when_the_server_stops_and_goes_on_at_another,
    a_stream_that_cannot_go_on_says_why,
];

/// A stream of changes that is read frame by frame.
struct Stream {
    body: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    rest: String,
    separator: &'static str,
}

impl Stream {
    async fn open(app: &TestApp, accept: &str, parameters: &[(&str, &str)]) -> Self {
        let request = app.request("GET", "changes").header("Accept", accept).query(parameters);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], accept);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let separator = if accept.contains("ndjson") { "\n" } else { "\n\n" };
        Self { body: response.bytes_stream().boxed(), rest: String::new(), separator }
    }

    async fn lines(app: &TestApp, parameters: &[(&str, &str)]) -> Self {
        Self::open(app, "application/x-ndjson", parameters).await
    }

    /// Opens a stream of lines from a position and reads the first line, which reports the position.
    async fn lines_since(app: &TestApp, parameters: &[(&str, &str)]) -> Self {
        let mut stream = Self::lines(app, parameters).await;
        let first = stream.line().await;
        assert_eq!((&first["type"], first["position"].is_string()), (&json!("BOOKMARK"), true), "{first}");
        assert!(first["initial"].is_null() && first["end"].is_null(), "{first}");
        stream
    }

    /// Returns the next frame, or `None` at the end.
    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.rest.split_once(self.separator) {
                let frame = frame.to_owned();
                self.rest = rest.to_owned();
                return Some(frame);
            }
            let part = timeout(TIMEOUT, self.body.next()).await.expect("something in time")?;
            self.rest += std::str::from_utf8(&part.expect("an orderly end")).expect("text");
        }
    }

    /// Returns the next line as JSON.
    async fn line(&mut self) -> Value {
        serde_json::from_str(&self.frame().await.expect("a line")).expect("JSON")
    }
}

async fn lines_tell_the_present_state_and_then_what_changes(app: TestApp) {
    let cluster = app.a_cluster().create().await;
    let mut stream = Stream::lines(&app, &[("bookmark", "1")]).await;
    let first = stream.line().await;
    assert_eq!((&first["type"], &first["object"]), (&json!("ADDED"), &cluster));
    let mut mark = stream.line().await;
    while mark["initial"].is_null() {
        mark = stream.line().await;
    }
    assert_eq!((&mark["type"], &mark["initial"]), (&json!("BOOKMARK"), &json!("end")));
    app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.status(200);
    loop {
        let line = stream.line().await;
        if line["object"]["labels"] == json!({"a": "b"}) {
            assert_eq!((&line["type"], &line["etag"]), (&json!("MODIFIED"), &json!("\"2\"")));
            break;
        }
        assert!(line["type"] == "BOOKMARK" || line["change"] == "created", "{line}");
    }
    let quiet = stream.line().await;
    assert_eq!(quiet["type"], "BOOKMARK", "{quiet}");
    assert!(quiet["initial"].is_null() && quiet["end"].is_null());
}

async fn server_sent_events_say_the_same_and_are_resumed(app: TestApp) {
    let position = Follower::now(&app, &[]).await.position;
    let cluster = app.a_cluster().create().await;
    let mut stream = Stream::open(&app, "text/event-stream", &[("since", &position)]).await;
    let retry = stream.frame().await.expect("a frame");
    assert!(retry.starts_with("retry: "), "{retry}");
    let mut frame = stream.frame().await.expect("a frame");
    if frame.starts_with("event: BOOKMARK") {
        // The stream began before the server had read the change.
        frame = stream.frame().await.expect("a frame");
    }
    let lines: Vec<&str> = frame.lines().collect();
    let [event, id, data] = lines[..] else { panic!("{frame}") };
    assert_eq!(event, "event: ADDED");
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON");
    let id = id.strip_prefix("id: ").expect("a position");
    assert_eq!((&data["position"], &data["object"]), (&json!(id), &cluster));
    app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.status(200);
    // A browser resumes with the last id and does not change the URL.
    let query = [("since", position.as_str()), ("wait", "60")];
    let resumed = app.request("GET", "changes").header("Last-Event-ID", id).query(&query);
    let resumed = crate::harness::Answer::of(resumed).await;
    assert_eq!(resumed.status(200).at("/items").as_array().map(Vec::len), Some(1));
    assert_eq!(resumed.at("/items/0/type"), "MODIFIED");
}

async fn a_stream_ends_when_it_is_to_end(app: TestApp) {
    let mut stream = Stream::lines_since(&app, &[("since", "now"), ("timeout", "1")]).await;
    let last = stream.line().await;
    assert_eq!((&last["type"], &last["end"]), (&json!("BOOKMARK"), &json!("timeout")));
    assert_eq!(stream.frame().await, None);
}

async fn a_stream_ends_when_the_server_stops_and_goes_on_at_another(app: TestApp) {
    let mut stopping = app.replica(&[]).await;
    let mut stream = Stream::lines_since(&stopping, &[("since", "now")]).await;
    let cluster = stopping.a_cluster().create().await;
    let added = stream.line().await;
    assert_eq!(added["object"], cluster);
    let held = stopping.request("GET", "changes").query(&[("since", "now"), ("wait", "60")]);
    let held = tokio::spawn(crate::harness::Answer::of(held));
    stopping.begin_stop();
    let last = stream.line().await;
    assert_eq!((&last["type"], &last["end"]), (&json!("BOOKMARK"), &json!("shutdown")));
    assert_eq!(stream.frame().await, None);
    stopping.stop().await;
    // The request either arrived before the stop or was refused.
    drop(held);
    let position = last["position"].as_str().expect("a position");
    app.patch(href(&cluster), json!({"labels": {"a": "b"}})).await.status(200);
    let mut follower = Follower::since(&app, position, &[]);
    follower.until(|follower| !follower.events.is_empty()).await;
    assert_eq!(follower.types(), ["MODIFIED updated -"]);
}

async fn a_stream_that_cannot_go_on_says_why(app: TestApp) {
    use sea_orm::{ConnectionTrait, Database};
    let mut stream = Stream::lines_since(&app, &[("since", "now"), ("bookmark", "60")]).await;
    let database = Database::connect(&app.database_url).await.expect("the database");
    // A new log, as after a restore.
    let anew = match app.engine {
        crate::harness::Engine::Sqlite => "UPDATE change_log SET epoch = randomblob(16)",
        crate::harness::Engine::Postgres => "UPDATE change_log SET epoch = gen_random_uuid()",
    };
    database.execute_unprepared(anew).await.expect(anew);
    let last = stream.line().await;
    assert_eq!((&last["type"], &last["problem"]["code"]), (&json!("ERROR"), &json!("HYPERFLEET-GON-001")));
    assert_eq!((&last["problem"]["status"], stream.frame().await), (&json!(410), None));
}
