//! A payload that cannot be understood is refused with the place and what was expected there, without repeating any of
//! it.

use evict::alert::parse;
use evict::domain::Parsed;

fn refusal(body: impl AsRef<[u8]>) -> String {
    match parse(body.as_ref()) {
        Parsed::Malformed(malformed) => format!(
            "{} {}: {}",
            malformed.header.shape.as_str(),
            malformed.path,
            malformed.expected
        ),
        understood => panic!("this was understood: {}", understood.verdict()),
    }
}

#[test]
fn a_slip_in_a_manual_message_is_named_with_its_place() {
    let refusals = [
        r#"{"users": ["alice@contoso.com", "bob@contoso.com", "carol@contoso.com", "dave"]}"#,
        r#"{"users": ["alice@contoso.com", {"upn": "bob"}]}"#,
        r#"{"users": [{"displayName": "Alice Reyes"}]}"#,
        r#"{"users": [{"id": "00000000-0000-0000-0000-000000000000"}]}"#,
        r#"{"users": [null]}"#,
        r#"{"users": "alice@contoso.com"}"#,
        r#"{"users": null}"#,
        r#"{"user": ""}"#,
        r#"{"user": ["alice@contoso.com"]}"#,
        r#"{"user": "alice@contoso.com", "reason": ["x"]}"#,
        r#"{"user": "alice@contoso.com", "expect": 2}"#,
        r#"{"users": ["alice@contoso.com", "ALICE@contoso.com", "S-1-5-18"], "expect": 3}"#,
        r#"{"users": [], "expect": 1}"#,
        r#"{"user": "alice@contoso.com", "expect": -1}"#,
        r#"{"user": "alice@contoso.com", "expect": "all"}"#,
        r#"{"requestedBy": "alice@contoso.com"}"#,
        r#"{"usr": "alice@contoso.com", "expect": 1}"#,
        r#"{"user": "alice@contoso.com", "expct": 1}"#,
        r#"{"user": "alice@contoso.com", "whatIf": true}"#,
        r#"{"user": "alice@contoso.com", "tenant": "f6fadfa7-e5c1-4b62-9362-da5cc13da58a"}"#,
        r#"{"user": "alice@contoso.com", "User": "bob@contoso.com"}"#,
        r#"{"users": [{"id": "6cace4d5-19d5-4695-92e7-4f7bfab36728", "upm": "alice@contoso.com"}]}"#,
        r#"{"users": [{"upn": "alice@contoso.com", "upn": "bob@contoso.com"}]}"#,
        r#"{"user": "alice@contoso.com", "<b>": 1}"#,
        r#"{"user": "alice@contoso.com", "automated": "yes"}"#,
        r#"{"user": "alice@contoso.com", "handedOn": 2}"#,
        r#"{"user": "alice@contoso.com", "handedOn": {"deliveries": -1}}"#,
        r#"{"user": "alice@contoso.com", "handedOn": {"queuedAt": "soon"}}"#,
        r#"{"user": "alice@contoso.com", "handedOn": {"delivery": 1}}"#,
        r#"{"user": "alice@contoso.com", "a": 1, "b": 2, "c": 3, "d": 4, "e": 5}"#,
    ]
    .map(refusal);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    manual $.users[3]: a user principal name, an object id, a SID or DOMAIN\name was expected; another string stands there
    manual $.users[1].upn: a user principal name was expected; another string stands there
    manual $.users[0]: a manual message was expected; a property displayName stands there, which the form does not have: the form has id, upn, sid, mail, account, tenant, severity
    manual $.users[0].id: an object id was expected; another string stands there
    manual $.users[0]: a string or an object was expected; null stands there
    manual $.users: a list was expected; a string stands there
    manual $.users: a value was expected; an empty one stands there
    manual $.user: a value was expected; an empty one stands there
    manual $.user: a string or an object was expected; a list stands there
    manual $.reason: a string was expected; a list stands there
    manual $.expect: a count of 1 was expected, because the message names so many users; another number stands there
    manual $.expect: a count of 1 was expected, because the message names so many users; another number stands there
    manual $.expect: a count of 0 was expected, because the message names so many users; another number stands there
    manual $.expect: a whole number that is not negative was expected; another number stands there
    manual $.expect: a whole number that is not negative was expected; another string stands there
    manual $.users: a list of users was expected, or one user under the name user; neither stands there
    manual $: a manual message was expected; a property usr stands there, which the form does not have: write user, if that is meant
    manual $: a manual message was expected; a property expct stands there, which the form does not have: write expect, if that is meant
    manual $: a manual message was expected; a property whatIf stands there, which the form does not have: the form has user, users, reason, requestedBy, severity, incident, alert, expect, commentBy, awaits, automated, handedOn, rejectedBecause, rejectedFrom
    manual $: a manual message was expected; a property tenant stands there, which the form does not have: it belongs into the object of a user, such as {"user": {"upn": ..., "tenant": ...}}
    manual $: each property once was expected; user stands there twice
    manual $.users[0]: a manual message was expected; a property upm stands there, which the form does not have: write upn, if that is meant
    manual $.users[0]: each property once was expected; upn stands there twice
    manual $: a manual message was expected; a property of another name stands there, which the form does not have: the form has user, users, reason, requestedBy, severity, incident, alert, expect, commentBy, awaits, automated, handedOn, rejectedBecause, rejectedFrom
    manual $.automated: true or false was expected; another string stands there
    manual $.handedOn: an object was expected; a number stands there
    manual $.handedOn.deliveries: a whole number that is not negative was expected; another number stands there
    manual $.handedOn.queuedAt: a time was expected; another string stands there
    manual $.handedOn: a manual message was expected; a property delivery stands there, which the form does not have: the form has deliveries, queuedAt, correlationId, alertAt, source, comment, receivedBody
    none $: an alert, an incident, an entity or a manual message was expected; a document of another system that has a user stands there; it is no person's order. To have somebody of it cut, send a manual message, such as {"user": "alice@contoso.com"}
    "#);
}

