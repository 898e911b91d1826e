//! Properties of every payload, from any sender.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use evict::alert::parse;
use evict::domain::Parsed;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::fuzzed::checks::alert::hold;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Every payload of the index and of the variants.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = fixtures().join("inbound");
    [folder.clone(), folder.join("variants")]
        .iter()
        .flat_map(|folder| files(folder))
        .filter(|path| path.file_name().is_some_and(|name| name != "index.json"))
        .map(|path| fs::read(path).unwrap())
        .collect()
});

/// Values that shapes look for.
const TEXTS: &[&str] = &[
    "",
    "account",
    "Account",
    "mailbox",
    "host",
    "SecurityAlert",
    "Incident",
    "1.0",
    "alice",
    "alice@contoso.com",
    "contoso.com",
    "6cace4d5-19d5-4695-92e7-4f7bfab36728",
    "S-1-5-18",
    "S-1-12-1-1-2-3-4",
    "[]",
    "{}",
    "[{\"$ref\": \"1\"}]",
    "{\"user\": 1}",
    "UserRiskEvents",
    "AdvancedHunting-AlertEvidence",
    "azureMonitorCommonAlertSchema",
    "#microsoft.graph.security.userEvidence",
    "#microsoft.graph.riskyUser",
    "eyJ1c2VyIjogNDJ9",
    "Resolved",
    "2026-10-02T13:36:31Z",
    "Microsoft.Security/alerts",
    "1",
];

/// Names that shapes look for.
const NAMES: &[&str] = &[
    "objectSchemaType",
    "object",
    "properties",
    "relatedEntities",
    "alerts",
    "additionalData",
    "alertsCount",
    "id",
    "name",
    "type",
    "kind",
    "Type",
    "SystemAlertId",
    "Entities",
    "entities",
    "metaData",
    "$id",
    "$ref",
    "Account",
    "Host",
    "LogonSession",
    "Name",
    "UPNSuffix",
    "AadUserId",
    "Sid",
    "NTDomain",
    "friendlyName",
    "displayName",
    "Entity",
    "IncidentArmID",
    "evidence",
    "@odata.type",
    "userAccount",
    "account",
    "azureAdUserId",
    "userPrincipalName",
    "domainName",
    "accountName",
    "incidentName",
    "relatedUser",
    "devices",
    "category",
    "AdditionalFields",
    "time",
    "tenantId",
    "riskState",
    "riskLevel",
    "userId",
    "records",
    "value",
    "data",
    "data_base64",
    "specversion",
    "eventType",
    "ContentData",
    "schemaId",
    "essentials",
    "monitorCondition",
    "alertContext",
    "condition",
    "allOf",
    "dimensions",
    "SearchResults",
    "tables",
    "columns",
    "rows",
    "caller",
    "claims",
    "changeType",
    "resource",
    "subscriptionId",
    "user",
    "users",
    "upn",
    "sid",
    "expect",
    "requestedBy",
    "resourceData",
    "ResourceIdentifiers",
    "AlertSeverity",
    "AlertName",
];

