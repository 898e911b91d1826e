//! The faults of a story: from the start, at their moment, and lifted at the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use sandbox::clock::SandboxClock;
use sandbox::functions::InProcessHost;
use sandbox::tenant::{Fault, Tenant, Then};
use serde_json::json;

use crate::truth::case::{Case, How, Op, Output, Right, Trouble};
use crate::truth::people;

/// The events of the story, with their people and times.
#[derive(Default)]
pub(super) struct Log {
    pub(super) cut_by_others: Vec<(usize, Timestamp)>,
    pub(super) deleted: Vec<(usize, Timestamp)>,
    pub(super) renamed: Vec<(usize, Timestamp)>,
}

/// Puts the faults from the start in force.
pub(super) fn put_in_force(trouble: &[Trouble], tenant: &Tenant, host: &InProcessHost) {
    for trouble in trouble {
        match trouble {
            Trouble::Call {
                on,
                person,
                after,
                times,
                effect,
                how,
            } => {
                let mut fault = Fault::on(pattern(*on)).after_calls(*after).times(*times);
                if let Some(person) = person {
                    fault = fault.for_user(&people::person_id(*person).to_string());
                }
                if *effect {
                    fault = fault.after_effect();
                }
                tenant.faults().add(spoil(fault, how));
            }
            Trouble::Lag { milliseconds } => {
                tenant.set_replication_lag(Duration::from_millis((*milliseconds).into()));
            }
            Trouble::LagReads { reads } => tenant.set_replication_lag_reads(*reads),
            Trouble::OthersTokens { .. } => tenant.issue_tokens_of(Some(people::ELSEWHERE)),
            Trouble::OutputRefused { output, times } => {
                let name = match output {
                    Output::Receipts => "receipts",
                    Output::Rejected => "rejected",
                    Output::Handover => "handover",
                };
                host.refuse_output(name, *times);
            }
            Trouble::Permission { .. }
            | Trouble::TokensRevoked { .. }
            | Trouble::Deleted { .. }
            | Trouble::Renamed { .. }
            | Trouble::CutByOthers { .. }
            | Trouble::SignIn { .. }
            | Trouble::LedgerFails { .. }
            | Trouble::LedgerForgets { .. }
            | Trouble::LedgerSlow { .. }
            | Trouble::LockLost { .. }
            | Trouble::Death { .. } => {}
        }
    }
}

/// Lifts all faults; in a story that had any, the app then may see everything that it asks for.
pub(super) fn lift(case: &Case, tenant: &Tenant, host: &InProcessHost) {
    if !case.is_calm() {
        tenant.grant(Right::ReadHidden.name());
    }
    tenant.faults().clear();
    for right in [Right::Revoke, Right::ReadUsers, Right::ReadMembers] {
        tenant.grant(right.name());
    }
    tenant.issue_tokens_of(None);
    tenant.revoke_app_tokens();
    tenant.set_replication_lag(Duration::ZERO);
    for output in ["receipts", "rejected", "handover"] {
        host.refuse_output(output, 0);
    }
}

/// The events in the middle of the story.
///
/// `die` ends the app and restarts it.
pub(super) async fn happen(
    trouble: Trouble,
    tenant: Tenant,
    clock: SandboxClock,
    log: Arc<Mutex<Log>>,
    die: impl Fn(),
) {
    let at = |milliseconds: u32| tokio::time::sleep(Duration::from_millis(milliseconds.into()));
    match trouble {
        Trouble::Permission {
            lost,
            at: from,
            back,
        } => {
            at(from).await;
            tenant.remove_permission(lost.name());
            tenant.revoke_app_tokens();
            if let Some(back) = back {
                at(back - from).await;
                tenant.grant(lost.name());
                tenant.revoke_app_tokens();
            }
        }
        Trouble::TokensRevoked { at: from } => {
            at(from).await;
            tenant.revoke_app_tokens();
        }
        Trouble::OthersTokens { until } => {
            at(until).await;
            tenant.issue_tokens_of(None);
        }
        Trouble::Deleted { person, at: from } => {
            at(from).await;
            if tenant.delete_user(&people::person_id(person).to_string()) {
                log.lock().unwrap().deleted.push((person, clock.now()));
            }
        }
        Trouble::Renamed { person, at: from } => {
            at(from).await;
            let id = people::person_id(person).to_string();
            if tenant.rename(&id, &people::new_name(person)) {
                log.lock().unwrap().renamed.push((person, clock.now()));
            }
        }
        Trouble::CutByOthers { person, at: from } => {
            at(from).await;
            let now = clock.now();
            let second = Timestamp::from_second(now.as_second()).unwrap();
            let id = people::person_id(person).to_string();
            // It is monotonic.
            let moves = tenant
                .valid_from(&id)
                .is_some_and(|before| before <= second);
            if moves && tenant.set_valid_from(&id, second) {
                log.lock().unwrap().cut_by_others.push((person, now));
            }
        }
        Trouble::SignIn { person, at: from } => {
            at(from).await;
            let _deleted = tenant.sign_in(&people::person_id(person).to_string(), "Browser");
        }
        Trouble::Death { call } => {
            tenant.wait_for_calls("*", call).await;
            die();
        }
        Trouble::Call { .. }
        | Trouble::Lag { .. }
        | Trouble::LagReads { .. }
        | Trouble::LedgerFails { .. }
        | Trouble::LedgerForgets { .. }
        | Trouble::LedgerSlow { .. }
        | Trouble::OutputRefused { .. }
        | Trouble::LockLost { .. } => {}
    }
}

impl Right {
    fn name(self) -> &'static str {
        match self {
            Self::Revoke => "User.RevokeSessions.All",
            Self::ReadUsers => "User.Read.All",
            Self::ReadMembers => "GroupMember.Read.All",
            Self::ReadHidden => "Member.Read.Hidden",
        }
    }
}

fn pattern(on: Op) -> &'static str {
    match on {
        Op::ReadUser => "GET /v1.0/users/*",
        Op::FindUser => "GET /v1.0/users",
        Op::Members => "POST */checkMemberGroups",
        Op::ReadGroup => "GET /v1.0/groups/*",
        Op::Revoke => "POST */revokeSignInSessions",
        Op::Token => "GET /msi/token",
        Op::Anything => "*",
    }
}

fn spoil(fault: Fault, how: &How) -> Fault {
    match how {
        How::Throttled(None) => fault.answer(429),
        How::Throttled(Some(text)) => fault.throttled(text),
        How::ThrottledUntil(seconds) => fault.throttled_until_date(*seconds),
        How::Status(status) => fault.answer(*status),
        How::Down(text) => fault.answer(503).header("Retry-After", text),
        How::Reset => fault.reset(),
        How::Truncated(bytes) => fault.then(Then::Truncate { bytes: *bytes }),
        How::Garbage => fault.then(Then::Garbage),
        How::Hang => fault.hang(),
        How::Late(milliseconds) => fault.delayed(Duration::from_millis((*milliseconds).into())),
        How::Hollow => fault.answer(200),
        How::Denied => fault.answer(200).body(json!({"value": false})),
        How::Stray => fault
            .answer(404)
            .body(json!({"error": {"code": "UnknownError", "message": "404 page not found"}})),
    }
}
