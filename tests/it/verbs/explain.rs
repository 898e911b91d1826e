//! `evict explain`, as a person and as a script see it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use evict::cli::{Console, Surroundings, run};
use serde_json::Value;

struct Answer {
    code: u8,
    output: String,
    errors: String,
}

fn evict(arguments: &[&str], input: &[u8]) -> Answer {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut { input },
        output: &mut output,
        errors: &mut errors,
        surroundings: Surroundings::default(),
    };
    let arguments = ["evict"].iter().chain(arguments).map(OsString::from);
    let code = run(arguments, &mut console).code();
    Answer {
        code,
        output: String::from_utf8(output).unwrap(),
        errors: String::from_utf8(errors).unwrap(),
    }
}

fn fixture(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/inbound")
        .join(file)
}

fn explain(file: &str) -> String {
    let file = fixture(file);
    evict(&["explain", file.to_str().unwrap()], b"").output
}

#[test]
fn the_json_of_every_sample_agrees_with_the_index() {
    let index: Vec<Value> =
        serde_json::from_slice(&fs::read(fixture("index.json")).unwrap()).unwrap();
    for entry in index {
        let file = fixture(entry["file"].as_str().unwrap());
        let answer = evict(&["explain", "--json", file.to_str().unwrap()], b"");
        let document: Value = serde_json::from_str(&answer.output).unwrap();
        for name in ["verdict", "shape", "severity", "alertId", "incidentId"] {
            assert_eq!(
                document.get(name),
                entry.get(name),
                "{name} of {}",
                file.display()
            );
        }
        let mut subjects = document["subjects"].clone();
        for subject in subjects.as_array_mut().unwrap() {
            let subject = subject.as_object_mut().unwrap();
            for name in ["severity", "state", "writtenBy"] {
                subject.remove(name);
            }
        }
        assert_eq!(subjects, entry["subjects"], "{}", file.display());
        let malformed = entry["verdict"] == "malformed";
        assert_eq!(answer.code, if malformed { 65 } else { 0 });
        assert_eq!(document.get("problem").is_some(), malformed);
        assert_eq!(
            document.get("reason").is_some(),
            entry["verdict"] == "nothing_to_do"
        );
    }
}

