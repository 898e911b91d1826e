//! The claims of one receipt, and what must then be true.

use jiff::Timestamp;
use sandbox::tenant::CallRecord;
use serde_json::Value;

use super::Judge;
use super::record::{
    in_a_list, is_refusal, names, person_of, person_read, says_false, shown, time,
};
use crate::truth::case::Trouble;
use crate::truth::expected;
use crate::truth::people::{self, Subject, Target};
use crate::truth::play::Done;

impl Judge<'_> {
    pub(super) fn receipt(&mut self, name: &str, done: &Done, subject: &Subject, receipt: &Value) {
        let text = receipt["subject"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        let user = receipt["user"]["id"].as_str();
        let outcome = receipt["outcome"].as_str().unwrap_or_default();
        let targets = self.targets(done, subject);
        let is_told = |target: &&Target| match target {
            Target::Person(person) => user == Some(&people::person_id(*person).to_string()),
            Target::Several => outcome == "ambiguous",
            Target::Nobody => outcome == "not_found",
            Target::Machine => outcome == "not_a_user",
        };
        let target = *targets.iter().find(is_told).unwrap_or(&targets[0]);
        if target != Target::Machine && !subject.texts().contains(&text) {
            self.wrong(format!("{name}: it is not about {:?}", subject.texts()));
        }
        if let (Some(user), Target::Person(person)) = (user, target)
            && user != people::person_id(person).to_string()
        {
            self.wrong(format!("{name}: it is about another user than p{person}"));
        }
        if let (Some(_), Target::Nobody | Target::Several | Target::Machine) = (user, target) {
            self.wrong(format!(
                "{name}: it names a user, and the subject is {target:?}"
            ));
        }
        let Target::Person(person) = target else {
            if ["revoked", "already_cut", "not_effective"].contains(&outcome) {
                self.wrong(format!("{name}: there is no such user"));
            }
            return;
        };
        self.listed_calls(name, person, receipt);
        match outcome {
            "revoked" => self.revoked(name, done, person, receipt),
            "already_cut" => self.already_cut(name, done, person),
            "not_effective" if !self.case.people[person].kind.is_external() => {
                self.wrong(format!("{name}: p{person} signs in here"));
            }
            "not_found" => {
                let is_gone = self
                    .played
                    .deleted
                    .iter()
                    .any(|(who, at)| *who == person && *at <= done.until);
                if !is_gone && self.times_told_absent(done) < 2 {
                    self.wrong(format!("{name}: p{person} is there"));
                }
            }
            "ambiguous" => self.wrong(format!("{name}: only p{person} fits")),
            "not_a_user" => self.wrong(format!("{name}: p{person} is a user")),
            "withheld" => self.withheld(name, done, person, subject, receipt),
            "handed_over" => self.handed_over(name, done, subject),
            "deferred" | "failed" => self.unfinished(name, done, subject, receipt),
            _ => {}
        }
        let untouched = ["withheld", "not_effective", "already_cut"].contains(&outcome);
        // Unconnected forms in the alert can denote one account and state different things about it.
        let named_once = self
            .subjects(done)
            .iter()
            .filter(|other| self.can_mean(done, other, person))
            .count()
            == 1;
        if untouched
            && named_once
            && self.is_alone(done)
            && !self.revocations(person, done).is_empty()
        {
            self.wrong(format!("{name}: a revocation was called all the same"));
        }
    }

    /// Every call that a receipt lists was made, and answered so.
    fn listed_calls(&mut self, name: &str, person: usize, receipt: &Value) {
        for listed in receipt["calls"].as_array().into_iter().flatten() {
            let Some(id) = listed["requestId"].as_str() else {
                continue;
            };
            let is_true = self.played.calls.iter().any(|call| {
                call.request_id.to_string() == id
                    && person_of(call) == Some(person)
                    && call.status.map(u64::from) == listed["status"].as_u64()
            });
            if !is_true {
                self.wrong(format!("{name}: there was no such call as {listed}"));
            }
        }
    }

    /// How often a fault answered, in Graph's own words, that something does not exist.
    fn times_told_absent(&self, done: &Done) -> usize {
        let is_absence = |call: &&CallRecord| {
            let code = call.answer.as_ref().map(|answer| &answer["error"]["code"]);
            call.spoiled
                && call.status == Some(404)
                && call.at <= done.until
                && code.is_none_or(|code| code == "Request_ResourceNotFound")
        };
        self.played.calls.iter().filter(is_absence).count()
    }

    fn revoked(&mut self, name: &str, done: &Done, person: usize, receipt: &Value) {
        let calls = self.revocations(person, done);
        let Some(first) = calls.first().map(|call| call.at) else {
            self.wrong(format!("{name}: no revocation was called"));
            return;
        };
        let accepted = calls
            .iter()
            .any(|call| call.status == Some(200) && !says_false(call));
        if receipt["verified"] != true {
            if !accepted {
                self.wrong(format!("{name}: Graph accepted none"));
            }
            return;
        }
        let valid_from = self.valid_from(person, done.until);
        if valid_from.as_second() < first.as_second() {
            self.wrong(format!(
                "{name}: sessions are valid from {valid_from}, and the call was at {first}"
            ));
        }
        self.none_alive(name, done, person, first);
        if calls.iter().all(|call| is_refusal(call)) {
            self.wrong(format!("{name}: Graph refused every call"));
        }
        let after = time(&receipt["sessionsValidFrom"]["after"]);
        let before = time(&receipt["sessionsValidFrom"]["before"]);
        if before.is_some() && after <= before {
            self.wrong(format!(
                "{name}: {after:?} is claimed for a cut, and stood there before it"
            ));
        }
        let was_read = self.played.calls.iter().any(|call| {
            person_read(call) == Some(person)
                && first <= call.at
                && call.at <= done.until
                && call.status == Some(200)
                && shown(call) == after
        });
        if after.is_none() || !was_read {
            self.wrong(format!("{name}: nobody has read {after:?} back"));
        }
        let first = calls[0].request_id;
        let mut earlier = self
            .played
            .calls
            .iter()
            .take_while(|call| call.request_id != first);
        let was_before = earlier.any(|call| {
            let is_read = person_read(call) == Some(person) && shown(call) == before;
            is_read || in_a_list(call, person) == before
        });
        if before.is_some() && !was_before && self.is_alone(done) {
            self.wrong(format!("{name}: {before:?} was not read before the call"));
        }
    }

    fn already_cut(&mut self, name: &str, done: &Done, person: usize) {
        let Some(enqueued) = &done.queued_at() else {
            self.wrong(format!(
                "{name}: whoever asks over HTTP knows of living sessions"
            ));
            return;
        };
        let valid_from = self.valid_from(person, done.until);
        // In the second of the enqueuing, or by a clock that is behind, it is the app's own later cut.
        let is_own = self.played.calls.iter().any(|call| {
            let cut_since = |cut| *enqueued <= cut && cut <= done.until;
            person_of(call) == Some(person) && call.cut_at.is_some_and(cut_since)
        });
        if valid_from <= *enqueued && !is_own {
            self.wrong(format!("{name}: sessions are valid from {valid_from}, before the message came at {enqueued}"));
        }
        self.none_alive(name, done, person, *enqueued);
    }

    /// No session from before that moment's second is active at the end of the delivery.
    fn none_alive(&mut self, name: &str, done: &Done, person: usize, moment: Timestamp) {
        let valid_from = self.valid_from(person, done.until);
        let gone = self
            .played
            .deleted
            .iter()
            .any(|(who, at)| *who == person && *at <= done.until);
        let alive = self.played.sessions.iter().any(|session| {
            session.user == people::person_id(person)
                && session.signed_in_at.as_second() < moment.as_second()
                && session.signed_in_at >= valid_from
        });
        if alive && !gone {
            self.wrong(format!(
                "{name}: a session of p{person} from before {moment} lives"
            ));
        }
    }

    fn withheld(
        &mut self,
        name: &str,
        done: &Done,
        person: usize,
        subject: &Subject,
        receipt: &Value,
    ) {
        let case = self.case;
        let reason = receipt["reason"].as_str().unwrap_or_default();
        let is_true = match reason {
            "observe" => case.policy.observe,
            "protected_user" => expected::is_protected_by_name(case, person),
            "protected_group" => expected::is_protected_by_group(case, person),
            "protected_group_missing" => {
                expected::lacks_a_group(case) || self.times_told_absent(done) >= 2
            }
            "membership_unknown" => {
                expected::hides_a_group(case) || !case.is_calm() && !case.policy.groups.is_empty()
            }
            "other_tenant" => subject.elsewhere(),
            "token_tenant" => case
                .trouble
                .iter()
                .any(|trouble| matches!(trouble, Trouble::OthersTokens { .. })),
            "below_minimum_severity" => match done.alert {
                Some(alert) => expected::is_below(case, &case.alerts[alert]),
                None => false,
            },
            "blast_radius" => match receipt["policy"].as_str() {
                Some("EVICT_MAX_USERS_PER_ALERT") => {
                    self.subjects(done).len() > case.policy.per_alert
                }
                Some("EVICT_MAX_USERS_PER_HOUR") => self.hour_may_be_full(),
                _ => false,
            },
            _ => false,
        };
        if !is_true {
            self.wrong(format!("{name}: that is not so"));
        }
    }

    /// Whether enough places can have been requested to fill the hour.
    fn hour_may_be_full(&self) -> bool {
        let wanted: usize = self
            .played
            .deliveries
            .iter()
            .map(|done| self.subjects(done).len())
            .sum();
        wanted > self.case.policy.per_hour
    }

    fn handed_over(&mut self, name: &str, done: &Done, subject: &Subject) {
        let is_named = done
            .said()
            .is_some_and(|said| said.handover.iter().any(|message| names(message, subject)));
        if !is_named {
            self.wrong(format!("{name}: it was not handed over"));
        }
    }

    fn unfinished(&mut self, name: &str, done: &Done, subject: &Subject, receipt: &Value) {
        if self.case.is_calm() {
            // The outcomes of a calm story are predicted.
            return;
        }
        let is_final = receipt["outcome"] == "failed" && receipt["fix"] != "permission";
        let is_named = done
            .said()
            .is_some_and(|said| said.rejected.iter().any(|message| names(message, subject)));
        if done.message.is_some() && !is_final && !is_named {
            self.wrong(format!("{name}: it is not in evict-rejected"));
        }
        if receipt["detail"].as_str().is_none_or(str::is_empty) {
            self.wrong(format!("{name}: it does not say why"));
        }
    }
}