#[test]
fn a_place_inside_a_foreign_payload_is_named_with_its_path() {
    let refusals = [
        r#"{"objectSchemaType": "Incident"}"#,
        r#"{"objectSchemaType": "Incident", "object": {"id": "x", "properties": {"relatedEntities": 42}}}"#,
        r#"{"objectSchemaType": "Incident", "object": {"id": "x", "properties": {"relatedEntities": [{}, "x"]}}}"#,
        r#"{"objectSchemaType": "Incident", "object": {"id": "x", "properties": {"alerts": [{"properties": 1}]}}}"#,
        r#"{"SystemAlertId": "1", "Entities": "[{\"Type\": \"acc"}"#,
        r#"{"SystemAlertId": "1", "Entities": "alice@contoso.com"}"#,
        r#"{"SystemAlertId": "1", "Entities": "42"}"#,
        r#"{"SystemAlertId": "1", "Entities": [{"kind": "Account", "properties": "x"}]}"#,
        r#"{"IncidentArmID": null}"#,
        r#"{"value": [{"serviceSource": "x", "evidence": []}, {"serviceSource": "x", "evidence": [{}, []]}]}"#,
        r#"{"alerts": [{"entities": 1}], "incidentName": "x"}"#,
        r#"{"schemaId": "azureMonitorCommonAlertSchema", "data": {}}"#,
        r#"{"data": {"essentials": {}, "alertContext": {"SearchResults": {"tables": [{"columns": [], "rows": [[], {}]}]}}}}"#,
        r#"{"data": {"essentials": {}, "alertContext": {"caller": "a", "claims": "{"}}}"#,
        r#"{"records": [{"category": "AdvancedHunting-AlertEvidence", "properties": {"AdditionalFields": "{"}}]}"#,
        r#"[{"eventType": "x", "dataVersion": "1", "data": {"users": ["alice"]}}]"#,
        r#"[{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "dataVersion": "1", "data": {}}]"#,
        r#"{"specversion": "1.0", "type": "x"}"#,
        r#"{"specversion": "1.0", "type": "x", "data_base64": "%%"}"#,
        r#"{"ContentData": "eyJ1c2VyIjogNDJ9"}"#,
        r#"{"ContentData": ""}"#,
    ]
    .map(refusal);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    sentinel-incident-trigger $.object: an object was expected; nothing stands there
    sentinel-incident-trigger $.object.properties.relatedEntities: a list was expected; a number stands there
    sentinel-incident-trigger $.object.properties.relatedEntities[1]: an entity, which is an object, was expected; a string stands there. To name users by text, send a manual message with a list of users
    sentinel-incident-trigger $.object.properties.alerts[0].properties: an object was expected; a number stands there
    sentinel-alert-trigger $.Entities: well-formed JSON was expected; it breaks off at line 1, column 14 (counted within the string)
    sentinel-alert-trigger $.Entities: well-formed JSON was expected; it goes wrong at line 1, column 1 (counted within the string)
    sentinel-alert-trigger $.Entities: a list, written as a string, was expected; a number stands there
    sentinel-alert-trigger $.Entities[0].properties: an object was expected; a string stands there
    sentinel-entity-trigger $.Entity: an object was expected; nothing stands there
    graph-alert-v2 $.value[1].evidence[1]: an object was expected; a list stands there
    defender-xdr-legacy-incident $.alerts[0].entities: a list was expected; a number stands there
    azure-monitor-common $.data.essentials: an object was expected; nothing stands there
    azure-monitor-common $.data.alertContext.SearchResults.tables[0].rows[1]: a list was expected; an object stands there
    azure-monitor-activity $.data.alertContext.claims: well-formed JSON was expected; it breaks off at line 1, column 1 (counted within the string)
    defender-xdr-streaming $.records[0].properties.AdditionalFields: well-formed JSON was expected; it breaks off at line 1, column 1 (counted within the string)
    event-grid $[0].data.users[0]: a user principal name, an object id, a SID or DOMAIN\name was expected; another string stands there
    event-grid $[0].data.validationCode: a string was expected; none stands there
    cloudevents $.data: a payload was expected; nothing stands there
    cloudevents $.data_base64: UTF-8 text in base64 was expected; something else stands there
    logicapp-servicebus $.ContentData.user: a string or an object was expected; a number stands there
    logicapp-servicebus $.ContentData: a payload was expected; nothing stands there
    "#);
}

