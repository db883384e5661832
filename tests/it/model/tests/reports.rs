//! The processing of reports, and the phase that results.

use chrono::TimeDelta;
use serde_json::json;

use super::super::{Expected, Model, Settings};
use super::support::{at, body, condition, id, model, report, send, text, with_cluster};

#[test]
fn reports_are_discarded_in_order() {
    let mut model = with_cluster(model(&["a"], &[]));
    assert_eq!(send(&mut model, 1, "a", 2, 1, "Available=True"), Expected::discarded("future_generation"));
    assert_eq!(send(&mut model, 1, "a", 1, 5, "Available=True").status, 201);
    assert_eq!(send(&mut model, 1, "a", 1, 4, "Available=True"), Expected::discarded("older_report"));
    let unknown = Expected::discarded("unknown_availability");
    assert_eq!(send(&mut model, 1, "a", 1, 5, "Ready=Unknown"), unknown);
    model.patch(at(6), id(1), &json!({ "spec": {} }));
    assert_eq!(
        send(&mut model, 1, "a", 2, 4, "Available=True").status,
        201,
        "a newer generation, seen earlier"
    );
    assert_eq!(send(&mut model, 1, "a", 1, 9, "Available=True"), Expected::discarded("older_generation"));
    assert_eq!(send(&mut model, 2, "a", 1, 9, "Available=True"), Expected::not_found());
}

#[test]
fn a_report_observed_at_the_same_time_is_applied() {
    let mut model = with_cluster(model(&["a"], &[]));
    send(&mut model, 1, "a", 1, 1, "Available=True Health=True");
    let again = send(&mut model, 1, "a", 1, 1, "Available=False Health=True").body.expect("a stored report");
    assert_eq!(again["conditions"][0]["status"], "False");
    send(&mut model, 1, "a", 1, 3, "Available=True Health=True");
    let stored = &model.reports(id(1))[0];
    assert_eq!(stored["created_time"], text(1));
    assert_eq!(stored["last_report_time"], text(3));
    assert_eq!(stored["conditions"][0]["last_transition_time"], text(3));
    assert_eq!(stored["conditions"][1]["last_transition_time"], text(1));
}

#[test]
fn a_first_report_of_unknown_availability_is_stored_and_changes_only_the_adapters() {
    let mut model = with_cluster(model(&[], &[]));
    let before = body(&model, 1);
    assert_eq!(send(&mut model, 1, "dns", 1, 2, "Available=Unknown Health=False").status, 201);
    let after = body(&model, 1);
    let entry = json!([{ "adapter": "dns", "observed_generation": 1, "available": "Unknown", "health": "False",
        "last_report_time": text(2) }]);
    assert_eq!(after["status"]["adapters"], entry);
    assert_eq!(after["status"]["conditions"], before["status"]["conditions"]);
    assert_eq!(after["status"]["observed_generation"], 0);
    send(&mut model, 1, "a", 1, 3, "Available=True");
    let status = &body(&model, 1)["status"];
    assert_eq!((&status["phase"], &status["observed_generation"]), (&json!("Failed"), &json!(1)));
    let reconciled = condition(&body(&model, 1), "Reconciled");
    let message = "Required adapters not reporting Available=True: [dns]. Currently reporting: [a]";
    assert_eq!(reconciled["message"], message);
    assert_eq!(condition(&body(&model, 1), "DnsSuccessful"), json!(null));
}

#[test]
fn a_discarded_report_is_not_asked_for_its_mandatory_conditions() {
    let settings = Settings { mandatory_conditions: vec!["Health".to_owned()], ..Settings::default() };
    let mut model = with_cluster(Model::new(settings));
    let incomplete = Expected::refused(400, "HYPERFLEET-VAL-000");
    assert_eq!(send(&mut model, 1, "a", 2, 1, "Available=True"), Expected::discarded("future_generation"));
    assert_eq!(send(&mut model, 1, "a", 1, 1, "Available=Unknown"), incomplete);
    assert_eq!(send(&mut model, 1, "a", 1, 1, "Available=True Health=True").status, 201);
}

#[test]
fn faults_of_a_report_are_found_where_its_resource_exists() {
    let mut model = with_cluster(model(&[], &[]));
    let refused = Expected::refused(400, "HYPERFLEET-VAL-000");
    for fault in ["Available=true", "=True", "A=True A=True"] {
        assert_eq!(send(&mut model, 1, "a", 1, 1, fault), refused, "{fault}");
    }
    assert_eq!(send(&mut model, 1, "a", 0, 1, ""), refused);
    assert_eq!(send(&mut model, 1, "", 1, 1, ""), refused);
    assert_eq!(send(&mut model, 9, "", 1, 1, ""), Expected::not_found());
    let micro = TimeDelta::microseconds(1);
    let sent = report("a", 1, 60, "");
    let at_the_edges = [(at(55) - micro, 400), (at(90) + micro, 400), (at(55), 201), (at(90), 201)];
    for (now, status) in at_the_edges {
        assert_eq!(model.report(now, id(1), &sent).status, status, "{now}");
    }
}