/// JSON made of the names and values that shapes use, so that arbitrary payloads get far into the parser.
fn payload() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(TEXTS).prop_map(Value::from);
    let leaf = prop_oneof![
        6 => text,
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let name = prop::sample::select(NAMES);
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            3 => prop::collection::vec((name.clone(), inner), 0..6).prop_map(|properties| {
                properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

/// The same value with each letter of its property names in the case that `is_upper` chooses.
fn recased(value: &Value, is_upper: &mut impl FnMut() -> bool) -> Value {
    match value {
        Value::Object(object) => {
            let mut recased_object = Map::new();
            for (name, value) in object {
                let recase = |c: char| {
                    if is_upper() {
                        c.to_ascii_uppercase()
                    } else {
                        c.to_ascii_lowercase()
                    }
                };
                let name = name.chars().map(recase).collect();
                recased_object.insert(name, recased(value, is_upper));
            }
            recased_object.into()
        }
        Value::Array(items) => items.iter().map(|item| recased(item, is_upper)).collect(),
        other => other.clone(),
    }
}

/// One casing per seed.
fn casing(mut seed: u64) -> impl FnMut() -> bool {
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed >> 63 == 1
    }
}

/// One user, and the forms in which an incident may name it. The first form has all identifiers, so it connects all
/// others.
fn entity(n: usize, form: u8) -> Value {
    let id = format!("00000000-0000-0000-0002-{n:012}");
    let sid = format!("S-1-5-21-1-2-3-{n}");
    let properties = match form {
        0 => {
            json!({"aadUserId": id, "accountName": format!("user{n}"), "upnSuffix": "contoso.com", "sid": sid})
        }
        1 => json!({"AadUserId": id.to_uppercase(), "DisplayName": format!("User {}", n % 3)}),
        2 => json!({"Name": format!("USER{n}"), "UPNSuffix": "Contoso.com"}),
        3 => json!({"Name": format!("user{n}@contoso.com")}),
        4 => json!({"sid": sid, "isDomainJoined": true}),
        _ => {
            return json!({"kind": "Mailbox", "properties": {"upn": format!("user{n}@contoso.com"), "mailboxPrimaryAddress": format!("box{n}@contoso.com")}});
        }
    };
    json!({"kind": "Account", "properties": properties})
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_in_a_clear_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        hold(&parse(&bytes));
    }

    #[test]
    fn arbitrary_text_ends_in_a_clear_answer(text in "\\PC{0,200}") {
        hold(&parse(text.as_bytes()));
    }

    #[test]
    fn arbitrary_json_ends_in_a_clear_answer(payload in payload()) {
        hold(&parse(payload.to_string().as_bytes()));
    }

    #[test]
    fn a_sample_that_is_damaged_ends_in_a_clear_answer(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut sample = which.get(&SAMPLES).clone();
        prop_assume!(!sample.is_empty());
        let at = at.index(sample.len());
        if cut { sample.truncate(at) } else { sample[at] = byte }
        hold(&parse(&sample));
    }

    #[test]
    fn the_casing_of_property_names_does_not_matter(payload in payload(), seed in any::<u64>()) {
        // Names that differ in case alone would become equal in the other casing.
        let plain = recased(&payload, &mut || false);
        let other = recased(&plain, &mut casing(seed));
        // The message repeats the first unknown property of a manual message in its casing.
        let told = |payload: &Value| match parse(payload.to_string().as_bytes()) {
            Parsed::Malformed(mut malformed) if malformed.expected.contains("the form does not have") => {
                malformed.expected.clear();
                Parsed::Malformed(malformed)
            }
            parsed => parsed,
        };
        prop_assert_eq!(told(&plain), told(&other));
    }

    #[test]
    fn every_user_of_an_incident_is_found_exactly_once(
        users in prop::collection::vec(prop::collection::vec(1_u8..6, 0..4), 1..12),
        noise in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut entities: Vec<Value> = Vec::new();
        for (n, forms) in users.iter().enumerate() {
            entities.push(entity(n, 0));
            entities.extend(forms.iter().map(|form| entity(n, *form)));
        }
        for place in noise {
            let at = place.index(entities.len() + 1);
            entities.insert(at, json!({"kind": "Ip", "properties": {"address": "203.0.113.1"}}));
        }
        let body = json!({"objectSchemaType": "Incident", "object": {"properties": {"relatedEntities": entities}}});
        let Parsed::Alert(alert) = parse(body.to_string().as_bytes()) else {
            return Err(TestCaseError::fail("an alert was expected"));
        };
        let found: Vec<String> = alert.subjects.iter().map(|subject| subject.account.written()).collect();
        let expected: Vec<String> = (0..users.len()).map(|n| format!("user{n}@contoso.com")).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(alert.subjects.iter().all(|s| s.account.id.is_some() && s.account.sid.is_some()));
    }

    #[test]
    fn a_refusal_never_repeats_the_payload(payload in payload(), at in any::<prop::sample::Index>()) {
        let secret = "zqxjkv";
        let mut text = payload.to_string();
        let places: Vec<usize> = text.match_indices('"').map(|(place, _)| place + 1).collect();
        prop_assume!(!places.is_empty());
        text.insert_str(*at.get(&places), secret);
        if let Parsed::Malformed(malformed) = parse(text.as_bytes()) {
            // The one exception is the name of an unknown property of a manual message.
            prop_assume!(!malformed.expected.contains("which the form does not have"));
            prop_assert!(!malformed.expected.contains(secret) && !malformed.path.contains(secret));
        }
    }
}

#[test]
fn the_casing_of_property_names_does_not_matter_in_any_sample() {
    for sample in SAMPLES.iter() {
        let Ok(value) = serde_json::from_slice::<Value>(sample) else {
            continue;
        };
        for seed in 0..8 {
            let recased = recased(&value, &mut casing(seed));
            assert_eq!(parse(recased.to_string().as_bytes()), parse(sample));
        }
    }
}
