//! A story's people as the tenant has them, its alerts as they are sent, and the people that each alert names, by
//! independent rules of this file. It must not ask the program under test how an alert is read.

use jiff::{SignedDuration, Timestamp};
use sandbox::tenant::{
    World, WorldAccess, WorldApp, WorldGroup, WorldSession, WorldTenant, WorldUser,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::case::{AlertOf, By, Case, Form, Kind, Mention, Who};

pub(crate) const TENANT: Uuid = Uuid::from_u128(0xf6fa_dfa7_e5c1_4b62_9362_da5c_c13d_a58a);
pub(crate) const ELSEWHERE: Uuid = Uuid::from_u128(0x84c3_1ca0_ac3b_4eae_ad11_519d_8023_3e6f);
const SHARED_MAIL: &str = "office@contoso.com";

pub(crate) fn person_id(number: usize) -> Uuid {
    Uuid::from_u128(0x6cac_e4d5_19d5_4695_92e7_0000_0000_0001 + number as u128)
}

pub(crate) fn group_id(number: usize) -> Uuid {
    Uuid::from_u128(0xf448_435d_3ca7_4073_8152_0000_0000_0001 + number as u128)
}

pub(crate) fn upn(case: &Case, number: usize) -> String {
    match case.people[number].kind {
        Kind::Guest | Kind::ExternalMember => {
            format!("p{number}_fabrikam.com#EXT#@contoso.onmicrosoft.com")
        }
        _ => format!("p{number}@contoso.com"),
    }
}

fn mail(case: &Case, number: usize) -> Option<String> {
    match case.people[number].kind {
        Kind::NoMail => None,
        Kind::SharedMail => Some(SHARED_MAIL.to_owned()),
        Kind::Guest | Kind::ExternalMember | Kind::Invited => {
            Some(format!("p{number}@fabrikam.com"))
        }
        _ => Some(format!("person{number}@contoso.com")),
    }
}

fn sid(case: &Case, number: usize) -> Option<String> {
    (case.people[number].kind == Kind::Synced).then(|| format!("S-1-5-21-7-8-9-{}", 1100 + number))
}

fn account(case: &Case, number: usize) -> Option<String> {
    (case.people[number].kind == Kind::Synced).then(|| format!("CONTOSO\\person{number}"))
}

fn cloud_sid(id: Uuid) -> String {
    let bytes = id.to_bytes_le();
    let part =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    format!("S-1-12-1-{}-{}-{}-{}", part(0), part(4), part(8), part(12))
}

/// The tenant at the start of the story.
pub(crate) fn world(case: &Case, start: Timestamp) -> World {
    let users = case.people.iter().enumerate().map(|(number, person)| {
        let kind = person.kind;
        let synced = kind == Kind::Synced;
        WorldUser {
            id: person_id(number),
            user_principal_name: upn(case, number),
            mail: mail(case, number),
            on_premises_security_identifier: sid(case, number),
            on_premises_sam_account_name: synced.then(|| format!("person{number}")),
            on_premises_domain_name: synced.then(|| "contoso.local".to_owned()),
            on_premises_sync_enabled: synced.then_some(true),
            user_type: matches!(kind, Kind::Guest | Kind::InternalGuest)
                .then(|| "Guest".to_owned()),
            external_user_state: kind.is_external().then(|| "Accepted".to_owned()),
            account_enabled: (kind == Kind::Disabled).then_some(false),
            sign_in_sessions_valid_from_date_time: person.cut.map(|minutes| {
                let at = start - SignedDuration::from_mins(minutes.into());
                Timestamp::from_second(at.as_second()).unwrap()
            }),
            sessions: person
                .sessions
                .iter()
                .map(|minutes| WorldSession {
                    app: "App".to_owned(),
                    signed_in_minutes_ago: Some((*minutes).into()),
                    ..WorldSession::default()
                })
                .collect(),
            ..WorldUser::default()
        }
    });
    let groups = case.groups.iter().enumerate().map(|(number, group)| {
        let people = group.people.iter().map(|person| person_id(*person));
        let nested = group.groups.iter().map(|group| group_id(*group));
        WorldGroup {
            id: group_id(number),
            display_name: None,
            is_assignable_to_role: false,
            visibility: group.hidden.then(|| "HiddenMembership".to_owned()),
            members: people.chain(nested).collect(),
        }
    });
    World {
        tenant: WorldTenant {
            id: TENANT,
            domain: "contoso.onmicrosoft.com".to_owned(),
        },
        users: users.collect(),
        groups: groups.collect(),
        app: app(case),
        access: WorldAccess::default(),
    }
}

fn app(case: &Case) -> WorldApp {
    let mut app = WorldApp::default();
    if case.policy.sees_hidden {
        app.permissions.push("Member.Read.Hidden".to_owned());
    }
    app
}

/// The protected user principal name as the setting has it, in a casing that no alert uses.
pub(crate) fn protected_name(case: &Case, number: usize) -> String {
    upn(case, number).replacen('p', "P", 1)
}

/// The user principal name after a renaming.
pub(crate) fn new_name(number: usize) -> String {
    format!("renamed{number}@contoso.com")
}

/// Who was deleted from the tenant, and who was renamed since the start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    pub(crate) gone: Vec<usize>,
    pub(crate) renamed: Vec<usize>,
}