#[test]
fn availability_is_said_or_worked_out() {
    let table = [
        ("Available=True Ready=False", "True"),
        ("Ready=False Applied=True", "False"),
        ("Ready=Unknown Applied=True", "Unknown"),
        ("Applied=True Progressing=False Finalized=False", "True"),
        ("Applied=True Health=Unknown", "False"),
        ("Progressing=True", "False"),
        ("", "False"),
    ];
    for (conditions, available) in table {
        let mut model = with_cluster(model(&[], &[]));
        send(&mut model, 1, "a", 1, 1, conditions);
        assert_eq!(body(&model, 1)["status"]["adapters"][0]["available"], available, "{conditions}");
    }
}

#[test]
fn the_phase_is_failed_only_by_a_counted_adapter_at_the_current_generation() {
    let table = [
        ("Available=False Health=False", "Failed"),
        ("Available=False Failed=True", "Failed"),
        ("Available=False Failed=False Health=Unknown", "NotReady"),
        ("Available=True Health=False", "Ready"),
    ];
    for (conditions, phase) in table {
        let mut model = with_cluster(model(&["a"], &[]));
        send(&mut model, 1, "b", 1, 1, "Available=False Health=False");
        assert_eq!(body(&model, 1)["status"]["phase"], "NotReady", "b does not count");
        send(&mut model, 1, "a", 1, 1, conditions);
        assert_eq!(body(&model, 1)["status"]["phase"], phase, "{conditions}");
        model.patch(at(2), id(1), &json!({ "spec": {} }));
        assert_eq!(body(&model, 1)["status"]["phase"], "NotReady", "nothing is known of this generation");
    }
}

#[test]
fn the_phase_never_changes_before_it_last_changed() {
    let mut model = with_cluster(model(&["a"], &[]));
    model.report(at(2), id(1), &report("a", 1, -20, "Available=True"));
    assert_eq!(body(&model, 1)["status"]["last_transition_time"], text(0));
    assert_eq!(body(&model, 1)["status"]["last_updated_time"], text(-20));
    send(&mut model, 1, "a", 1, 7, "Available=False");
    assert_eq!(body(&model, 1)["status"]["last_transition_time"], text(7));
}

#[test]
fn learnt_adapters_are_listed_by_name_and_configured_ones_as_configured() {
    let types = |model: &Model| -> Vec<String> {
        let conditions = body(model, 1)["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().filter_map(|condition| condition["type"].as_str().map(str::to_owned)).collect()
    };
    for (configured, order) in [
        (&[][..], ["PullSecretSuccessful", "DnsSuccessful", "GcpProvisionerSuccessful"]),
        (
            &["gcp-provisioner", "Pull_secret", "dns"][..],
            ["GcpProvisionerSuccessful", "PullSecretSuccessful", "DnsSuccessful"],
        ),
    ] {
        let mut model = with_cluster(model(configured, &[]));
        for adapter in ["dns", "gcp-provisioner", "Pull_secret"] {
            send(&mut model, 1, adapter, 1, 1, "Available=True");
        }
        assert_eq!(types(&model)[..2], ["Reconciled", "LastKnownReconciled"]);
        assert_eq!(types(&model)[2..], order);
    }
}

#[test]
fn reports_that_disagree_on_the_generation_say_so() {
    let mut model = with_cluster(model(&["a", "b"], &[]));
    model.patch(at(1), id(1), &json!({ "spec": {} }));
    send(&mut model, 1, "a", 1, 2, "Available=True");
    send(&mut model, 1, "b", 2, 3, "Available=True");
    let known = condition(&body(&model, 1), "LastKnownReconciled");
    assert_eq!(known["reason"], "AdaptersNotAtSameGeneration");
    assert_eq!((&known["observed_generation"], &known["last_updated_time"]), (&json!(2), &text(0)));
    send(&mut model, 1, "a", 2, 4, "Available=True");
    model.patch(at(5), id(1), &json!({ "spec": { "x": 1 } }));
    send(&mut model, 1, "b", 3, 6, "Available=True");
    let known = condition(&body(&model, 1), "LastKnownReconciled");
    assert_eq!((&known["status"], &known["observed_generation"]), (&json!("True"), &json!(2)));
}

#[test]
fn a_missing_adapter_dates_the_failure_of_another() {
    let mut model = with_cluster(model(&["a", "b"], &[]));
    send(&mut model, 1, "a", 1, 2, "Available=False");
    let known = condition(&body(&model, 1), "LastKnownReconciled");
    assert_eq!((&known["reason"], &known["last_updated_time"]), (&json!("AdaptersMissingReports"), &text(2)));
    assert_eq!(known["last_transition_time"], text(0));
}