#[test]
fn an_alert_is_explained_to_a_person() {
    insta::assert_snapshot!(explain("sentinel-incident-xdr-mailbox-machine-group.json"), @r#"
    An alert that flags 3 accounts, one of them a user.
       shape       sentinel-incident-trigger
       severity    Medium
       alert       2f8cbeb2-670c-4cd3-9555-5e3184be37c1
       incident    /subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/c86308a3-429b-4def-959c-11d466f6d437
       entities    asked for again if the message is older than two minutes and EVICT_SENTINEL_WORKSPACES names the incident's workspace
       flagged at  2026-10-04T15:31:55.7033333Z

    1. user
       upn         erin.walsh@contoso.com
       id          c20dbc21-0f8a-4abf-b2e9-1ac70b80a255
       sid         S-1-5-21-898359651-226337246-2910964862-31937
       mail        erin.walsh@contoso.com
       tenant      f6fadfa7-e5c1-4b62-9362-da5cc13da58a
       severity    medium

    2. machine
       name        CONTOSO\WKS-0142$
       sid         S-1-5-21-898359651-226337246-2910964862-71889
       severity    medium

    3. group
       id          35dd8954-a7f8-422a-8eed-ef2a6f877ca9
       sid         S-1-5-21-898359651-226337246-2910964862-64827
       severity    medium
    "#);
}

#[test]
fn a_payload_with_nothing_to_do_is_explained_to_a_person() {
    insta::assert_snapshot!(explain("variants/sentinel-incident-entities-not-arrived.json"), @r#"
    Nothing to do: its entities have not arrived yet; ask for it again later.
       shape       sentinel-incident-trigger
       taken for   what is sent by automation rules and Logic Apps with the trigger *Microsoft Sentinel incident*
       severity    High
       alert       a30f4300-bbee-4636-9d33-bc6d96f0da84
       incident    /subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7
       entities    asked for up to 15 minutes, if EVICT_SENTINEL_WORKSPACES names the incident's workspace
       flagged at  2026-10-02T08:20:03.8840351Z
    "#);
}

#[test]
fn a_malformed_payload_is_explained_to_a_person() {
    insta::assert_snapshot!(explain("malformed-entities-string.json"), @r#"
    Malformed: this cannot be understood.
       shape       sentinel-securityalert-record
       taken for   what is sent by rows and exports of the table `SecurityAlert`
       severity    High
       alert       3bce09ac-8892-4502-ab08-c417eead3900
       flagged at  2026-10-07T05:23:30.5594143Z
       at          $.Entities
       problem     well-formed JSON was expected; it breaks off at line 1, column 70 (counted within the string)

    Nearest shapes:
       cloudevents lacks `specversion`
       sentinel-alert-trigger lacks `SystemAlertId`, `WorkspaceSubscriptionId` or `AlertType`, in no row of a table
    "#);
}

#[test]
fn an_answer_as_json_leaves_out_what_is_not_known() {
    let answer = evict(
        &["explain", "--json", "-"],
        br#"{"users": ["alice@contoso.com", "CONTOSO\\bob", 3]}"#,
    );
    insta::assert_snapshot!(answer.output, @r#"
    {
      "verdict": "malformed",
      "shape": "manual",
      "takenFor": "what is sent by people and scripts, and Evict itself for what is not finished",
      "subjects": [],
      "problem": {
        "path": "$.users[2]",
        "expected": "a string or an object was expected; a number stands there"
      }
    }
    "#);
    assert_eq!((answer.code, answer.errors.as_str()), (65, ""));
}

#[test]
fn the_standard_input_is_read_for_a_hyphen() {
    let answer = evict(&["explain", "-"], b"alice@contoso.com\n");
    insta::assert_snapshot!(answer.output, @r#"
    An alert that flags one user.
       shape       manual-text

    1. user
       upn         alice@contoso.com
    "#);
    assert_eq!(answer.code, 0);
}

#[test]
fn a_terminal_is_not_made_to_obey_a_payload() {
    let payload = serde_json::json!({
        "SystemAlertId": "1\u{1b}[2J", "Severity": "\u{202e}hgiH",
        "Entities": [{"Type": "account", "Name": "\u{1b}]0;x\u{7}\u{2066}bob\u{200b}"}],
    });
    let answer = evict(&["explain", "-"], payload.to_string().as_bytes());
    let is_plain = |c: char| c == '\n' || c == '…' || (' '..='~').contains(&c);
    assert!(answer.output.chars().all(is_plain), "{:?}", answer.output);
    assert!(answer.output.contains("bob"));
}

#[test]
fn a_wrong_command_line_ends_with_64() {
    for arguments in [
        &[] as &[&str],
        &["explain"],
        &["explain", "--yaml", "-"],
        &["expel", "-"],
    ] {
        let answer = evict(arguments, b"");
        assert_eq!(answer.code, 64, "{arguments:?}");
        assert!(
            answer.output.is_empty() && answer.errors.contains("Usage"),
            "{arguments:?}"
        );
    }
    let help = evict(&["explain", "--help"], b"");
    assert_eq!((help.code, help.errors.as_str()), (0, ""));
    assert!(help.output.contains("65 if it is malformed"));
}

#[test]
fn a_file_that_cannot_be_read_ends_with_66() {
    let answer = evict(&["explain", "no/such\u{1b}file"], b"");
    assert_eq!(answer.code, 66);
    assert!(answer.errors.starts_with("evict: no/such\\u{1b}file: "));
    assert!(answer.output.is_empty());
}

#[test]
fn an_answer_that_cannot_be_written_ends_with_74() {
    let (mut output, mut errors) = ([0_u8; 8], Vec::new());
    let mut console = Console {
        input: &mut &b"alice@contoso.com"[..],
        output: &mut &mut output[..],
        errors: &mut errors,
        surroundings: Surroundings::default(),
    };
    let arguments = ["evict", "explain", "-"].map(OsString::from);
    assert_eq!(run(arguments, &mut console).code(), 74);
    let errors = String::from_utf8(errors).unwrap();
    assert!(
        errors.starts_with("evict: writing the answer: "),
        "{errors}"
    );
}

#[test]
fn who_is_only_named_and_who_is_cleared_is_told_with_the_reason() {
    let field = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field");
    let explained = |file: &str| {
        let file = field.join(file);
        evict(&["explain", file.to_str().unwrap()], b"").output
    };
    insta::assert_snapshot!(explained("graph-alert-v2-evidence-roles.json"), @r#"
    An alert that flags one user.
       shape       graph-alert-v2
       severity    medium
       alert       aa638411223344556677_-1
       incident    2811
       flagged at  2026-11-20T09:00:30.12Z

    1. user
       upn         erin.walsh@contoso.com
       id          c20dbc21-0f8a-4abf-b2e9-1ac70b80a255
       severity    medium

    Only named, and not acted on:
       alice@contoso.com: the alert's own verdict on it is that no threats were found
       carol.nunez@contoso.com: its role in the alert is scanned: a target of reconnaissance
    "#);
    insta::assert_snapshot!(explained("risk-detection-dismissed.json"), @r#"
    An alert that flags one user.
       shape       graph-risk-detection
       severity    none
       alert       d-1
       flagged at  2026-11-24T03:04:05.678Z

    1. user
       upn         alice@contoso.com
       id          6cace4d5-19d5-4695-92e7-4f7bfab36728
       severity    none
       state       over: its sender says "dismissed" since 2026-11-24T03:04:05.678Z
    "#);
    insta::assert_snapshot!(explained("sentinel-incident-closed-update.json"), @r#"
    Nothing to do: it is over, by its sender's own word.
       shape       sentinel-incident-trigger
       taken for   what is sent by automation rules and Logic Apps with the trigger *Microsoft Sentinel incident*
       severity    High
       alert       0b7c1c6a-6b7c-4f6e-9a0e-0a4f1c1a2b30
       incident    /subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/Incidents/4f0d8b60-5d3c-4e8e-8c5c-3f6f6d4e1a77
       flagged at  2026-11-20T08:59:00Z

    Only named, and not acted on:
       alice@contoso.com: the alert or incident that names it is over
          over: its sender says "FalsePositive" since 2026-11-20T15:00:00Z
    "#);
    insta::assert_snapshot!(explained("graph-incident-redirected.json"), @r#"
    Nothing to do: it was merged into another incident.
       shape       graph-incident
       taken for   what is sent by Graph's security API: incidents
       severity    high
       incident    17
       merged into  14
       flagged at  2026-11-20T12:09:23.14Z

    Nearest shapes:
       defender-xdr-legacy-incident lacks `incidentName` or `incidentId`
    "#);
    insta::assert_snapshot!(explained("sign-in-as-graph-answers.json"), @r#"
    Nothing to do: it is no alert.
       shape       none
       taken for   a sign-in

    Nearest shapes:
       graph-risk-detection lacks `riskEventType` or `riskType`, or the type of a risk detection
       graph-risky-user lacks `riskLastUpdatedDateTime`, or the type of a risky user
    "#);
    insta::assert_snapshot!(explained("netskope-malware-alert.json"), @r#"
    Malformed: this cannot be understood.
       shape       none
       taken for   nothing that is known
       at          $
       problem     an alert, an incident, an entity or a manual message was expected; a document of another system that has a user stands there; it is no person's order. To have somebody of it cut, send a manual message, such as {"user": "alice@contoso.com"}

    Nearest shapes:
       cloudevents lacks `specversion`
    "#);
    insta::assert_snapshot!(explained("powershell-depth-two-alert.json"), @r#"
    Malformed: this cannot be understood.
       shape       graph-alert-v2
       taken for   what is sent by Graph's security API: alerts, from scripts, SIEMs and `PowerShell`
       severity    high
       alert       ad7f0009
       incident    2816
       flagged at  2026-11-18T11:06:40Z
       at          $.evidence[0].AdditionalProperties
       problem     an object or a list was expected; what stands there was cut off on the way, as PowerShell's ConvertTo-Json does below two levels. Whoever was flagged there is lost. Send it again, written with -Depth 10

    Nearest shapes:
       defender-xdr-legacy-incident lacks `alerts`
       mde-alert lacks `alertCreationTime`, `aadTenantId`, `machineId` or `investigationId`
    "#);
}

#[test]
fn an_incident_says_whether_its_entities_would_be_asked_for() {
    let asked = |file: &str| {
        let file = fixture(file);
        let answer = evict(&["explain", "--json", file.to_str().unwrap()], b"");
        let document: Value = serde_json::from_str(&answer.output).unwrap();
        document["entities"].as_str().map(str::to_owned)
    };
    for (file, expected) in [
        (
            "variants/sentinel-incident-entities-not-arrived.json",
            Some("awaited"),
        ),
        ("sentinel-incident-trigger.json", Some("refreshed")),
        // No incident of Sentinel: a user by hand, an alert by itself, an incident of Graph.
        ("manual-user.json", None),
        ("sentinel-alert-trigger.json", None),
        ("graph-incident-with-alerts.json", None),
    ] {
        assert_eq!(asked(file).as_deref(), expected, "{file}");
    }
}