/// The statement of an alert about one account, as far as its form permits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) id: Option<Uuid>,
    pub(crate) upn: Option<String>,
    pub(crate) cloud_sid: Option<String>,
    pub(crate) sid: Option<String>,
    pub(crate) mail: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) elsewhere: bool,
    pub(crate) machine: Option<String>,
}

/// The statements of the alert, mention by mention.
pub(crate) fn said(case: &Case, alert: &AlertOf) -> Vec<Said> {
    let mentions = match alert.shape {
        Form::Text => alert.mentions.get(..1).unwrap_or_default(),
        Form::Garbled => &[],
        _ => &alert.mentions,
    };
    mentions
        .iter()
        .map(|mention| one(case, alert.shape, *mention))
        .collect()
}

fn one(case: &Case, form: Form, mention: Mention) -> Said {
    let elsewhere = mention.elsewhere && matches!(form, Form::Manual | Form::Incident);
    let number = match mention.who {
        Who::Machine(number) if form == Form::Incident => {
            return Said {
                machine: Some(format!("pc{number}$")),
                ..Said::default()
            };
        }
        Who::Stranger(number) | Who::Machine(number) => {
            let name = format!("stranger{number}@contoso.com");
            let id = Uuid::from_u128(0xdead_0000_0000_4000_8000_0000_0000_0001 + number as u128);
            let by_id = matches!(mention.by, By::Id | By::CloudSid) && form != Form::RiskyUser;
            let both = form == Form::RiskyUser;
            return Said {
                id: (by_id || both).then_some(id),
                upn: (!by_id || both).then_some(name),
                elsewhere,
                ..Said::default()
            };
        }
        Who::Person(number) => number,
    };
    let (id, name) = (person_id(number), upn(case, number));
    let by = match (form, mention.by) {
        (Form::RiskyUser, _) => By::IdAndUpn,
        (Form::Text, By::IdAndUpn | By::IdAndOldUpn | By::CloudSid | By::Sid | By::Account) => {
            By::Id
        }
        (Form::Text, By::UpnAndSid)
        | (Form::Text | Form::Incident | Form::GraphAlert, By::Mail) => By::Upn,
        (_, by) => by,
    };
    let mut said = Said {
        elsewhere,
        ..Said::default()
    };
    match by {
        By::Id => said.id = Some(id),
        By::Upn => said.upn = Some(name),
        By::UpnInCapitals => said.upn = Some(name.to_uppercase()),
        By::CloudSid => said.cloud_sid = Some(cloud_sid(id)),
        By::Sid => said.sid = sid(case, number),
        By::Mail => said.mail = mail(case, number),
        By::Account => said.account = account(case, number),
        By::IdAndUpn => (said.id, said.upn) = (Some(id), Some(name)),
        By::IdAndOldUpn => {
            (said.id, said.upn) = (Some(id), Some(format!("old{number}@contoso.com")));
        }
        By::UpnAndSid => (said.upn, said.sid) = (Some(name), sid(case, number)),
    }
    let says_nothing = said
        == Said {
            elsewhere,
            ..Said::default()
        };
    if says_nothing {
        said.id = Some(id);
    }
    said
}