#[test]
fn what_is_no_payload_at_all_is_refused() {
    let deep = format!("{{\"object\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let deep_string = format!(
        "{{\"SystemAlertId\": \"1\", \"Entities\": \"{}\"}}",
        "[".repeat(200)
    );
    let nested = (0..8).fold(
        "{\"user\": \"alice@contoso.com\"}".to_owned(),
        |inner, _| format!("{{\"value\": [{inner}]}}"),
    );
    let refusals = [
        b"" as &[u8],
        b" \r\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe{\0}\0",
        b"{\"user\": \"\xff\"}",
        b"{\"user\": \"alice@contoso.com\"",
        b"{\"user\": \"alice@contoso.com\"} {}",
        b"{user: alice}",
        b"{\"user\": \"ali\0ce\"}",
        b"{}",
        b"{\"severity\": \"High\", \"message\": \"x\"}",
        b"42",
        b"null",
        b"\"please sign bob out\"",
        b"alice@contoso.com bob@contoso.com",
        b"alice@contoso.com\nbob@contoso.com",
        b"S-1-5-21-1-2-3-4",
        b"CONTOSO\\alice",
        b"00000000-0000-0000-0000-000000000000",
        b"[\"alice@contoso.com\"]",
        b"[{\"users\": [\"alice@contoso.com\"]}, {\"users\": 42}]",
        deep.as_bytes(),
        deep_string.as_bytes(),
        nested.as_bytes(),
    ]
    .map(refusal);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    none $: JSON or text was expected; the body is empty
    none $: JSON or text was expected; the body is empty
    none $: JSON or text was expected; the body is empty
    none $: UTF-8 text was expected; this begins like UTF-16
    none $: UTF-8 text was expected; the bytes from 10 on are none
    manual $: well-formed JSON was expected; it breaks off at line 1, column 28
    none $: well-formed JSON was expected; it goes wrong at line 1, column 31
    none $: well-formed JSON was expected; it goes wrong at line 1, column 2
    manual $: well-formed JSON was expected; it goes wrong at line 1, column 14
    none $: an alert, an incident, an entity or a manual message was expected; an object of another kind stands there
    none $: an alert, an incident, an entity or a manual message was expected; an object of another kind stands there
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    manual-text $: JSON, one user principal name or one object id was expected; several names stand there. Send them in a list: {"users": ["alice@contoso.com", "bob@contoso.com"]}
    manual-text $: JSON, one user principal name or one object id was expected; several names stand there. Send them in a list: {"users": ["alice@contoso.com", "bob@contoso.com"]}
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    manual-text $: JSON, one user principal name or one object id was expected; other text stands there
    none $: a list of alerts was expected; a list of strings stands there. To name users, send {"users": ["alice@contoso.com", "bob@contoso.com"]}
    manual $[1].users: a list was expected; a number stands there
    none $: JSON of at most 100 levels was expected; it goes deeper at line 1, column 111
    sentinel-alert-trigger $.Entities: JSON of at most 100 levels was expected; it goes deeper at line 1, column 101 (counted within the string)
    none $.value[0].value[0].value[0].value: at most 6 envelopes and lists in one another were expected; there are more
    "#);
}

#[test]
fn a_payload_that_breaks_off_is_still_known_by_what_was_read_of_it() {
    let samples = [
        "sentinel-incident-trigger.json",
        "cloudevents-sentinel-incident.json",
        "event-grid-schema-array.json",
        "graph-alert-v2-user.json",
        "manual-users.json",
        "entra-diagnostics-user-risk-event.json",
    ];
    for file in samples {
        let path = format!(
            "{}/tests/fixtures/inbound/{file}",
            env!("CARGO_MANIFEST_DIR")
        );
        let whole = std::fs::read(path).unwrap();
        let Parsed::Malformed(cut) = parse(&whole[..whole.len() - 3]) else {
            panic!("{file} was understood");
        };
        assert_eq!(cut.header.shape, parse(&whole).header().shape, "{file}");
        assert!(cut.expected.contains("breaks off"), "{file}");
    }
}
