use crate::harness::{Answer, Postgres, Process, report};
use serde_json::{Value, json};

const STARTED: &str = "hyperfleet_api_reconciliation_started_total";
const PENDING: &str = "hyperfleet_api_resource_pending_reconciliation";

/// Returns the names of the metrics that a file in `deploy/` uses.
fn asked_for(file: &str) -> Vec<String> {
    let path = format!("{}/../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let ours = |word: &&str| {
        ["hyperfleet_api_", "hyperfleet_changes_", "hyperfleet_db_", "hyperfleet_page_index_"]
            .iter()
            .any(|ours| word.starts_with(ours))
    };
    let series = |word: &str| {
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| word.strip_suffix(suffix));
        name.unwrap_or(word).to_owned()
    };
    words.filter(ours).map(series).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dashboard_and_the_alerts_ask_for_is_there_from_the_start() {
    // No server listens on this address.
    let issuer = [
        ("HYPERFLEET_SERVER_JWT_ENABLED", "true"),
        ("HYPERFLEET_SERVER_JWT_ISSUER_URL", "https://issuer"),
        ("HYPERFLEET_SERVER_JWT_JWK_CERT_URL", "http://127.0.0.1:1/keys"),
    ];
    let process = Process::start(&issuer).await;
    let samples = process.metrics().await;
    for (result, count) in [("success", 0.0), ("error", 1.0)] {
        let labels = [("issuer", "https://issuer"), ("result", result)];
        assert_eq!(samples.get("hyperfleet_api_issuer_key_fetches_total", &labels), Some(count), "{result}");
    }
    let names = samples.names();
    let rules = asked_for("helm/hyperfleet-api/templates/prometheusrule.yaml");
    let dashboard = asked_for("helm/hyperfleet-api/dashboards/hyperfleet-api.json");
    assert!(rules.len() > 10 && dashboard.len() > 30, "{} {}", rules.len(), dashboard.len());
    for name in &rules {
        assert!(dashboard.contains(name), "{name} has an alert and no panel");
    }
    for name in rules.iter().chain(&dashboard) {
        assert!(names.contains(&name.as_str()), "{name} is not among {names:?}");
    }
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"] {
        assert!(samples.get(name, &[]).is_some_and(|value| value >= 0.0), "{name}");
    }
    let build = [("component", "api"), ("version", env!("CARGO_PKG_VERSION")), ("commit", "")];
    assert_eq!(samples.get("hyperfleet_api_build_info", &build[..2]), Some(1.0));
    for (method, path, code) in [
        ("GET", "/api/hyperfleet/v1/clusters", "200"),
        ("POST", "/api/hyperfleet/v1/clusters", "201"),
        ("DELETE", "/api/hyperfleet/v1/clusters/-", "202"),
    ] {
        let labels = [("method", method), ("path", path), ("code", code)];
        assert_eq!(samples.get("hyperfleet_api_requests_total", &labels), Some(0.0), "{labels:?}");
    }
    let ours = samples.0.lines().filter(|line| line.starts_with("hyperfleet_"));
    for line in ours {
        assert!(line.contains(r#"component="api""#) && line.contains(r#"version=""#), "{line}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_for_operators_names_every_metric_and_every_reason() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let process = Process::start(&[]).await;
    let samples = process.metrics().await;
    let names: Vec<_> = samples.names().into_iter().filter(|name| name.starts_with("hyperfleet_")).collect();
    let refused = samples.0.lines().filter(|line| line.starts_with("hyperfleet_api_refused_total"));
    let reasons: Vec<_> =
        refused.filter_map(|line| line.split_once("reason=\"")?.1.split('"').next()).collect();
    assert!(names.len() >= 25 && reasons.len() >= 10, "{names:?} {reasons:?}");
    for name in names.into_iter().chain(reasons) {
        assert!(guide.contains(&format!("`{name}`")), "{name}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_says_what_it_is_and_has_its_place() {
    let process = Process::start(&[]).await;
    created(&process, "alpha").await;
    let (first, second) = (process.metrics().await, process.metrics().await);
    let names = first.names();
    assert!(names.is_sorted(), "{names:?}");
    for name in &names {
        assert!(first.0.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
    let series = |samples: &crate::harness::Samples| {
        let lines = samples.0.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(series(&first), series(&second));
    let buckets =
        first.0.lines().filter(|line| line.starts_with("hyperfleet_api_request_duration_seconds_bucket"));
    let bounds =
        buckets.filter_map(|line| line.split_once("le=\"")?.1.split('"').next()?.parse::<f64>().ok());
    for bounds in bounds.collect::<Vec<_>>().chunks(12) {
        assert!(bounds.is_sorted() && bounds[11].is_infinite(), "{bounds:?}");
    }
    process.stop().await;
}

async fn created(process: &Process, name: &str) -> Value {
    let body = json!({"kind": "Cluster", "name": name, "spec": {}});
    Answer::of(process.request("POST", "clusters").json(&body)).await.status(201).body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_the_template_of_their_path() {
    let process = Process::start(&[]).await;
    let href = created(&process, "alpha").await["href"].as_str().expect("a path").to_owned();
    Answer::of(process.request("GET", &href)).await.status(200);
    Answer::of(process.request("GET", "clusters/none")).await.status(404);
    process.get(&format!("{}/nowhere", process.url)).await.status(404);
    let body = process.request("PATCH", &format!("{href}/")).body(vec![b' '; 2 << 20]);
    assert_eq!(body.send().await.expect("an answer").status(), 413, "turned away before the routes");
    let samples = process.metrics().await;
    let all = "/api/hyperfleet/v1/clusters";
    let one = "/api/hyperfleet/v1/clusters/-";
    let total = "hyperfleet_api_requests_total";
    for (method, path, code) in
        [("POST", all, "201"), ("GET", one, "200"), ("GET", one, "404"), ("PATCH", one, "413")]
    {
        let labels = [("method", method), ("path", path), ("code", code)];
        assert_eq!(samples.get(total, &labels), Some(1.0), "{labels:?}");
        let count = samples.get("hyperfleet_api_request_duration_seconds_count", &labels);
        assert_eq!(count, Some(1.0), "{labels:?}");
    }
    assert!(!samples.0.contains("nowhere"));
    let refused = samples.get("hyperfleet_api_refused_total", &[("reason", "body_too_large")]);
    assert_eq!(refused, Some(1.0));
    let waits = samples.get("hyperfleet_db_pool_wait_seconds_count", &[]);
    assert!(waits.is_some_and(|waits| waits >= 1.0), "a transaction waited for a connection: {waits:?}");
    let query = [("operation", "create"), ("table", "clusters")];
    assert_eq!(samples.get("hyperfleet_db_query_duration_seconds_count", &query), Some(1.0));
    process.stop().await;
}

async fn reconciliations_are_counted_when_they_start(database: &[(&str, &str)]) {
    let process = Process::start(database).await;
    let is = |samples: &crate::harness::Samples, deleted: &str| {
        samples.get(STARTED, &[("resource_type", "Cluster"), ("is_delete", deleted)])
    };
    let href = created(&process, "alpha").await["href"].as_str().expect("a path").to_owned();
    assert_eq!(is(&process.metrics().await, "false"), Some(1.0));

    let taken = json!({"kind": "Cluster", "name": "alpha", "spec": {}});
    Answer::of(process.request("POST", "clusters").json(&taken)).await.status(409);
    assert_eq!(is(&process.metrics().await, "false"), Some(1.0), "what was refused has not started");

    let statuses = format!("{href}/statuses");
    let body = report("dns", 1, &[("Available", "True")]);
    Answer::of(process.request("PUT", &statuses).json(&body)).await.status(201);
    let change = json!({"spec": {"region": "eu"}});
    Answer::of(process.request("PATCH", &href).json(&change)).await.status(200);
    assert_eq!(is(&process.metrics().await, "false"), Some(2.0));

    let body = report("dns", 2, &[("Available", "True")]);
    Answer::of(process.request("PUT", &statuses).json(&body)).await.status(201);
    Answer::of(process.request("DELETE", &href)).await.status(202);
    let samples = process.metrics().await;
    assert_eq!((is(&samples, "false"), is(&samples, "true")), (Some(2.0), Some(1.0)));

    let stale = report("dns", 1, &[("Available", "True")]);
    Answer::of(process.request("PUT", &statuses).json(&stale)).await;
    let discarded = [("reason", "older_generation")];
    let samples = process.metrics().await;
    assert_eq!(samples.get("hyperfleet_api_status_reports_discarded_total", &discarded), Some(1.0));
    process.stop().await;
}

async fn what_waits_is_counted_and_what_waits_for_long_is_stuck(database: &[(&str, &str)]) {
    let mut settings = database.to_vec();
    settings.push(("HYPERFLEET_METRICS_REFRESH_INTERVAL", "20ms"));
    settings.push(("HYPERFLEET_METRICS_RECONCILIATION_STUCK_THRESHOLD", "1s"));
    let process = Process::start(&settings).await;
    let of = |kind: &'static str, deleted: &'static str| [("resource_type", kind), ("is_delete", deleted)];
    let href = created(&process, "alpha").await["href"].as_str().expect("a path").to_owned();
    created(&process, "beta").await;
    let samples = process.metrics_until(|now| now.get(PENDING, &of("cluster", "false")) == Some(2.0)).await;
    assert_eq!(samples.get(PENDING, &of("cluster", "true")), Some(0.0));
    assert_eq!(samples.get(PENDING, &of("nodepool", "false")), Some(0.0));

    let stuck = format!("{PENDING}_stuck");
    let seconds = format!("{stuck}_duration_seconds");
    let is_stuck = |now: &crate::harness::Samples| now.get(&stuck, &of("cluster", "false")) == Some(2.0);
    let samples = process.metrics_until(is_stuck).await;
    assert!(samples.get(&seconds, &of("cluster", "false")).is_some_and(|age| (1.0..60.0).contains(&age)));

    let body = report("dns", 1, &[("Available", "True")]);
    Answer::of(process.request("PUT", &format!("{href}/statuses")).json(&body)).await.status(201);
    process.metrics_until(|now| now.get(PENDING, &of("cluster", "false")) == Some(1.0)).await;
    Answer::of(process.request("DELETE", &href)).await.status(202);
    process.metrics_until(|now| now.get(PENDING, &of("cluster", "true")) == Some(1.0)).await;
    process.stop().await;
}

/// Creates more resources than one statement reads.
async fn however_many_wait_all_are_counted(database: &[(&str, &str)]) {
    let mut settings = database.to_vec();
    settings.push(("HYPERFLEET_METRICS_REFRESH_INTERVAL", "20ms"));
    let process = Process::start(&settings).await;
    for number in 0..510 {
        created(&process, &format!("cluster-{number}")).await;
    }
    let labels = [("resource_type", "cluster"), ("is_delete", "false")];
    process.metrics_until(|now| now.get(PENDING, &labels) == Some(510.0)).await;
    process.stop().await;
}

mod sqlite {
    #[tokio::test(flavor = "multi_thread")]
    async fn reconciliations_are_counted_when_they_start() {
        super::reconciliations_are_counted_when_they_start(&[]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_waits_is_counted_and_what_waits_for_long_is_stuck() {
        super::what_waits_is_counted_and_what_waits_for_long_is_stuck(&[]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn however_many_wait_all_are_counted() {
        super::however_many_wait_all_are_counted(&[]).await;
    }
}

mod postgres {
    use super::Postgres;

    #[tokio::test(flavor = "multi_thread")]
    async fn reconciliations_are_counted_when_they_start() {
        let url = Postgres::get().await.migrated().await;
        super::reconciliations_are_counted_when_they_start(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_waits_is_counted_and_what_waits_for_long_is_stuck() {
        let url = Postgres::get().await.migrated().await;
        super::what_waits_is_counted_and_what_waits_for_long_is_stuck(&[("HYPERFLEET_DATABASE_URL", &url)])
            .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn however_many_wait_all_are_counted() {
        let url = Postgres::get().await.migrated().await;
        super::however_many_wait_all_are_counted(&[("HYPERFLEET_DATABASE_URL", &url)]).await;
    }
}
