use crate::harness::{Answer, Process, free_port};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// The first line and the body of each received request.
type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// An OTLP collector that keeps the requests it receives.
struct Collector {
    url: String,
    received: Kept,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = received.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(BufReader::new(stream), kept.clone()));
            }
        });
        Self { url, received }
    }

    /// Returns the bodies of all requests in one buffer. Panics if a request was not sent to `/v1/traces`.
    fn spans(&self) -> Vec<u8> {
        let received = self.received.lock().expect("what was received");
        for (line, _) in received.iter() {
            assert_eq!(line, "POST /v1/traces HTTP/1.1\r\n");
        }
        received.iter().flat_map(|(_, body)| body.clone()).collect()
    }
}

async fn answer(mut stream: BufReader<TcpStream>, kept: Kept) {
    loop {
        let (mut request, mut line, mut length) = (String::new(), String::new(), 0);
        if stream.read_line(&mut request).await.expect("a request") == 0 {
            return;
        }
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.expect("a header");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("the body");
        kept.lock().expect("what was received").push((request, body));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("an answer is taken");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
}

#[track_caller]
fn holds(spans: &[u8], part: &[u8], what: &str) {
    assert!(spans.windows(part.len()).any(|window| window == part), "no {what} in {} bytes", spans.len());
}

/// Returns the log lines about requests.
fn requests(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["message"] == "request").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_of_the_callers_trace_and_so_are_its_log_lines() {
    let collector = Collector::start().await;
    let process = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]).await;
    let body = json!({"kind": "Cluster", "name": "alpha", "spec": {}});
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let request = process.request("POST", "clusters").header("traceparent", &parent).json(&body);
    let created = Answer::of(request).await;
    let answered: Vec<&str> = created.status(201).header("traceparent").split('-').collect();
    assert_eq!(answered[1], TRACE);
    assert_ne!(answered[2], CALLER);
    Answer::of(process.request("GET", created.at("/href").as_str().expect("a path"))).await.status(200);
    let log = process.stop().await;

    let spans = collector.spans();
    holds(&spans, &bytes(TRACE), "trace of the caller");
    holds(&spans, &bytes(CALLER), "parent");
    holds(&spans, &bytes(answered[2]), "span that was answered");
    holds(&spans, b"POST /api/hyperfleet/v1/clusters", "name");
    holds(&spans, b"GET /api/hyperfleet/v1/clusters/{cluster_id}", "name with a template");
    for part in ["hyperfleet-api", "http.request.method", "http.response.status_code", "http.route"] {
        holds(&spans, part.as_bytes(), part);
    }
    // The statements of both requests, including those of the write, which runs in a shared queue.
    for part in ["db.system", "db.statement", "INSERT INTO", "SELECT "] {
        holds(&spans, part.as_bytes(), part);
    }

    let lines = log.lines();
    let audited = lines.iter().find(|line| line["message"] == "audit").expect("a line of the audit");
    for line in [audited, requests(&lines)[0]] {
        assert_eq!(line["trace_id"], TRACE, "{line}");
        assert_eq!(line["span_id"], answered[2], "{line}");
        assert_eq!(line["request_id"], created.header("x-request-id"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standard_variables_choose_what_is_sampled_and_how_it_is_named() {
    let collector = Collector::start().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_SERVICE_NAME", "fleet-of-one"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=moon"),
    ];
    let process = Process::start(&settings).await;
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    Answer::of(process.request("GET", "clusters").header("traceparent", unsampled)).await.status(200);
    Answer::of(process.request("GET", "clusters")).await.status(200);
    process.stop().await;
    let spans = collector.spans();
    holds(&spans, b"fleet-of-one", "name");
    holds(&spans, b"moon", "attribute");
    assert!(!spans.windows(16).any(|window| window == bytes(TRACE)), "the caller's trace is not sampled");

    for (name, value) in [
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let collector = Collector::start().await;
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str());
        let process = Process::start(&[endpoint, (name, value)]).await;
        Answer::of(process.request("GET", "clusters")).await.status(200);
        process.stop().await;
        assert!(collector.spans().is_empty(), "{name}");
    }

    let collector = Collector::start().await;
    let url = format!("{}/v1/traces", collector.url);
    let process = Process::start(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url)]).await;
    Answer::of(process.request("GET", "clusters")).await.status(200);
    process.stop().await;
    holds(&collector.spans(), b"GET /api/hyperfleet/v1/clusters", "span at the endpoint of traces alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_nothing_is_traced() {
    let process = Process::start(&[]).await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let answer = Answer::of(process.request("GET", "clusters").header("traceparent", parent)).await;
    assert_eq!(answer.status(200).header("traceparent"), "");
    let lines = process.stop().await.lines();
    let request = requests(&lines)[0];
    assert_eq!(request["request_id"], answer.header("x-request-id"));
    assert_eq!(request["trace_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_hinders_nobody() {
    // The system accepts connections, but no process reads from them.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    let process = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]).await;
    Answer::of(process.request("GET", "clusters")).await.status(200);
    let asked = std::time::Instant::now();
    process.stop().await;
    assert!(asked.elapsed().as_secs() < 10, "it took {:?} to stop", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_that_cannot_be_sent_are_told_of_once_with_the_cause() {
    let url = format!("http://127.0.0.1:{}", free_port());
    let often = ("OTEL_BSP_SCHEDULE_DELAY", "20");
    let process = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), often]).await;
    for _ in 0..3 {
        Answer::of(process.request("GET", "clusters")).await.status(200);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let lines = process.stop().await.lines();
    let warnings: Vec<_> = lines.iter().filter(|line| line["level"] == "WARN").collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0]["cause"].as_str().is_some_and(|cause| cause.contains("refused")), "{warnings:?}");
}
