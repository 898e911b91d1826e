//! The signs of a shape: all of them are enough, half of them are not, and the refusal of any other payload says so.

use evict::alert::parse;
use evict::domain::Parsed;

/// The shape, and the users that it names, or why there are none.
fn reading_of(body: &str) -> String {
    let parsed = parse(body.as_bytes());
    let shape = parsed.header().shape.as_str();
    if let Parsed::Malformed(malformed) = &parsed {
        return format!("{shape}: {} is wrong", malformed.path);
    }
    let mut words: Vec<String> = parsed
        .accounts()
        .iter()
        .map(|subject| format!("{} {}", subject.kind.as_str(), subject.written()))
        .collect();
    if let Parsed::NothingToDo(nothing) = &parsed {
        words.push(nothing.reason.as_str().to_owned());
    }
    format!("{shape}: {}", words.join(", "))
}

fn each(bodies: &[&str]) -> String {
    let told: Vec<String> = bodies.iter().map(|body| reading_of(body)).collect();
    told.join("\n")
}

#[expect(clippy::too_many_lines, reason = "a table of what is known by what")]
#[test]
fn the_signs_of_a_shape_are_enough() {
    insta::assert_snapshot!(each(&[
        r#"{"specversion": "1.0", "type": "x", "data": {"SystemAlertId": "1", "Entities": []}}"#,
        r#"{"specversion": "1.0", "source": "/x", "data": {"user": "alice@contoso.com"}}"#,
        r#"{"eventType": "x", "dataVersion": "1", "data": {"user": "alice@contoso.com"}}"#,
        r#"{"eventType": "x", "subject": "s", "eventTime": "2026-11-24T10:00:00Z", "data": {"user": "alice@contoso.com"}}"#,
        r#"{"eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent", "metadataVersion": "1", "data": {}}"#,
        r#"{"ContentData": "alice@contoso.com"}"#,
        r#"{"$content-type": "text/plain", "$content": "YWxpY2VAY29udG9zby5jb20="}"#,
        r#"{"body": {"user": "alice@contoso.com"}, "headers": {}}"#,
        r#"{"Body": "alice@contoso.com"}"#,
        r#"{"outputs": {"statusCode": 200, "body": {"user": "alice@contoso.com"}}, "inputs": {}}"#,
        r#"{"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {}}}"#,
        r#"{"data": {"essentials": {}}}"#,
        r#"{"data": {"essentials": {"monitoringService": "Activity Log - Administrative"}}}"#,
        r#"{"data": {"essentials": {"signalType": "Activity Log"}}}"#,
        r#"{"data": {"essentials": {}, "alertContext": {"caller": "alice@contoso.com"}}}"#,
        r#"{"data": {"essentials": {}, "alertContext": {"claims": {"upn": "alice@contoso.com"}}}}"#,
        r#"{"objectSchemaType": "incident", "object": {"properties": {}}}"#,
        r#"{"object": {"properties": {"incidentNumber": 1}}}"#,
        r#"{"Entity": {"kind": "Account", "properties": {"aadUserId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}}}"#,
        r#"{"Entity": {"properties": {"aadUserId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}}}"#,
        r#"{"Entity": {"kind": "Host"}}"#,
        r#"{"type": "microsoft.securityinsights/incidents", "properties": {}}"#,
        r#"{"properties": {"incidentNumber": 1, "title": "x"}}"#,
        r#"{"entities": [], "metaData": []}"#,
        r#"{"entities": [{"kind": "Account", "type": "Microsoft.SecurityInsights/Entities", "aadUserId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}]}"#,
        r#"{"incident": {"id": "x"}, "entities": [{"kind": "Account", "properties": {"aadUserId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}}]}"#,
        r#"{"Accounts": [{"Name": "alice", "UPNSuffix": "contoso.com"}]}"#,
        r#"{"Type": "account", "Name": "alice", "UPNSuffix": "contoso.com"}"#,
        r#"[{"$id": "1", "Type": "host", "HostName": "h"}, {"$id": "2", "Type": "account", "Name": "alice", "UPNSuffix": "contoso.com"}]"#,
        r#"{"Type": "SecurityAlert"}"#,
        r#"{"AlertSeverity": "High", "AlertName": "x"}"#,
        r#"{"type": "Microsoft.Security/Locations/alerts", "properties": {}}"#,
        r#"{"AzureResourceId": "x", "SystemAlertId": "1"}"#,
        r#"{"AlertUri": "x", "AlertType": "x"}"#,
        r#"{"category": "AdvancedHunting-AlertEvidence", "properties": {}}"#,
        r#"{"AlertId": "1", "AccountUpn": "alice@contoso.com", "ServiceSource": "x"}"#,
        r#"{"AlertId": "1", "Type": "AlertEvidence", "EntityType": "User", "AccountUpn": "alice@contoso.com"}"#,
        r#"{"category": "RiskyUsers", "properties": {"id": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}}"#,
        r#"{"category": "SignInLogs", "resourceId": "/tenants/x/providers/Microsoft.aadiam", "properties": {}}"#,
        r#"{"SystemAlertId": "1", "Entities": []}"#,
        r#"{"AlertType": "x", "AlertDisplayName": "x"}"#,
        r#"{"Entities": [], "WorkspaceSubscriptionId": "x"}"#,
        r#"{"changeType": "created", "subscriptionId": "1", "resource": "security/alerts_v2/1"}"#,
        r#"{"lifecycleEvent": "missed", "subscriptionId": "1"}"#,
        r##"{"changeType": "created", "subscriptionId": "1", "resourceData": {"@odata.type": "#microsoft.graph.security.incident"}}"##,
        r##"{"@odata.type": "#microsoft.graph.riskDetection", "userId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"##,
        r#"{"riskEventType": "x", "riskLevel": "high", "userId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"#,
        r##"{"@odata.type": "#microsoft.graph.riskyUser", "id": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"##,
        r##"{"@odata.type": "#microsoft.graph.riskyServicePrincipal", "id": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"##,
        r#"{"riskState": "atRisk", "riskLastUpdatedDateTime": null, "id": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"#,
        r##"{"@odata.type": "#microsoft.graph.security.incident"}"##,
        r#"{"id": "1", "displayName": "x", "alerts": []}"#,
        r#"{"id": "1", "displayName": "x", "incidentWebUrl": "x"}"#,
        r#"{"id": "1", "displayName": "x", "redirectIncidentId": null}"#,
        r#"{"alertCreationTime": "2026-11-24T10:00:00Z", "evidence": []}"#,
        r#"{"machineId": "1", "relatedUser": {"userName": "alice", "domainName": "CONTOSO"}}"#,
        r#"{"aadTenantId": "x", "evidence": []}"#,
        r#"{"incidentName": "x", "alerts": []}"#,
        r#"{"incidentId": 1, "alerts": []}"#,
        r#"{"alertId": "1", "serviceSource": "x", "entities": []}"#,
        r##"{"@odata.type": "#microsoft.graph.security.alert"}"##,
        r#"{"evidence": [], "serviceSource": "x"}"#,
        r##"{"evidence": [{"@odata.type": "#microsoft.graph.security.fileEvidence"}]}"##,
        r#"{"category": "x", "time": "2026-11-24T10:00:00Z", "operationName": "x"}"#,
        r#"{"TimeGenerated": "2026-11-24T10:00:00Z", "Type": "SigninLogs"}"#,
        r#"{"appDisplayName": "x", "riskLevelDuringSignIn": "none", "userId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"#,
        r#"{"activityDisplayName": "x", "targetResources": []}"#,
        r#"{"IncidentName": "x", "AlertIds": "[]"}"#,
    ]), @r#"
    cloudevents: no_account
    cloudevents: user alice@contoso.com
    event-grid: user alice@contoso.com
    event-grid: user alice@contoso.com
    event-grid: not_an_alert
    logicapp-servicebus: user alice@contoso.com
    logicapp-servicebus: user alice@contoso.com
    logicapp-outputs: user alice@contoso.com
    logicapp-outputs: user alice@contoso.com
    logicapp-outputs: user alice@contoso.com
    azure-monitor-common: no_account
    azure-monitor-common: no_account
    azure-monitor-activity: no_account
    azure-monitor-activity: no_account
    azure-monitor-activity: user alice@contoso.com
    azure-monitor-activity: user alice@contoso.com
    sentinel-incident-trigger: no_account
    sentinel-incident-trigger: no_account
    sentinel-entity-trigger: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    sentinel-entity-trigger: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    sentinel-entity-trigger: no_account
    sentinel-incident-resource: no_account
    sentinel-incident-resource: no_account
    sentinel-entities: no_account
    sentinel-entities: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    sentinel-entities: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    sentinel-entities: user alice@contoso.com
    sentinel-entities: user alice@contoso.com
    sentinel-entities: user alice@contoso.com
    sentinel-securityalert-record: no_account
    sentinel-securityalert-record: no_account
    defender-for-cloud-export: no_account
    defender-for-cloud-export: no_account
    defender-for-cloud-export: no_account
    defender-xdr-streaming: no_account
    defender-xdr-streaming: user alice@contoso.com
    defender-xdr-streaming: user alice@contoso.com
    entra-diagnostics: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    entra-diagnostics: not_an_alert
    sentinel-alert-trigger: no_account
    sentinel-alert-trigger: no_account
    sentinel-alert-trigger: no_account
    notification: notification_only
    notification: notification_only
    notification: notification_only
    graph-risk-detection: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    graph-risk-detection: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    graph-risky-user: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    graph-risky-user: service_principal 6cace4d5-19d5-4695-92e7-4f7bfab36728, no_user
    graph-risky-user: user 6cace4d5-19d5-4695-92e7-4f7bfab36728
    graph-incident: notification_only
    graph-incident: no_account
    graph-incident: notification_only
    graph-incident: notification_only
    mde-alert: no_account
    mde-alert: user CONTOSO\alice
    mde-alert: no_account
    defender-xdr-legacy-incident: no_account
    defender-xdr-legacy-incident: no_account
    defender-xdr-legacy-incident: entities_pending
    graph-alert-v2: entities_pending
    graph-alert-v2: entities_pending
    graph-alert-v2: no_account
    none: not_an_alert
    none: not_an_alert
    none: not_an_alert
    none: not_an_alert
    none: not_an_alert
    "#);
}

#[test]
fn half_a_sign_is_none() {
    for body in [
        r#"{"specversion": "1.0"}"#,
        r#"{"eventType": "AwsApiCall", "eventTime": "2026-11-24T10:00:00Z", "userIdentity": {}}"#,
        r#"{"body": {"user": "alice@contoso.com"}, "subject": "x"}"#,
        r#"{"object": {"properties": {}}}"#,
        r#"{"AzureResourceId": "x"}"#,
        r#"{"AlertUri": "x"}"#,
        r#"{"SystemAlertId": "1"}"#,
        r#"{"AlertDisplayName": "x"}"#,
        r#"{"AlertId": "1", "UserId": "alice@contoso.com"}"#,
        r#"{"riskState": "atRisk", "userId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"#,
        r#"{"alertCreationTime": "2026-11-24T10:00:00Z"}"#,
        r#"{"relatedUser": {"userName": "alice", "domainName": "CONTOSO"}}"#,
        r#"{"incidentName": "x"}"#,
        r#"{"evidence": []}"#,
        r#"{"detectorId": "x"}"#,
        r#"{"providerAlertId": "x"}"#,
        r#"{"serviceSource": "x"}"#,
        r#"{"category": "x", "time": "2026-11-24T10:00:00Z"}"#,
        r#"{"Type": "account", "displayName": "alice"}"#,
        r#"{"type": "user", "name": "alice@contoso.com"}"#,
        r#"{"Accounts": ["alice@contoso.com"]}"#,
        r#"{"result": {"user": "alice@contoso.com"}}"#,
        r#"{"eventType": "x"}"#,
        r#"{"alertContext": {"caller": "alice@contoso.com"}}"#,
        r#"{"object": {}}"#,
        r#"{"Entity": {"id": "x"}}"#,
        r#"{"properties": {}}"#,
        r#"{"entities": []}"#,
        r#"{"metaData": []}"#,
        r#"{"AlertSeverity": "High"}"#,
        r#"{"AlertName": "x"}"#,
        r#"{"category": "AdvancedHunting-AlertEvidence"}"#,
        r#"{"category": "RiskyUsers"}"#,
        r#"{"resourceId": "/tenants/x/providers/Microsoft.aadiam"}"#,
        r#"{"category": "x", "properties": {}}"#,
        r#"{"Entities": []}"#,
        r#"{"WorkspaceSubscriptionId": "x"}"#,
        r#"{"changeType": "created", "resource": "security/alerts_v2/1"}"#,
        r#"{"subscriptionId": "1", "resource": "security/alerts_v2/1"}"#,
        r#"{"riskState": "atRisk"}"#,
        r#"{"riskLastUpdatedDateTime": "2026-11-24T10:00:00Z"}"#,
        r#"{"userId": "6cace4d5-19d5-4695-92e7-4f7bfab36728"}"#,
        r#"{"id": "1", "displayName": "x"}"#,
        r#"{"id": "1", "alerts": []}"#,
        r#"{"displayName": "x", "alerts": []}"#,
        r#"{"aadTenantId": "x"}"#,
        r#"{"incidentId": 1}"#,
        r#"{"alerts": []}"#,
        r#"{"category": "x"}"#,
        r#"{"time": "2026-11-24T10:00:00Z"}"#,
        r#"{"TimeGenerated": "2026-11-24T10:00:00Z"}"#,
        r#"{"Type": "SigninLogs"}"#,
        r#"{"records": 1}"#,
        r#"{"value": "x"}"#,
    ] {
        assert_eq!(reading_of(body), "none: $ is wrong", "{body}");
    }
}

/// A later attempt is worth it only if no entity has arrived: an incident with entities but without an account is
/// final.
#[test]
fn entities_that_have_not_arrived_are_told_from_entities_that_are_no_accounts() {
    insta::assert_snapshot!(each(&[
        r#"{"incidentName": "x", "alerts": []}"#,
        r#"{"incidentName": "x", "alerts": [{"entities": []}]}"#,
        r#"{"incidentName": "x", "alerts": [{"entities": [{"entityType": "File"}]}, {"entities": []}]}"#,
        r#"{"id": "1", "displayName": "x", "incidentWebUrl": "x"}"#,
        r#"{"id": "1", "displayName": "x", "alerts": []}"#,
        r#"{"id": "1", "displayName": "x", "alerts": [{"evidence": []}]}"#,
        r##"{"id": "1", "displayName": "x", "alerts": [{"evidence": [{"@odata.type": "#microsoft.graph.security.fileEvidence"}]}, {"evidence": []}]}"##,
        r#"{"object": {"properties": {"alerts": [], "relatedEntities": []}}}"#,
        r#"{"object": {"properties": {"alerts": [{}], "relatedEntities": []}}}"#,
        r#"{"object": {"properties": {"additionalData": {"alertsCount": 1}, "relatedEntities": []}}}"#,
        r#"{"object": {"properties": {"additionalData": {"alertsCount": 0}, "relatedEntities": []}}}"#,
        r#"{"object": {"properties": {"alerts": [{}], "relatedEntities": [{"kind": "Host", "properties": {}}]}}}"#,
    ]), @r#"
    defender-xdr-legacy-incident: no_account
    defender-xdr-legacy-incident: entities_pending
    defender-xdr-legacy-incident: no_account
    graph-incident: notification_only
    graph-incident: no_account
    graph-incident: entities_pending
    graph-incident: no_account
    sentinel-incident-trigger: no_account
    sentinel-incident-trigger: entities_pending
    sentinel-incident-trigger: entities_pending
    sentinel-incident-trigger: no_account
    sentinel-incident-trigger: no_account
    "#);
}

#[test]
fn of_several_parts_the_reason_is_the_one_that_tells_most_in_whatever_order_they_stand() {
    let by_rank = [
        (
            "not_an_alert",
            r#"{"TimeGenerated": "2026-11-24T10:00:00Z", "Type": "SigninLogs"}"#,
        ),
        (
            "resolved",
            r#"{"data": {"essentials": {"monitorCondition": "Resolved"}}}"#,
        ),
        ("no_account", r#"{"SystemAlertId": "1", "Entities": []}"#),
        (
            "notification_only",
            r#"{"changeType": "created", "subscriptionId": "1", "resource": "security/alerts_v2/1"}"#,
        ),
        (
            "entities_pending",
            r#"{"object": {"properties": {"alerts": [{}]}}}"#,
        ),
        (
            "subscription_validation",
            r#"{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "dataVersion": "", "data": {"validationCode": "1"}}"#,
        ),
    ];
    let reason = |body: String| match parse(body.as_bytes()) {
        Parsed::NothingToDo(nothing) => nothing.reason.as_str(),
        other => panic!("{body}: {}", other.verdict()),
    };
    for (rank, (_, one)) in by_rank.iter().enumerate() {
        for (other_rank, (_, other)) in by_rank.iter().enumerate() {
            let most = by_rank[rank.max(other_rank)].0;
            assert_eq!(reason(format!("[{one}, {other}]")), most, "{one}, {other}");
        }
    }
}

#[test]
fn of_two_codes_that_event_grid_sends_the_first_goes_back() {
    let event = |code: &str| {
        format!(
            r#"{{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "dataVersion": "", "data": {{"validationCode": "{code}"}}}}"#
        )
    };
    let body = format!("[{}, {}]", event("one"), event("other"));
    let Parsed::NothingToDo(nothing) = parse(body.as_bytes()) else {
        panic!("nothing to do was expected");
    };
    assert!(
        matches!(nothing.reason, evict::domain::NothingToDoReason::SubscriptionValidation { code } if code == "one")
    );
}

/// How often a payload may be wrapped so and still be read.
fn most(wrap: impl Fn(&str) -> String) -> usize {
    let mut body = r#"{"user": "alice@contoso.com"}"#.to_owned();
    let mut wrapped = 0;
    while reading_of(&body).ends_with("user alice@contoso.com") {
        // Each level doubles the length of the text, so more levels would only be a flood.
        assert!(wrapped < 12, "there is no end");
        body = wrap(&body);
        wrapped += 1;
    }
    wrapped - 1
}

#[test]
fn envelopes_stand_in_one_another_up_to_a_bound() {
    let event = |body: &str| format!(r#"{{"specversion": "1.0", "type": "x", "data": {body}}}"#);
    let text = |body: &str| serde_json::Value::from(body).to_string();
    assert_eq!(most(event), 6);
    assert_eq!(most(text), 6);
    assert_eq!(most(|body| format!(r#"{{"value": [{body}]}}"#)), 3);
    // A list counts as an envelope at every position.
    let in_events =
        |count: usize, body: &str| (0..count).fold(body.to_owned(), |body, _| event(&body));
    let list = r#"[{"user": "alice@contoso.com"}]"#;
    assert!(reading_of(&in_events(5, list)).ends_with("user alice@contoso.com"));
    assert!(reading_of(&in_events(6, list)).ends_with(" is wrong"));
}

#[test]
fn what_breaks_off_is_known_by_its_inmost_part_up_to_the_same_bound() {
    let broken = |begin: &str, wrap: &str, wrapped: usize| {
        let body = format!(
            r#"{begin}{}{{"user": "alice@contoso.com""#,
            wrap.repeat(wrapped)
        );
        parse(body.as_bytes()).header().shape.as_str()
    };
    let shape = |begin, wrapped| broken(begin, r#"{"value": ["#, wrapped);
    let within_objects = |wrapped| broken("", r#"{"value": "#, wrapped);
    assert_eq!([0, 6, 7].map(within_objects), ["manual", "manual", "none"]);
    assert_eq!(
        [0, 1, 3, 4].map(|wrapped| shape("", wrapped)),
        ["manual", "manual", "manual", "none"]
    );
    assert_eq!(
        [0, 1, 2, 3].map(|wrapped| shape("[", wrapped)),
        ["manual", "manual", "manual", "none"]
    );
}