pub(crate) fn body(case: &Case, number: usize) -> Vec<u8> {
    let alert = &case.alerts[number];
    let said = said(case, alert);
    let grade = alert.grade.map(|grade| format!("{grade:?}").to_lowercase());
    let value = match alert.shape {
        Form::Garbled => return br#"{"users": [{"upn": "#.to_vec(),
        Form::Text => {
            return said.first().map(text).unwrap_or_default().into_bytes();
        }
        Form::Manual => {
            let mut message = json!({"users": said.iter().map(manual).collect::<Vec<_>>()});
            if let Some(grade) = grade {
                message["severity"] = grade.into();
            }
            if alert.expect {
                message["expect"] = subjects(case, alert).len().into();
            }
            message["reason"] = "drill".into();
            message
        }
        Form::Incident => {
            let entities: Vec<Value> = said.iter().enumerate().map(entity).collect();
            json!({
                "objectSchemaType": "Incident",
                "objectEventType": "Create",
                "object": {
                    "id": format!("/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/Incidents/2073-{number}"),
                    "type": "Microsoft.SecurityInsights/Incidents",
                    "properties": {
                        "title": "Password spray",
                        "severity": grade,
                        "status": "New",
                        "relatedEntities": entities,
                    },
                },
            })
        }
        Form::GraphAlert => json!({
            "@odata.type": "#microsoft.graph.security.alert",
            "id": format!("alert-{number}"),
            "severity": grade,
            "evidence": said.iter().map(evidence).collect::<Vec<_>>(),
        }),
        Form::RiskyUser => json!({
            "value": said
                .iter()
                .map(|said| json!({
                    "@odata.type": "#microsoft.graph.riskyUser",
                    "id": said.id,
                    "userPrincipalName": said.upn,
                    "riskLevel": grade,
                    "riskState": "atRisk",
                }))
                .collect::<Vec<_>>(),
        }),
    };
    value.to_string().into_bytes()
}

fn text(said: &Said) -> String {
    let id = said.id.map(|id| id.to_string());
    [
        &said.upn,
        &id,
        &said.cloud_sid,
        &said.sid,
        &said.account,
        &said.mail,
    ]
    .into_iter()
    .flatten()
    .next()
    .cloned()
    .unwrap_or_default()
}

fn manual(said: &Said) -> Value {
    let mut entry = Map::new();
    let identifier = said.cloud_sid.as_ref().or(said.sid.as_ref());
    for (name, value) in [
        ("id", said.id.map(|id| id.to_string()).as_ref()),
        ("upn", said.upn.as_ref()),
        ("sid", identifier),
        ("mail", said.mail.as_ref()),
        ("account", said.account.as_ref()),
        (
            "tenant",
            said.elsewhere.then(|| ELSEWHERE.to_string()).as_ref(),
        ),
    ] {
        if let Some(value) = value {
            entry.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(entry)
}

fn entity((index, said): (usize, &Said)) -> Value {
    let mut properties = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value.into());
        }
    };
    put("aadUserId", said.id.map(|id| id.to_string()));
    put("sid", said.cloud_sid.clone().or_else(|| said.sid.clone()));
    put("aadTenantId", said.elsewhere.then(|| ELSEWHERE.to_string()));
    if let Some((name, suffix)) = said.upn.as_ref().and_then(|upn| upn.rsplit_once('@')) {
        put("accountName", Some(name.to_owned()));
        put("upnSuffix", Some(suffix.to_owned()));
    }
    if let Some((domain, name)) = said
        .account
        .as_ref()
        .and_then(|account| account.split_once('\\'))
    {
        put("ntDomain", Some(domain.to_owned()));
        put("accountName", Some(name.to_owned()));
    }
    if let Some(machine) = &said.machine {
        put("ntDomain", Some("CONTOSO".to_owned()));
        put("accountName", Some(machine.clone()));
    }
    json!({
        "id": format!("/entities/{index}"),
        "kind": "Account",
        "properties": properties,
    })
}

fn evidence(said: &Said) -> Value {
    let (domain, name) = match said
        .account
        .as_ref()
        .and_then(|account| account.split_once('\\'))
    {
        Some((domain, name)) => (json!(domain), json!(name)),
        None => (Value::Null, Value::Null),
    };
    json!({
        "@odata.type": "#microsoft.graph.security.userEvidence",
        "userAccount": {
            "azureAdUserId": said.id,
            "userPrincipalName": said.upn,
            "userSid": said.cloud_sid.as_ref().or(said.sid.as_ref()),
            "accountName": name,
            "domainName": domain,
        },
    })
}

