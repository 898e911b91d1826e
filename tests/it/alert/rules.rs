//! The rules on accounts that hold in every shape.

use evict::alert::parse;
use evict::domain::{MailAddress, Parsed, SubjectRef};
use serde_json::{Value, json};

fn subjects(payload: &Value) -> Vec<SubjectRef> {
    let parsed = parse(payload.to_string().as_bytes());
    if let Parsed::Malformed(malformed) = &parsed {
        panic!("{} {}", malformed.path, malformed.expected);
    }
    parsed.accounts()
}

/// The subjects of an alert with these entities, each with its kind and its text for people.
fn subjects_of(entities: &Value) -> Vec<String> {
    subjects(&json!({"SystemAlertId": "1", "Entities": entities}))
        .iter()
        .map(|subject| format!("{} {}", subject.kind.as_str(), subject.written()))
        .collect()
}

fn account(fields: Value) -> Value {
    let mut account = fields;
    account["Type"] = "account".into();
    account
}

#[test]
fn identifiers_that_say_nothing_count_as_unknown() {
    let entities = json!([
        account(
            json!({"AadUserId": "00000000-0000-0000-0000-000000000000", "Name": "alice", "UPNSuffix": "contoso.com"})
        ),
        account(
            json!({"AadUserId": "not an id", "Sid": "", "Name": "bob", "UPNSuffix": "@contoso.com"})
        ),
        account(json!({"Sid": "S-1-12-1-0-0-0-0", "DisplayName": "Carol Nunez"})),
        account(json!({"Sid": "S-1-0-0", "Name": "", "NTDomain": ""})),
        account(json!({"AadUserId": 42, "Name": {"x": 1}})),
    ]);
    assert_eq!(
        subjects_of(&entities),
        [
            "user alice@contoso.com",
            "user bob@contoso.com",
            "other Carol Nunez"
        ]
    );
}

#[test]
fn a_name_and_a_domain_may_stand_in_one_member() {
    let entities = json!([
        account(json!({"Name": "CONTOSO\\svc_backup"})),
        account(json!({"Name": "CONTOSO\\dan.fisher", "UPNSuffix": "contoso.com"})),
        account(
            json!({"Name": "erin.walsh@contoso.com", "UPNSuffix": "contoso.com", "NTDomain": "CONTOSO"})
        ),
    ]);
    assert_eq!(
        subjects_of(&entities),
        [
            "user CONTOSO\\svc_backup",
            "user dan.fisher@contoso.com",
            "user erin.walsh@contoso.com"
        ]
    );
}

#[test]
fn a_whole_name_beside_a_domain_is_no_name_of_that_domain() {
    let subjects = subjects(&json!({"SystemAlertId": "1", "Entities": [
        account(json!({"Name": "erin.walsh@contoso.com", "NTDomain": "CONTOSO"})),
    ]}));
    assert_eq!(subjects[0].account, None);
}

#[test]
fn a_guest_is_a_user_under_the_name_that_this_tenant_gave() {
    let entities = json!([account(
        json!({"Name": "frank.moreau_fabrikam.com#EXT#", "UPNSuffix": "contoso.onmicrosoft.com"})
    )]);
    assert_eq!(
        subjects_of(&entities),
        ["user frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com"]
    );
}

