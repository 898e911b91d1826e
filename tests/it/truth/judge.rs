//! Holds receipts against what the sandbox wrote down. Each rule says what a receipt claims and what must then be true;
//! none asks the program under test.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};
use sandbox::functions::Settled;
use sandbox::tenant::CallRecord;
use serde_json::Value;

use super::case::{Case, Form, How, Trouble};
use super::foretell;
use super::play::{Done, End, Played};
use super::words::{self, Subject, Target};

/// The longest wait that the app believes Graph; a longer one is a mistake of Graph's, and is said so in the README.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// How long after an answer was sent a call may arrive that left before the answer came.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_millis(50);

/// Everything that is wrong, one line each.
pub(crate) fn judge(case: &Case, played: &Played) -> Vec<String> {
    let mut judge = Judge {
        case,
        played,
        wrong: Vec::new(),
    };
    judge.calls();
    for done in &played.deliveries {
        judge.delivery(done);
    }
    judge.hours();
    judge.messages();
    judge.in_the_end();
    judge.wrong
}

pub(super) struct Judge<'a> {
    case: &'a Case,
    played: &'a Played,
    wrong: Vec<String>,
}

impl<'a> Judge<'a> {
    fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What must hold of the calls, whoever made them.
    fn calls(&mut self) {
        let alone = self.case.app.instances == 1 && self.played.deaths == 0;
        for call in &self.played.calls {
            if let Some(surprise) = &call.surprise {
                self.wrong
                    .push(format!("a call that Graph does not know: {surprise}"));
            }
            if is_revoke(call) {
                let person = person_of(call);
                if self.case.policy.observe {
                    self.wrong
                        .push("a revocation, though the mode is observe".to_owned());
                }
                if let Some(person) = person
                    && foretell::is_protected(self.case, person)
                {
                    self.wrong.push(format!(
                        "p{person} is protected, and a revocation was called"
                    ));
                }
                if let Some(person) = person
                    && self.case.people[person].kind.is_external()
                {
                    self.wrong.push(format!(
                        "p{person} signs in elsewhere, and a revocation was called"
                    ));
                }
            }
            if alone && let Some(told) = self.told_to_wait(call) {
                self.wrong.push(format!(
                    "{} although {} told to wait",
                    line(call),
                    line(told)
                ));
            }
        }
    }