/// A subject that the alert names, with all statements about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject {
    pub(crate) said: Vec<Said>,
}

impl Subject {
    fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for said in &self.said {
            // A cloud SID encodes the object id.
            let id = said.id.or_else(|| {
                let sid = said.cloud_sid.as_ref()?;
                (0..super::strategy::PEOPLE)
                    .map(person_id)
                    .find(|id| cloud_sid(*id) == *sid)
            });
            keys.extend(id.map(|id| format!("id {id}")));
            keys.extend(
                said.upn
                    .as_ref()
                    .map(|upn| format!("upn {}", upn.to_lowercase())),
            );
            keys.extend(said.sid.as_ref().map(|sid| format!("sid {sid}")));
            keys.extend(said.mail.as_ref().map(|mail| format!("mail {mail}")));
            keys.extend(
                said.account
                    .as_ref()
                    .map(|account| format!("account {account}")),
            );
            keys.extend(said.machine.as_ref().map(|name| format!("machine {name}")));
        }
        keys
    }

    fn first(&self, prefix: &str) -> Option<String> {
        self.keys()
            .into_iter()
            .find_map(|key| key.strip_prefix(prefix).map(str::to_owned))
    }

    /// Every text by which a person may recognise the subject, in lower case.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.keys()
            .iter()
            .filter_map(|key| key.split_once(' '))
            .map(|(_, text)| text.to_lowercase())
            .collect()
    }

    /// Whether the sender states another tenant.
    pub(crate) fn elsewhere(&self) -> bool {
        self.said.iter().any(|said| said.elsewhere)
    }

    /// The target, in the tenant as it was at the start with the changes since. A single person is the target even
    /// after a deletion; of several people who share the identifiers, the remaining ones are. A name that was given up
    /// has no target.
    pub(crate) fn target(&self, case: &Case, changed: &Changed) -> Target {
        if self.said.iter().any(|said| said.machine.is_some()) {
            return Target::Machine;
        }
        let people = 0..case.people.len();
        let named = |name: &str| {
            people
                .clone()
                .filter(|person| !changed.renamed.contains(person))
                .find(|person| upn(case, *person).eq_ignore_ascii_case(name))
        };
        if let Some(id) = self.first("id ") {
            let found = people
                .clone()
                .find(|person| person_id(*person).to_string() == id);
            return found.map_or(Target::Nobody, Target::Person);
        }
        let by_sid = |wanted: &str| {
            people
                .clone()
                .find(|person| sid(case, *person).as_deref() == Some(wanted))
        };
        let sid = self.first("sid ");
        if let Some(name) = self.first("upn ") {
            let found = named(&name).or_else(|| by_sid(sid.as_deref()?));
            return found.map_or(Target::Nobody, Target::Person);
        }
        if let Some(sid) = sid {
            return by_sid(&sid).map_or(Target::Nobody, Target::Person);
        }
        let mut owners: Vec<usize> = if let Some(address) = self.first("mail ") {
            people
                .filter(|person| mail(case, *person).as_deref() == Some(&address))
                .collect()
        } else if let Some(name) = self.first("account ") {
            people
                .filter(|person| account(case, *person).as_deref() == Some(&name))
                .collect()
        } else {
            Vec::new()
        };
        if owners.len() > 1 {
            owners.retain(|person| !changed.gone.contains(person));
        }
        match owners.as_slice() {
            [] => Target::Nobody,
            [person] => Target::Person(*person),
            _ => Target::Several,
        }
    }
}

/// The target of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Person(usize),
    Nobody,
    Several,
    Machine,
}

/// The subjects of an alert, each once, in its order: mentions that share an identifier are one.
pub(crate) fn subjects(case: &Case, alert: &AlertOf) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for said in said(case, alert) {
        let mut here = Subject { said: vec![said] };
        let mut place = None;
        let mut at = 0;
        while at < subjects.len() {
            let connected = subjects[at]
                .keys()
                .iter()
                .any(|key| here.keys().contains(key));
            if connected {
                let mut other = subjects.remove(at);
                other.said.append(&mut here.said);
                here = other;
                place = Some(place.map_or(at, |place: usize| place.min(at)));
                // Their combined identifiers may connect them with an earlier mention.
                at = 0;
            } else {
                at += 1;
            }
        }
        subjects.insert(place.unwrap_or(subjects.len()), here);
    }
    subjects
}