#[test]
fn what_is_no_user_is_named_as_what_it_is() {
    let entities = json!([
        {"$id": "1", "Type": "host", "HostName": "vm-app-01.corp.contoso.com"},
        account(json!({"Name": "ADMIN"})),
        account(json!({"Name": "admin", "UPNSuffix": "contoso.com"})),
        account(json!({"Name": "DWM-1"})),
        account(json!({"Name": "MSSQLSERVER", "NTDomain": "NT Service"})),
        account(json!({"Sid": "S-1-5-20"})),
        account(json!({"Name": "WKS-7$", "UPNSuffix": "corp.contoso.com"})),
        account(json!({"Name": "localadmin", "NTDomain": "VM-APP-01", "Host": {"$ref": "1"}, "IsDomainJoined": true})),
        account(json!({"Name": "www-data", "Host": {"$ref": "1"}, "IsDomainJoined": false})),
        account(json!({"Name": "svc", "NTDomain": "CONTOSO", "Host": {"$ref": "1"}, "IsDomainJoined": false})),
        account(json!({"Name": "AWS:1/ec2"})),
        account(json!({"CloudAppAccountId": "x-1", "Name": "bob"})),
        account(json!({"PUID": "10032000A1B2C3D4"})),
    ]);
    insta::assert_snapshot!(subjects_of(&entities).join("\n"), @r#"
    system ADMIN
    user admin@contoso.com
    system DWM-1
    system NT Service\MSSQLSERVER
    system S-1-5-20
    machine WKS-7$
    other VM-APP-01\localadmin
    other www-data
    user CONTOSO\svc
    other AWS:1/ec2
    other bob
    other PUID 10032000A1B2C3D4
    "#);
}

/// A SID alone could be a user's. Only a sender that denies a domain and names the machine marks it as local.
#[test]
fn an_account_is_a_machines_own_when_its_sender_denies_a_domain_and_names_the_machine() {
    let sid = "S-1-5-21-1-2-3-1001";
    let told = subjects_of(&json!([
        account(
            json!({"Name": "a", "Sid": sid, "Host": {"HostName": "vm"}, "IsDomainJoined": false})
        ),
        account(
            json!({"Name": "b", "Sid": format!("{sid}1"), "HostEntityId": "1", "IsDomainJoined": "False"})
        ),
        account(json!({"Name": "c", "Sid": format!("{sid}2"), "Host": {"HostName": "vm"}})),
        account(
            json!({"Name": "d", "Sid": format!("{sid}3"), "Host": {"HostName": "vm"}, "IsDomainJoined": true})
        ),
        account(json!({"Name": "e", "Sid": format!("{sid}4"), "IsDomainJoined": false})),
    ]));
    let kinds: Vec<&str> = told
        .iter()
        .filter_map(|told| told.split(' ').next())
        .collect();
    assert_eq!(kinds, ["other", "other", "user", "user", "user"]);
}

#[test]
fn a_name_that_only_resembles_a_built_in_one_is_no_systems() {
    let entities = json!([
        account(json!({"Name": "build-123"})),
        account(json!({"Name": "DWM-one"})),
        account(json!({"Name": "$"})),
        account(json!({"Name": "UMFD-0"})),
    ]);
    assert_eq!(
        subjects_of(&entities),
        [
            "other build-123",
            "other DWM-one",
            "other $",
            "system UMFD-0"
        ]
    );
}

#[test]
fn an_identifier_of_zeroes_names_nobody() {
    let entities = json!([
        account(json!({"PUID": "0000"})),
        account(json!({"ObjectGuid": "00000000-0000-0000-0000-000000000000"})),
        account(json!({"ObjectGuid": "00000000-0000-0000-0000-000000000001"})),
    ]);
    assert_eq!(
        subjects_of(&entities),
        ["other objectGuid 00000000-0000-0000-0000-000000000001"]
    );
}

#[test]
fn what_is_no_account_may_have_properties_of_any_kind() {
    let entities = json!([
        {"Type": "url", "properties": "none"},
        account(json!({"Name": "alice", "UPNSuffix": "contoso.com"})),
    ]);
    assert_eq!(subjects_of(&entities), ["user alice@contoso.com"]);
}

#[test]
fn a_service_principal_is_known_by_its_id_or_by_its_name() {
    let id = "1c5989f1-ba2d-4e83-858b-fed0a712755f";
    let kind = "#microsoft.graph.security.servicePrincipalEvidence";
    let payload = json!({"evidence": [
        {"@odata.type": kind, "servicePrincipalObjectId": id},
        {"@odata.type": kind, "servicePrincipalName": "build"},
        {"@odata.type": kind},
    ]});
    let found = subjects(&payload);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].id, id.parse().ok());
    assert_eq!(found[1].name.as_deref(), Some("build"));
    let risky = |fields: Value| {
        let mut risky = json!({"id": id, "riskState": "atRisk", "riskLastUpdatedDateTime": "2026-11-24T10:00:00Z"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            risky[name] = value.clone();
        }
        subjects(&risky)[0].kind.as_str()
    };
    assert_eq!(risky(json!({})), "user");
    assert_eq!(risky(json!({"appId": id})), "service_principal");
    assert_eq!(
        risky(json!({"appId": id, "userPrincipalName": "alice@contoso.com"})),
        "user"
    );
    assert_eq!(
        risky(json!({"@odata.type": "#microsoft.graph.riskyServicePrincipal"})),
        "service_principal"
    );
}

