//! Every published sample, and every variant of one, gives what its index says.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use evict::alert::parse;
use evict::domain::{NothingToDo, Parsed, SecurityIdentifier, Shape, SubjectKind, SubjectRef};
use serde_json::{Map, Value, json};

/// The folders that hold payloads, each with its `index.json`.
const FOLDERS: [&str; 2] = ["inbound", "inbound/variants"];

/// All folders, with the payloads of other people's systems, which have tests of their own.
const ALL: [&str; 3] = ["inbound", "inbound/variants", "field"];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn index(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder(name).join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn subjects(parsed: &Parsed) -> Vec<SubjectRef> {
    parsed.accounts()
}

/// A subject as the indexes write it: an id that only follows from a SID is not listed, and a name only if nothing
/// stronger is known or if it describes the account.
fn as_listed(subject: &SubjectRef, listed: &Value) -> Value {
    let derived = subject.sid.as_ref().and_then(SecurityIdentifier::object_id);
    let id = subject
        .id
        .filter(|id| listed.get("id").is_some() || Some(*id) != derived);
    let stronger = subject.id.is_some()
        || subject.upn.is_some()
        || subject.sid.is_some()
        || subject.mail.is_some();
    let account = subject.account.as_ref().filter(|_| !stronger);
    let fields = [
        ("id", id.map(|id| id.to_string())),
        (
            "upn",
            subject.upn.as_ref().map(|upn| upn.as_str().to_owned()),
        ),
        ("sid", subject.sid.as_ref().map(ToString::to_string)),
        (
            "mail",
            subject.mail.as_ref().map(|mail| mail.as_str().to_owned()),
        ),
        ("tenant", subject.tenant.map(|tenant| tenant.to_string())),
        (
            "name",
            subject
                .name
                .clone()
                .or(account.map(|account| account.as_str().to_owned())),
        ),
    ];
    let mut object: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    object.insert("as".to_owned(), subject.kind.as_str().into());
    object.into()
}

fn as_indexed(parsed: &Parsed, entry: &Value) -> Value {
    let header = parsed.header();
    let listed = entry["subjects"].as_array().unwrap();
    let subjects: Vec<Value> = subjects(parsed)
        .iter()
        .enumerate()
        .map(|(index, subject)| as_listed(subject, listed.get(index).unwrap_or(&Value::Null)))
        .collect();
    json!({
        "verdict": parsed.verdict(),
        "shape": header.shape.as_str(),
        "severity": header.severity,
        "alertId": header.alert_id,
        "incidentId": header.incident_id,
        "subjects": subjects,
    })
}

#[test]
fn every_sample_gives_what_its_index_says() {
    let mut seen = 0;
    for name in FOLDERS {
        for entry in index(name) {
            let file = entry["file"].as_str().unwrap();
            let parsed = parse(&fs::read(folder(name).join(file)).unwrap());
            let expected = json!({
                "verdict": entry["verdict"],
                "shape": entry["shape"],
                "severity": entry.get("severity"),
                "alertId": entry.get("alertId"),
                "incidentId": entry.get("incidentId"),
                "subjects": entry["subjects"],
            });
            assert_eq!(as_indexed(&parsed, &entry), expected, "{file}");
            if let (Some(reason), Parsed::NothingToDo(NothingToDo { reason: found, .. })) =
                (entry.get("reason"), &parsed)
            {
                assert_eq!(reason, found.as_str(), "{file}");
            }
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} samples");
}

#[test]
fn every_file_is_listed_in_its_index() {
    for name in FOLDERS {
        let listed: Vec<String> = index(name)
            .iter()
            .map(|entry| entry["file"].as_str().unwrap().to_owned())
            .collect();
        for file in fs::read_dir(folder(name)).unwrap() {
            let file = file.unwrap();
            let file_name = file.file_name().into_string().unwrap();
            if file.file_type().unwrap().is_file() && file_name != "index.json" {
                assert!(listed.contains(&file_name), "{name}/{file_name}");
            }
        }
    }
}

#[test]
fn every_shape_has_a_sample_that_is_understood() {
    let entries: Vec<Value> = ALL.into_iter().flat_map(index).collect();
    for shape in Shape::ALL {
        let understood = entries
            .iter()
            .any(|entry| entry["shape"] == shape.as_str() && entry["verdict"] != "malformed");
        // A payload without a shape is understood only as a record of another kind.
        assert!(understood, "{}", shape.as_str());
    }
}

#[test]
fn every_reason_to_do_nothing_has_a_sample() {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for name in ALL {
        for entry in index(name) {
            let file = entry["file"].as_str().unwrap();
            if let Parsed::NothingToDo(nothing) = parse(&fs::read(folder(name).join(file)).unwrap())
            {
                *reasons.entry(nothing.reason.as_str()).or_default() += 1;
            }
        }
    }
    let expected = [
        "entities_pending",
        "no_account",
        "no_user",
        "not_an_alert",
        "notification_only",
        "redirected",
        "resolved",
        "subscription_validation",
    ];
    assert_eq!(reasons.keys().copied().collect::<Vec<_>>(), expected);
}

#[test]
fn an_alert_holds_at_least_one_user_and_nothing_to_do_holds_none() {
    for name in FOLDERS {
        for entry in index(name) {
            let file = entry["file"].as_str().unwrap();
            let parsed = parse(&fs::read(folder(name).join(file)).unwrap());
            let users = subjects(&parsed)
                .iter()
                .filter(|subject| subject.kind == SubjectKind::User)
                .count();
            assert_eq!(matches!(parsed, Parsed::Alert(_)), users > 0, "{file}");
        }
    }
}

#[test]
fn the_time_at_which_an_account_was_flagged_is_the_alerts_not_the_activitys() {
    let mut lines = Vec::new();
    let entries = FOLDERS
        .into_iter()
        .flat_map(|name| index(name).into_iter().map(move |entry| (name, entry)));
    for (name, entry) in entries {
        let file = entry["file"].as_str().unwrap();
        let parsed = parse(&fs::read(folder(name).join(file)).unwrap());
        let tenant = parsed
            .header()
            .tenant
            .map(|_| " of a tenant")
            .unwrap_or_default();
        if let Some(at) = parsed.header().flagged_at {
            lines.push(format!("{file} {at}{tenant}"));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    sentinel-incident-trigger.json 2026-10-02T08:20:03.8840351Z
    sentinel-incident-many-alerts-guest-other-tenant.json 2026-10-03T11:12:40.221Z
    sentinel-incident-xdr-mailbox-machine-group.json 2026-10-04T15:31:55.7033333Z
    sentinel-incident-no-account.json 2026-10-05T03:05:30.5594143Z
    sentinel-incident-resource.json 2026-10-05T13:15:30Z
    sentinel-alert-trigger.json 2026-10-06T09:47:12.3312Z
    sentinel-alert-same-account-three-forms.json 2026-10-06T10:05:00.12Z
    sentinel-alert-unconnected-forms.json 2026-10-06T11:05:00.12Z
    sentinel-securityalert-record.json 2026-10-07T05:23:30.5594143Z
    sentinel-securityalert-onprem-sid-only.json 2026-10-07T05:23:30.5594143Z
    sentinel-securityalert-system-machine.json 2026-10-07T05:23:30.5594143Z
    sentinel-securityalert-foreign-cloud-account.json 2026-10-07T05:23:30.5594143Z
    graph-alert-v2-user.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-alert-v2-system-process.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-alert-v2-service-principal.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-incident-with-alerts.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-risky-user.json 2026-10-10T18:11:52.702Z
    graph-risk-detection.json 2026-10-10T00:11:27.773602Z
    entra-diagnostics-user-risk-event.json 2026-10-10T18:05:06.133Z of a tenant
    azure-monitor-log-alert-v2.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-log-alert-search-results.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-user.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-service-principal.json 2026-10-11T13:54:40.3713213Z
    cloudevents-graph-alert-created.json 2026-10-13T22:24:31.3062901Z of a tenant
    cloudevents-sentinel-incident.json 2026-10-02T08:20:03.8840351Z
    event-grid-schema-array.json 2026-10-07T05:23:30.5594143Z
    defender-for-cloud-export.json 2026-10-14T13:17:09.0170422Z
    servicebus-contentdata-alert.json 2026-10-06T09:47:12.3312Z
    defender-xdr-streaming-alert-evidence.json 2026-10-15T14:04:13.9529565Z of a tenant
    mde-alert.json 2026-10-15T20:33:57.7220239Z of a tenant
    defender-xdr-legacy-incident.json 2026-10-16T12:07:54.3716642Z
    malformed-entities-string.json 2026-10-07T05:23:30.5594143Z
    sentinel-incident-entities-not-arrived.json 2026-10-02T08:20:03.8840351Z
    sentinel-incident-made-by-hand.json 2026-10-02T08:20:05.1128834Z
    sentinel-incident-resource-without-entities.json 2026-10-05T13:15:30Z
    sentinel-incident-weak-names.json 2026-10-02T08:20:03.8840351Z
    sentinel-alert-references.json 2026-10-06T09:47:12.3312Z
    sentinel-securityalert-records.json 2026-10-07T05:23:30.5594143Z
    defender-for-cloud-arm.json 2026-10-14T13:17:09Z
    graph-alerts-list.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-alert-value-object.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-incident-one-alert-object.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-incident-without-alerts.json 2026-10-09T08:43:35.5533333Z of a tenant
    graph-incident-without-evidence.json 2026-10-08T15:07:30.2533333Z of a tenant
    graph-risk-detection-service-principal.json 2026-10-10T00:11:27Z
    graph-risky-user-plain.json 2026-10-10T18:11:52.702Z
    mde-alert-related-user-only.json 2026-10-15T20:33:57.7220239Z of a tenant
    mde-alert-no-user.json 2026-10-15T20:33:57.7220239Z of a tenant
    defender-xdr-streaming-records.json 2026-10-15T14:04:13.9529565Z of a tenant
    entra-diagnostics-risky-user.json 2026-10-10T18:07:16Z of a tenant
    azure-monitor-resolved.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-log-alert-v2-columns.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-service.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-claims-object.json 2026-10-11T13:54:40.3713213Z
    event-grid-single-manual.json 2026-10-13T05:23:31Z
    cloudevents-data-base64.json 2026-10-06T09:47:12.3312Z
    cloudevents-data-string.json 2026-10-13T08:20:09Z
    cloudevents-batch.json 2026-10-13T08:20:09Z
    servicebus-contentdata-event-grid.json 2026-10-13T05:23:31Z
    defender-xdr-legacy-incident-empty.json 2026-10-16T12:07:54.3716642Z
    defender-xdr-legacy-incident-list.json 2026-10-16T12:07:54.3716642Z
    entra-diagnostics-risky-service-principal.json 2026-10-10T18:07:16Z of a tenant
    graph-alert-v2-application-of-service-principal.json 2026-10-08T15:07:30.2533333Z of a tenant
    azure-monitor-activity-caller-id.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-application.json 2026-10-11T13:54:40.3713213Z
    azure-monitor-activity-user-without-upn.json 2026-10-11T13:54:40.3713213Z
    defender-for-cloud-export-no-account.json 2026-10-14T13:17:09.0170422Z of a tenant
    "#);
}
