//! The search language, by example.

use crate::harness::{TestApp, report};
use crate::statuses::href;
use serde_json::json;

crate::engines![
    the_language_by_example,
    the_sentinel_finds_what_it_polls_for,
    values_are_bound_and_never_code,
    limits_are_reached_before_they_are_passed,
];

async fn fleet(app: &TestApp) {
    let spec = |region: &str, nodes: i64| json!({"region": region, "nodes": nodes, "gpu": nodes > 4, "net": {"mtu": 1500}});
    app.a_cluster().named("one").labelled("env", "production").spec(spec("eu", 3)).create().await;
    app.a_cluster()
        .named("two")
        .labelled("env", "test")
        .labelled("tier", "a")
        .spec(spec("us", 10))
        .create()
        .await;
    let three = app.a_cluster().named("three").spec(json!({"region": 7, "nodes": "3"})).create().await;
    app.report(href(&three), report("dns", 1, &[("Available", "True")])).await.status(201);
}

async fn the_language_by_example(app: TestApp) {
    fleet(&app).await;
    for (search, names) in [
        ("name = 'one'", "one"),
        ("name == \"one\"", "one"),
        ("name <> 'one'", "three two"),
        ("NAME = 'one'", "400"),
        ("name IN ['one','two']", "one two"),
        ("name Not In ('one')", "three two"),
        ("name like 't%'", "three two"),
        ("name like 't_o'", "two"),
        ("name ilike 'T%'", "three two"),
        ("name not like 't%'", "one"),
        ("name between 'one' and 'three'", "one three"),
        ("name not between 'one' and 'three'", "two"),
        ("labels.env = 'production'", "one"),
        ("labels.env != 'production'", "three two"),
        ("labels.env not in ('production')", "three two"),
        ("labels.env is null", "three"),
        ("labels.env is not null", "one two"),
        ("not labels.env = 'test'", "one three"),
        ("labels.tier not like 'b'", "one three two"),
        ("labels.env > 'a'", "one two"),
        ("name='one' or name='two' and labels.env='production'", "one"),
        ("(name='one' or name='two') and labels.env='test'", "two"),
        ("not name='one' and not name='two'", "three"),
        ("NOT (name='one' OR name='two')", "three"),
        ("spec.region = 'eu'", "one"),
        ("spec.region = 7", "three"),
        ("spec.nodes = 3", "one"),
        ("spec.nodes = 3.0", "one"),
        ("spec.nodes = '3'", "three"),
        ("spec.nodes > 3", "two"),
        ("spec.nodes >= 3", "one two"),
        ("spec.nodes > '1'", "three"),
        ("spec.nodes != 3", "three two"),
        ("spec.nodes in (3, 10)", "one two"),
        ("spec.gpu = true", "two"),
        ("spec.gpu = FALSE", "one"),
        ("spec.net.mtu = 1500", "one two"),
        ("spec.net is null", "three"),
        ("spec.missing = 'x'", ""),
        ("generation = 1", "one three two"),
        ("generation > 1", ""),
        ("created_time >= '2026-01-02T04:04:05.678901+01:00'", "one three two"),
        ("created_time > '2026-01-02T03:04:05.678901Z'", ""),
        ("deleted_time is null and deleted_by is null", "one three two"),
        ("created_by = 'system@hyperfleet.local'", "one three two"),
        ("kind = 'Cluster'", "one three two"),
        ("owner_id is null", "one three two"),
        ("status.phase = 'Ready'", "three"),
        ("status.observed_generation = 0", "one two"),
        ("status.conditions.Reconciled = 'True'", "three"),
        ("status.conditions.Reconciled != 'True'", "one two"),
        ("not status.conditions.DnsSuccessful = 'True'", "one two"),
        ("status.conditions.DnsSuccessful is null", "one two"),
        ("status.conditions.Reconciled.observed_generation >= 1", "one three two"),
        ("status.conditions.Reconciled.reason like '%Missing%'", "one two"),
        ("status.conditions.Reconciled.last_updated_time < '2027-01-01T00:00:00Z'", "one three two"),
    ] {
        let list = app.list("clusters", &[("search", search), ("order", "name")]).await;
        let found = if list.status == 200 { list.names().join(" ") } else { list.status.to_string() };
        assert_eq!(found, names, "{search}");
    }
}

async fn the_sentinel_finds_what_it_polls_for(app: TestApp) {
    fleet(&app).await;
    let poll = "labels.env='test' and labels.tier='a'";
    assert_eq!(
        app.list("clusters", &[("search", poll), ("page", "1"), ("pageSize", "100")]).await.names(),
        ["two"]
    );
    let quoted = "labels.env='te''st'";
    assert_eq!(app.list("clusters", &[("search", quoted)]).await.status(200).at("/total"), 0);
    let stale = "status.conditions.Reconciled='True' and \
                 status.conditions.Reconciled.last_updated_time < '2026-01-02T03:14:05Z'";
    assert_eq!(app.list("clusters", &[("search", stale)]).await.status(200).names(), ["three"]);
}

async fn values_are_bound_and_never_code(app: TestApp) {
    fleet(&app).await;
    let texts = [
        "'",
        "''",
        "\\",
        "\\'",
        "'; DROP TABLE clusters; --",
        "%",
        "_",
        "$1",
        "?",
        ":x",
        "☃",
        "\u{1f600}",
        "\n",
    ];
    for text in texts {
        let escaped = text.replace('\\', "\\\\").replace('\'', "''");
        for field in ["name", "labels.env", "spec.region", "created_by", "href", "id"] {
            for operator in ["=", "like", ">", "in ("] {
                // A pattern must not end in the escape character.
                let end = match operator {
                    "in (" => "')",
                    "like" => "%'",
                    _ => "'",
                };
                let search = format!("{field} {operator} '{escaped}{end}");
                app.list("clusters", &[("search", search.as_str())]).await.status(200);
            }
        }
    }
    assert_eq!(app.get("clusters").await.status(200).at("/total"), 3);
}

async fn limits_are_reached_before_they_are_passed(app: TestApp) {
    fleet(&app).await;
    let deep = |levels: usize| format!("{}name='one'{}", "(".repeat(levels), ")".repeat(levels));
    let wide = |comparisons: usize| vec!["name='one'"; comparisons].join(" or ");
    let values = |values: usize| format!("name in ({})", vec!["'x'"; values].join(","));
    let long = |bytes: usize| format!("name='{}'", "a".repeat(bytes - 7));
    for (good, bad) in
        [(deep(30), deep(33)), (wide(64), wide(65)), (values(500), values(501)), (long(4096), long(4097))]
    {
        app.list("clusters", &[("search", good.as_str())]).await.status(200);
        let refused = app.list("clusters", &[("search", bad.as_str())]).await;
        refused.problem(400, "HYPERFLEET-VAL-005");
        assert_eq!(refused.error_fields(), ["search"]);
    }
}