#[test]
fn a_mailbox_and_an_account_in_one_object_are_one_unless_their_ids_differ() {
    let (alice, bob) = (
        "6cace4d5-19d5-4695-92e7-4f7bfab36728",
        "1c5989f1-ba2d-4e83-858b-fed0a712755f",
    );
    let mailbox = |directory_id: &str| {
        let evidence = json!({"entityType": "MailBox", "aadUserId": alice, "externalDirectoryObjectId": directory_id, "mailboxPrimaryAddress": "office@contoso.com"});
        let found = subjects(&json!({"incidentName": "x", "alerts": [{"entities": [evidence]}]}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, alice.parse().ok());
        found[0].mail.clone()
    };
    assert_eq!(mailbox(alice), "office@contoso.com".parse().ok());
    assert_eq!(mailbox(bob), None);
}

#[test]
fn of_severities_the_gravest_counts_and_of_equal_ones_the_first() {
    let severity = |one: &str, other: &str| {
        let part = |text: &str| json!({"SystemAlertId": "1", "Severity": text, "Entities": []});
        let payload = json!([part(one), part(other)]).to_string();
        parse(payload.as_bytes()).header().severity.clone()
    };
    assert_eq!(severity("High", "high").as_deref(), Some("High"));
    assert_eq!(severity("Low", "High").as_deref(), Some("High"));
    assert_eq!(severity("High", "Low").as_deref(), Some("High"));
}

#[test]
fn whatever_has_an_object_id_is_for_the_directory_to_judge() {
    let id = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
    for fields in [
        json!({"AadUserId": id, "Name": "svc$", "NTDomain": "CONTOSO"}),
        json!({"AadUserId": id, "Name": "SYSTEM", "NTDomain": "NT AUTHORITY"}),
        json!({"AadUserId": id, "Sid": "S-1-5-18"}),
        json!({"Sid": "S-1-12-1-1823270101-1184176597-2068834194-677884922", "Name": "alice$"}),
    ] {
        let subjects = subjects(&json!({"SystemAlertId": "1", "Entities": [account(fields)]}));
        assert_eq!(subjects.len(), 1);
        assert_eq!(subjects[0].kind.as_str(), "user");
        assert_eq!(subjects[0].id, id.parse().ok());
    }
}

#[test]
fn a_mailbox_joins_the_account_of_its_id_or_of_its_user_principal_name() {
    let id = "6cace4d5-19d5-4695-92e7-4f7bfab36728";
    let entities = json!([
        account(json!({"AadUserId": id})),
        account(json!({"Name": "bob", "UPNSuffix": "contoso.com"})),
        {"Type": "mailbox", "ExternalDirectoryObjectId": id, "MailboxPrimaryAddress": "alice.reyes@contoso.com"},
        {"Type": "mailbox", "Upn": "BOB@contoso.com", "MailboxPrimaryAddress": "b.stone@contoso.com"},
        {"Type": "mailbox", "MailboxPrimaryAddress": "shared@contoso.com", "DisplayName": "Shared"},
        {"Type": "mailbox", "MailboxPrimaryAddress": "", "DisplayName": ""},
    ]);
    let subjects = subjects(&json!({"SystemAlertId": "1", "Entities": entities}));
    let mails: Vec<_> = subjects
        .iter()
        .filter_map(|s| s.mail.as_ref())
        .map(MailAddress::as_str)
        .collect();
    assert_eq!(
        mails,
        [
            "alice.reyes@contoso.com",
            "b.stone@contoso.com",
            "shared@contoso.com"
        ]
    );
    assert_eq!(subjects.len(), 3);
}

#[test]
fn text_of_an_alert_stays_on_one_line_and_shows_what_it_holds() {
    let payload = json!({
        "SystemAlertId": "a\r\nb", "Severity": "High\u{202e}",
        "Entities": [account(json!({"Name": "x\u{1b}[2J\u{202e}y\n", "DisplayName": "z"}))],
    });
    let parsed = parse(payload.to_string().as_bytes());
    assert_eq!(parsed.header().alert_id.as_deref(), Some("a b"));
    assert_eq!(parsed.header().severity.as_deref(), Some("High"));
    assert_eq!(subjects_of(&payload["Entities"]), ["other x [2Jy"]);
}

#[test]
fn nothing_of_a_person_shows_in_debug_output() {
    let payload = json!({
        "users": ["alice@contoso.com", {"mail": "b.stone@contoso.com"}, "CONTOSO\\carol"],
        "requestedBy": "oncall@contoso.com", "reason": "because of dan",
    });
    let shown = format!("{:?}", parse(payload.to_string().as_bytes()));
    for name in ["alice", "stone", "carol", "oncall", "dan"] {
        assert!(!shown.contains(name), "{name}");
    }
}

#[test]
fn what_one_message_expects_holds_for_that_message_alone() {
    let expect = |payload: Value| parse(payload.to_string().as_bytes()).header().expect;
    let message = json!({"user": "alice@contoso.com", "expect": 1});
    let other = json!({"user": "bob@contoso.com"});
    assert_eq!(expect(message.clone()), Some(1));
    assert_eq!(expect(json!([message.clone()])), Some(1));
    assert_eq!(expect(json!([message.clone(), other.clone()])), None);
    assert_eq!(expect(json!([other, message])), None);
    assert_eq!(
        expect(json!({"SystemAlertId": "1", "Entities": [], "expect": 1})),
        None
    );
}

/// A receipt does not name a person as the requester who requested something else.
#[test]
fn why_and_by_whose_word_one_message_was_sent_is_said_of_no_other() {
    let said = |payload: Value| {
        let parsed = parse(payload.to_string().as_bytes());
        let header = parsed.header();
        (header.reason.clone(), header.requested_by.clone())
    };
    let of = |user: &str, reason: &str| json!({"user": user, "reason": reason, "requestedBy": "oncall@contoso.com"});
    let oncall = || Some("oncall@contoso.com".to_owned());
    let (alice, bob) = (
        of("alice@contoso.com", "a drill"),
        of("bob@contoso.com", "INC-4711"),
    );
    let drill = || Some("a drill".to_owned());
    assert_eq!(said(json!([alice.clone()])), (drill(), oncall()));
    let likewise = of("bob@contoso.com", "a drill");
    assert_eq!(said(json!([alice.clone(), likewise])), (drill(), oncall()));
    assert_eq!(said(json!([alice.clone(), bob])), (None, oncall()));
    let machine = json!({"SystemAlertId": "1", "Entities": [{"Type": "account", "Name": "carol@contoso.com"}]});
    assert_eq!(said(json!([alice.clone(), machine.clone()])), (None, None));
    assert_eq!(said(json!([machine, alice])), (None, None));
}

#[test]
fn of_duplicate_names_the_last_that_says_something_counts() {
    let upns = |body: &str| -> Vec<String> {
        let parsed = parse(body.as_bytes());
        parsed.accounts().iter().map(SubjectRef::written).collect()
    };
    let alert = |account: &str| {
        format!(r#"{{"SystemAlertId": "1", "Entities": [{{"Type": "account", {account}}}]}}"#)
    };
    assert_eq!(
        upns(&alert(
            r#""Name": "alice@contoso.com", "NAME": "bob@contoso.com""#
        )),
        ["bob@contoso.com"]
    );
    assert_eq!(
        upns(&alert(r#""Name": "alice@contoso.com", "Name": null"#)),
        ["alice@contoso.com"]
    );
}

/// Reading the target again for each reference would take minutes.
#[test]
fn many_references_to_one_large_entity_cost_no_more_than_their_own_length() {
    let mut large = account(json!({"$id": "1", "Name": "alice", "UPNSuffix": "contoso.com"}));
    for n in 0..30_000 {
        large[format!("p{n}")] = n.into();
    }
    let mut entities = vec![large];
    entities.resize(30_000, json!({"$ref": "1"}));
    assert_eq!(subjects_of(&entities.into()), ["user alice@contoso.com"]);
}

#[test]
fn a_hundred_thousand_accounts_are_read_and_each_is_there_once() {
    let count = 100_000;
    let entities: Vec<Value> = (0..count)
        .flat_map(|n| {
            [
                json!({"Type": "account", "Name": format!("user{n}"), "UPNSuffix": "contoso.com"}),
                json!({"Type": "account", "AadUserId": format!("00000000-0000-0000-0001-{n:012}"), "Name": format!("USER{n}@contoso.com")}),
            ]
        })
        .collect();
    let body = json!({"SystemAlertId": "1", "Entities": entities}).to_string();
    assert!(body.len() > 10_000_000);
    let Parsed::Alert(alert) = parse(body.as_bytes()) else {
        panic!("an alert was expected");
    };
    assert_eq!(alert.subjects.len(), count);
    assert!(
        alert
            .subjects
            .iter()
            .all(|subject| subject.account.id.is_some() && subject.account.upn.is_some())
    );
}