    /// The earlier call whose answer forbade this one.
    fn told_to_wait(&self, call: &CallRecord) -> Option<&CallRecord> {
        self.played.calls.iter().find(|earlier| {
            let (Some(answered), Some(text)) = (earlier.answered_at, &earlier.retry_after) else {
                return false;
            };
            let wait = match text.parse::<f64>() {
                Ok(seconds) if seconds > 0.0 => SignedDuration::try_from_secs_f64(seconds).unwrap(),
                Ok(_) => return false,
                Err(_) => {
                    match jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()) {
                        Ok(until) => until.duration_since(answered),
                        Err(_) => return false,
                    }
                }
            };
            answered + ON_ITS_WAY < call.at && call.at < answered + wait.min(LONGEST_WAIT)
        })
    }

    fn revocations(&self, person: usize, done: &Done) -> Vec<&'a CallRecord> {
        self.played
            .calls
            .iter()
            .filter(|call| is_revoke(call) && person_of(call) == Some(person))
            .filter(|call| done.from <= call.at && call.at <= done.until)
            .collect()
    }

    /// Whether nothing else was worked on meanwhile, so that every call in that time is this delivery's.
    fn is_alone(&self, done: &Done) -> bool {
        let overlaps = |other: &&Done| other.from <= done.until && done.from <= other.until;
        self.played.deliveries.iter().filter(overlaps).count() == 1
    }

    fn subjects(&self, done: &Done) -> Vec<Subject> {
        match done.alert {
            Some(alert) => words::subjects(self.case, &self.case.alerts[alert]),
            // What the app wrote itself: a manual message.
            None => written_by_the_app(&done.body),
        }
    }

    /// Whom a subject can have meant while the delivery was worked on: whoever is deleted meanwhile may change it.
    fn targets(&self, done: &Done, subject: &Subject) -> Vec<Target> {
        let mut gone = self.gone_before(done.from);
        let mut targets = vec![subject.target(self.case, &gone)];
        for (person, at) in &self.played.deleted {
            if done.from <= *at && *at <= done.until {
                gone.push(*person);
                let target = subject.target(self.case, &gone);
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        targets
    }

    fn gone_before(&self, moment: Timestamp) -> Vec<usize> {
        let deleted = self.played.deleted.iter();
        deleted
            .filter(|(_, at)| *at < moment)
            .map(|(person, _)| *person)
            .collect()
    }

    fn can_mean(&self, done: &Done, subject: &Subject, person: usize) -> bool {
        self.targets(done, subject)
            .contains(&Target::Person(person))
    }

    fn delivery(&mut self, done: &Done) {
        let subjects = self.subjects(done);
        if self.is_alone(done) {
            self.caps(done, &subjects);
        }
        let Some(said) = done.said() else { return };
        let receipts = done.receipts();
        let name = name_of(done);
        if done
            .alert
            .is_some_and(|alert| self.case.alerts[alert].shape == Form::Garbled)
        {
            if done.message.is_some() && said.rejected.len() != 1 {
                self.wrong(format!(
                    "{name}: a message that cannot be read is not in evict-rejected"
                ));
            }
            if !receipts.is_empty() {
                self.wrong(format!("{name}: receipts of a message that cannot be read"));
            }
            return;
        }
        if receipts.len() != subjects.len() {
            self.wrong(format!(
                "{name}: {} subjects and {} receipts",
                subjects.len(),
                receipts.len()
            ));
            return;
        }
        let ids: HashSet<&str> = said
            .events
            .iter()
            .filter_map(|event| event["id"].as_str())
            .collect();
        if ids.len() != receipts.len() {
            self.wrong(format!("{name}: two receipts have one id"));
        }
        if let Some((_, body)) = &said.http {
            if body["receipts"].as_array().map(Vec::len) != Some(receipts.len()) {
                self.wrong(format!("{name}: the reply does not hold every receipt"));
            }
            for (one, other) in receipts
                .iter()
                .zip(body["receipts"].as_array().into_iter().flatten())
            {
                if one["outcome"] != other["outcome"] || one["subject"] != other["subject"] {
                    self.wrong(format!("{name}: the reply and the events differ"));
                }
            }
        }
        for (index, (subject, receipt)) in subjects.iter().zip(&receipts).enumerate() {
            let name = format!("{name}, receipt {index} ({})", short(receipt));
            self.receipt(&name, done, subject, receipt);
        }
        if self.case.is_calm() {
            let foretold = foretell::foretell(self.case, self.played, done, &subjects);
            for (index, (words, receipt)) in foretold.iter().zip(&receipts).enumerate() {
                let word = word(receipt);
                if !words.contains(&word.as_str()) {
                    self.wrong(format!(
                        "{name}, receipt {index} ({}): nothing went wrong, and it should be one of {words:?}",
                        short(receipt)
                    ));
                }
            }
        }
    }

    /// No more users than one alert may cut, and nobody twice.
    fn caps(&mut self, done: &Done, subjects: &[Subject]) {
        let name = name_of(done);
        let mut called = BTreeSet::new();
        for person in 0..self.case.people.len() {
            let calls = self.revocations(person, done);
            if calls.is_empty() {
                continue;
            }
            called.insert(person);
            if !subjects
                .iter()
                .any(|subject| self.can_mean(done, subject, person))
            {
                self.wrong(format!(
                    "{name}: p{person} is not named, and a revocation was called"
                ));
            }
            let accepted = |call: &&&CallRecord| call.status == Some(200) && !call.spoiled;
            if let Some(first) = calls.iter().position(|call| accepted(&call))
                && first + 1 < calls.len()
                && self.case.app.pumps * self.case.app.instances == 1
            {
                self.wrong(format!(
                    "{name}: p{person} was cut again after Graph had accepted the first"
                ));
            }
            self.not_again(&name, done, person, calls[0]);
        }
        let expects = match done.alert {
            Some(alert) => {
                let alert = &self.case.alerts[alert];
                alert.expect && alert.shape == Form::Manual
            }
            None => serde_json::from_slice::<Value>(&done.body)
                .is_ok_and(|body| body["expect"].is_u64()),
        };
        if !expects && called.len() > self.case.policy.per_alert {
            self.wrong(format!(
                "{name}: {} users were called, past the cap per alert",
                called.len()
            ));
        }
    }

    /// Who was cut after the message was put on the queue, and is read so, is not cut by it. Whoever is named in two ways
    /// is read twice, and reads may lag: one that does not show the cut is reason enough.
    fn not_again(&mut self, name: &str, done: &Done, person: usize, first: &CallRecord) {
        let Some((_, enqueued, _)) = &done.message else {
            return;
        };
        let read = self
            .played
            .calls
            .iter()
            .take_while(|call| call.request_id != first.request_id)
            .filter(|call| call.status == Some(200) && !call.spoiled)
            .filter(|call| {
                done.from <= call.at && call.answered_at.is_some_and(|at| at <= first.at)
            })
            .filter_map(|call| {
                if person_read(call) == Some(person) {
                    shown(call)
                } else {
                    in_a_list(call, person)
                }
            })
            .min();
        if read.is_some_and(|read| read.as_second() > enqueued.as_second()) {
            self.wrong(format!(
                "{name}: p{person} was read as cut since the message came, and was cut again"
            ));
        }
    }

    fn receipt(&mut self, name: &str, done: &Done, subject: &Subject, receipt: &Value) {
        let text = receipt["subject"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        let user = receipt["user"]["id"].as_str();
        let outcome = receipt["outcome"].as_str().unwrap_or_default();
        let targets = self.targets(done, subject);
        let is_told = |target: &&Target| match target {
            Target::Person(person) => user == Some(&words::person_id(*person).to_string()),
            Target::Several => outcome == "ambiguous",
            Target::Nobody => outcome == "not_found",
            Target::Machine => outcome == "not_a_user",
        };
        let target = *targets.iter().find(is_told).unwrap_or(&targets[0]);
        if target != Target::Machine && !subject.texts().contains(&text) {
            self.wrong(format!("{name}: it is not about {:?}", subject.texts()));
        }
        if let (Some(user), Target::Person(person)) = (user, target)
            && user != words::person_id(person).to_string()
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
                if !is_gone && !self.was_told(done, 404) {
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
        // Forms that nothing in the alert connects can mean one account and say different things of it.
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

    /// What a receipt lists as called was called, and answered so.
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

    /// Whether a fault answered some call of this time with that status.
    fn was_told(&self, done: &Done, status: u16) -> bool {
        self.played
            .calls
            .iter()
            .any(|call| call.spoiled && call.status == Some(status) && call.at <= done.until)
    }

    fn revoked(&mut self, name: &str, done: &Done, person: usize, receipt: &Value) {
        let calls = self.revocations(person, done);
        let Some(first) = calls.first().map(|call| call.at) else {
            self.wrong(format!("{name}: no revocation was called"));
            return;
        };
        let accepted = calls.iter().any(|call| call.status == Some(200));
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
        let after = time(&receipt["sessionsValidFrom"]["after"]);
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
        let before = time(&receipt["sessionsValidFrom"]["before"]);
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
        let Some((_, enqueued, _)) = &done.message else {
            self.wrong(format!(
                "{name}: whoever asks over HTTP knows of living sessions"
            ));
            return;
        };
        let valid_from = self.valid_from(person, done.until);
        if valid_from <= *enqueued {
            self.wrong(format!("{name}: sessions are valid from {valid_from}, before the message came at {enqueued}"));
        }
        self.none_alive(name, done, person, *enqueued);
    }

    /// No session that began before that moment's second lives at the end of the delivery.
    fn none_alive(&mut self, name: &str, done: &Done, person: usize, moment: Timestamp) {
        let valid_from = self.valid_from(person, done.until);
        let gone = self
            .played
            .deleted
            .iter()
            .any(|(who, at)| *who == person && *at <= done.until);
        let alive = self.played.sessions.iter().any(|session| {
            session.user == words::person_id(person)
                && session.signed_in_at.as_second() < moment.as_second()
                && session.signed_in_at >= valid_from
        });
        if alive && !gone {
            self.wrong(format!(
                "{name}: a session of p{person} from before {moment} lives"
            ));
        }
    }

    /// Since when sessions are valid, at that moment: the truth.
    fn valid_from(&self, person: usize, at: Timestamp) -> Timestamp {
        let start = self.played.start;
        let mut valid_from = match self.case.people[person].cut {
            Some(minutes) => start - SignedDuration::from_mins(minutes.into()),
            None => start - SignedDuration::from_hours(720),
        };
        let cuts = self
            .played
            .calls
            .iter()
            .filter(|call| {
                person_of(call) == Some(person) && !self.case.people[person].kind.is_external()
            })
            .filter_map(|call| call.cut_at);
        let others = self
            .played
            .cut_by_others
            .iter()
            .filter(|(who, _)| *who == person)
            .map(|(_, at)| *at);
        for cut in cuts.chain(others).filter(|cut| *cut <= at) {
            valid_from = valid_from.max(Timestamp::from_second(cut.as_second()).unwrap());
        }
        Timestamp::from_second(valid_from.as_second()).unwrap()
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
            "protected_user" => foretell::is_protected_by_name(case, person),
            "protected_group" => foretell::is_protected_by_group(case, person),
            "protected_group_missing" => foretell::lacks_a_group(case) || self.was_told(done, 404),
            "membership_unknown" => !case.is_calm() && !case.policy.groups.is_empty(),
            "other_tenant" => subject.elsewhere(),
            "token_tenant" => case
                .trouble
                .iter()
                .any(|trouble| matches!(trouble, Trouble::OthersTokens { .. })),
            "below_minimum_severity" => match done.alert {
                Some(alert) => foretell::is_below(case, &case.alerts[alert]),
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

    /// Whether so many places can have been asked for that the hour was full.
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
        if done.message.is_some() || !is_named {
            self.wrong(format!("{name}: it was not handed over"));
        }
    }

    fn unfinished(&mut self, name: &str, done: &Done, subject: &Subject, receipt: &Value) {
        if self.case.is_calm() {
            // What a calm story ends in is foretold.
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

    /// No more cuts in any rolling hour than the cap allows: one for each user and delivery.
    fn hours(&mut self) {
        let mut cuts: Vec<Timestamp> = Vec::new();
        let subjects: Vec<Vec<Subject>> = self
            .played
            .deliveries
            .iter()
            .map(|done| self.subjects(done))
            .collect();
        for person in 0..self.case.people.len() {
            let mut counted: Vec<&CallRecord> = Vec::new();
            for call in self
                .played
                .calls
                .iter()
                .filter(|call| person_of(call) == Some(person))
            {
                let Some(at) = call.cut_at else { continue };
                let covers =
                    |done: &Done, call: &CallRecord| done.from <= call.at && call.at <= done.until;
                // A call that may be the same delivery's as an earlier one is that user's cut once more.
                let is_counted = counted.iter().any(|earlier| {
                    self.played
                        .deliveries
                        .iter()
                        .zip(&subjects)
                        .any(|(done, subjects)| {
                            let means = |subject| self.can_mean(done, subject, person);
                            covers(done, earlier)
                                && covers(done, call)
                                && subjects.iter().any(means)
                        })
                });
                if !is_counted {
                    counted.push(call);
                    cuts.push(at);
                }
            }
        }
        cuts.sort();
        let hour = SignedDuration::from_hours(1);
        for (index, first) in cuts.iter().enumerate() {
            let within = cuts[index..]
                .iter()
                .filter(|cut| cut.duration_since(*first) < hour)
                .count();
            if within > self.case.policy.per_hour {
                self.wrong(format!("{within} cuts within an hour from {first}"));
                return;
            }
        }
    }

    /// Every message ends, and its subjects are accounted for; what is told twice has one id.
    fn messages(&mut self) {
        let mut ids: BTreeMap<(String, usize), Value> = BTreeMap::new();
        for done in &self.played.deliveries {
            let (Some((message, _, _)), Some(said)) = (&done.message, done.said()) else {
                continue;
            };
            for (index, event) in said.events.iter().enumerate() {
                let id = ids
                    .entry((message.clone(), index))
                    .or_insert_with(|| event["id"].clone());
                if *id != event["id"] {
                    self.wrong.push(format!(
                        "{}: receipt {index} has another id than before",
                        name_of(done)
                    ));
                }
            }
        }
        for (number, alert) in self.case.alerts.iter().enumerate() {
            let ends: Vec<&Done> = self
                .played
                .deliveries
                .iter()
                .filter(|done| done.alert == Some(number))
                .collect();
            let completed = ends.iter().filter(|done| is_completed(done)).count();
            let reported = ends.iter().any(|done| done.said().is_some());
            if alert.copies == 0 {
                let died = ends.iter().any(|done| matches!(done.end, End::Died));
                let refused = ends.iter().any(|done| {
                    matches!(
                        &done.end,
                        End::Answered {
                            settled: Settled::Failed(_),
                            ..
                        }
                    )
                });
                if completed != 1 && !died && !refused {
                    self.wrong(format!("alert {number}: the caller got no answer"));
                }
            } else if completed + self.played.dead_lettered < usize::from(alert.copies) && !reported
            {
                self.wrong(format!(
                    "alert {number}: {completed} of {} messages ended",
                    alert.copies
                ));
            }
        }
    }

    /// When all trouble is over and what was left was put back, whoever is named and may be cut is cut, or a receipt says
    /// that not.
    fn in_the_end(&mut self) {
        if self.case.policy.observe {
            return;
        }
        for (number, alert) in self.case.alerts.iter().enumerate() {
            let lost_by_the_caller = alert.copies == 0
                && self
                    .played
                    .deliveries
                    .iter()
                    .any(|done| done.alert == Some(number) && !is_completed(done));
            if lost_by_the_caller {
                // Whoever asked got an error, and knows.
                continue;
            }
            for subject in words::subjects(self.case, alert) {
                let gone = self.gone_before(self.played.sent[number]);
                let Target::Person(person) = subject.target(self.case, &gone) else {
                    continue;
                };
                let valid_from = self.valid_from(person, Timestamp::MAX);
                let is_cut = valid_from.as_second() >= self.played.sent[number].as_second();
                if is_cut || self.says_that_not(person, &subject) {
                    continue;
                }
                self.wrong(format!(
                    "alert {number}: p{person} was neither cut nor reported ({:?})",
                    subject.texts()
                ));
            }
        }
    }

    /// Whether a receipt says for good that the person was not cut, or was accepted and did not show.
    fn says_that_not(&self, person: usize, subject: &Subject) -> bool {
        let id = words::person_id(person).to_string();
        let texts = subject.texts();
        let receipts = self.played.deliveries.iter().flat_map(|done| {
            let over_http = done.message.is_none();
            done.receipts()
                .into_iter()
                .map(move |receipt| (over_http, receipt))
        });
        receipts.into_iter().any(|(over_http, receipt)| {
            let text = receipt["subject"]
                .as_str()
                .unwrap_or_default()
                .to_lowercase();
            let about = receipt["user"]["id"] == id.as_str() || texts.contains(&text);
            let outcome = receipt["outcome"].as_str().unwrap_or_default();
            let unverified = outcome == "revoked"
                && receipt["verified"] == false
                && self.case.trouble.iter().any(|trouble| {
                    matches!(
                        trouble,
                        Trouble::Call {
                            how: How::Hollow,
                            ..
                        }
                    )
                });
            // Whoever asked over HTTP has it in the reply; from the queue it goes to evict-rejected.
            let failed = outcome == "failed" && (over_http || receipt["fix"] != "permission");
            about
                && (["withheld", "not_effective", "not_found"].contains(&outcome)
                    || failed
                    || unverified)
        })
    }
}

fn is_completed(done: &Done) -> bool {
    matches!(
        &done.end,
        End::Answered {
            settled: Settled::Completed { .. },
            ..
        }
    )
}

fn is_revoke(call: &CallRecord) -> bool {
    call.method == "POST" && call.path.ends_with("/revokeSignInSessions")
}

fn number_of(id: uuid::Uuid) -> Option<usize> {
    (0..super::draw::PEOPLE).find(|person| words::person_id(*person) == id)
}

/// Whom a revocation is about, also after the person was deleted.
fn person_of(call: &CallRecord) -> Option<usize> {
    if !is_revoke(call) {
        return None;
    }
    call.path
        .split('/')
        .find_map(|part| part.parse().ok())
        .and_then(number_of)
}

/// Whom a call reads.
fn person_read(call: &CallRecord) -> Option<usize> {
    (call.method == "GET")
        .then_some(call.user?)
        .and_then(number_of)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// What a read of one user showed.
fn shown(call: &CallRecord) -> Option<Timestamp> {
    time(&call.answer.as_ref()?["signInSessionsValidFromDateTime"])
}

/// What a search showed of that person.
fn in_a_list(call: &CallRecord, person: usize) -> Option<Timestamp> {
    let list = call.answer.as_ref()?["value"].as_array()?;
    let id = words::person_id(person).to_string();
    list.iter()
        .find(|entry| entry["id"] == id.as_str())
        .and_then(|entry| time(&entry["signInSessionsValidFromDateTime"]))
}

/// Whether a manual message names the subject.
fn names(message: &Value, subject: &Subject) -> bool {
    let written = written(message);
    let texts = subject.texts();
    written
        .iter()
        .any(|entry| entry.texts().iter().any(|text| texts.contains(text)))
}

fn written_by_the_app(body: &[u8]) -> Vec<Subject> {
    serde_json::from_slice(body)
        .map(|message| written(&message))
        .unwrap_or_default()
}

fn written(message: &Value) -> Vec<Subject> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let entries = message["users"].as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let sid = text(&entry["sid"]);
            let is_cloud = sid
                .as_deref()
                .is_some_and(|sid| sid.starts_with("S-1-12-1-"));
            Subject {
                said: vec![words::Said {
                    id: entry["id"].as_str().and_then(|id| id.parse().ok()),
                    upn: text(&entry["upn"]),
                    cloud_sid: sid.clone().filter(|_| is_cloud),
                    sid: sid.filter(|_| !is_cloud),
                    mail: text(&entry["mail"]),
                    account: text(&entry["account"]),
                    elsewhere: entry["tenant"]
                        .as_str()
                        .is_some_and(|id| id != words::TENANT.to_string()),
                    machine: None,
                }],
            }
        })
        .collect()
}

/// The word for an outcome, with the reason of one that was withheld.
pub(crate) fn word(receipt: &Value) -> String {
    let outcome = receipt["outcome"].as_str().unwrap_or("?");
    match (receipt["reason"].as_str(), receipt["verified"].as_bool()) {
        (Some(reason), _) => format!("{outcome} {reason}"),
        (None, Some(verified)) => format!("{outcome} {verified}"),
        (None, None) => outcome.to_owned(),
    }
}

fn short(receipt: &Value) -> String {
    format!(
        "{} {}",
        receipt["subject"].as_str().unwrap_or("?"),
        word(receipt)
    )
}

fn name_of(done: &Done) -> String {
    let what = match (done.alert, &done.message) {
        (Some(alert), None) => format!("alert {alert} over HTTP"),
        (Some(alert), Some((_, _, count))) => format!("alert {alert}, delivery {count}"),
        (None, _) => "a message of the app's own".to_owned(),
    };
    format!("{what} at {}", done.from)
}

fn line(call: &CallRecord) -> String {
    format!("{} {}", call.at, call.line())
}

/// What happened, for a person to read.
pub(crate) fn tell(played: &Played) -> String {
    use std::fmt::Write as _;
    let mut told = String::new();
    for done in &played.deliveries {
        let end = match &done.end {
            End::Answered { settled, .. } => match settled {
                Settled::Completed { status, .. } => format!("completed {status}"),
                other => format!("{other:?}"),
            },
            End::Abandoned => "abandoned".to_owned(),
            End::Died => "died".to_owned(),
        };
        let _ = writeln!(told, "{} to {}: {end}", name_of(done), done.until);
        for receipt in done.receipts() {
            let _ = writeln!(
                told,
                "    {}, before {}, after {}; {}",
                short(&receipt),
                receipt["sessionsValidFrom"]["before"],
                receipt["sessionsValidFrom"]["after"],
                receipt["detail"].as_str().unwrap_or_default()
            );
        }
    }
    for call in &played.calls {
        let path = call.path.split('?').next().unwrap_or_default();
        let spoiled = if call.spoiled { ", spoiled" } else { "" };
        let cut = call
            .cut_at
            .map(|at| format!(", carried out at {at}"))
            .unwrap_or_default();
        let _ = writeln!(
            told,
            "{} {} {path} -> {:?}{spoiled}{cut}",
            call.at, call.method, call.status
        );
    }
    told
}
