//! Compares receipts with the sandbox's record. Each rule states a claim of a receipt and what must then be true; none
//! asks the program under test.

mod ends;
mod receipts;
mod record;

use std::collections::{BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};
use sandbox::tenant::CallRecord;

use self::record::{in_a_list, is_revoke, person_of, person_read, shown, time, written_by_the_app};
use super::case::{Case, Form};
use super::expected;
use super::people::{self, Changed, Subject, Target};
use super::play::{Done, Played};
use super::report::{line, name_of, short, word};

/// The longest wait that the app accepts from Graph; a longer one is a mistake of Graph's, as the contract says
/// (`function/README.md`).
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// How long after an answer a call may arrive that was sent before the answer came.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_millis(50);

/// Every violation, one line each.
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
    judge.nothing_is_taken_back();
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

    /// Properties of all calls.
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
                    && self.is_protected(person, call.at)
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
            if alone && let Some(told) = self.throttled_by(call) {
                self.wrong.push(format!(
                    "{} although {} told to wait",
                    line(call),
                    line(told)
                ));
            }
        }
    }

    /// The earlier call whose answer forbade this one.
    fn throttled_by(&self, call: &CallRecord) -> Option<&CallRecord> {
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

    /// Whether no other work overlapped, so that every call in that time is this delivery's.
    fn is_alone(&self, done: &Done) -> bool {
        let overlaps = |other: &&Done| other.from <= done.until && done.from <= other.until;
        self.played.deliveries.iter().filter(overlaps).count() == 1
    }

    fn subjects(&self, done: &Done) -> Vec<Subject> {
        match done.alert {
            Some(alert) => people::subjects(self.case, &self.case.alerts[alert]),
            // A message that the app itself wrote, in the manual form.
            None => written_by_the_app(&done.body),
        }
    }

    /// The people that a subject may denote during the delivery: a deletion meanwhile may change them.
    fn targets(&self, done: &Done, subject: &Subject) -> Vec<Target> {
        let mut changed = self.changed_before(done.from);
        let mut targets = vec![subject.target(self.case, &changed)];
        let mut meanwhile = |at: &Timestamp, change: &mut dyn FnMut(&mut Changed)| {
            if done.from <= *at && *at <= done.until {
                change(&mut changed);
                let target = subject.target(self.case, &changed);
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        };
        for (person, at) in &self.played.deleted {
            meanwhile(at, &mut |changed| changed.gone.push(*person));
        }
        for (person, at) in &self.played.renamed {
            meanwhile(at, &mut |changed| changed.renamed.push(*person));
        }
        targets
    }

    fn changed_before(&self, moment: Timestamp) -> Changed {
        let before = |list: &[(usize, Timestamp)]| {
            let list = list.iter().filter(|(_, at)| *at < moment);
            list.map(|(person, _)| *person).collect()
        };
        Changed {
            gone: before(&self.played.deleted),
            renamed: before(&self.played.renamed),
        }
    }

    /// Whether a person is protected from a call at that moment: by a group, or by object id or name. A person who has
    /// given up the protected name stays protected if it was looked up in time.
    fn is_protected(&self, person: usize, moment: Timestamp) -> bool {
        if expected::is_protected_by_group(self.case, person) {
            return true;
        }
        let by_id = |(protected, by_name): &(usize, bool)| *protected == person && !by_name;
        if self.case.policy.people.iter().any(by_id) {
            return true;
        }
        let renamed = self.played.renamed.iter().find(|(who, _)| *who == person);
        expected::is_protected_by_name(self.case, person)
            && renamed.is_none_or(|(_, at)| moment <= *at || self.was_pinned(person, moment))
    }

    /// Whether the only process had looked the protected name up, and had a second to remember it.
    fn was_pinned(&self, person: usize, moment: Timestamp) -> bool {
        let alone = self.case.app.instances == 1 && self.played.deaths == 0;
        let path = format!("/{}", people::protected_name(self.case, person));
        let told = |call: &CallRecord| {
            let answered = call
                .answered_at
                .is_some_and(|at| at + SignedDuration::from_secs(1) < moment);
            let path_of = call.path.replace("%40", "@").replace("%23", "#");
            answered && call.status == Some(200) && !call.spoiled && path_of.ends_with(&path)
        };
        alone && self.played.calls.iter().any(told)
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
            let expected_words = expected::outcomes(self.case, self.played, done, &subjects);
            for (index, (words, receipt)) in expected_words.iter().zip(&receipts).enumerate() {
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
        if !expected::expects(self.case, done) && called.len() > self.case.policy.per_alert {
            self.wrong(format!(
                "{name}: {} users were called, past the cap per alert",
                called.len()
            ));
        }
    }

    /// A person who was cut after the message was enqueued, and is read so, is not cut by it. A person who is named in
    /// two ways is read twice, and reads may lag: one that does not show the cut is reason enough.
    fn not_again(&mut self, name: &str, done: &Done, person: usize, first: &CallRecord) {
        let Some(enqueued) = &done.queued_at() else {
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
        let own = self.cut_by_an_earlier_delivery(done, person);
        if own.is_some_and(|own| read.is_some_and(|read| read >= own)) {
            self.wrong(format!(
                "{name}: p{person} was cut by an earlier delivery of this message, was read so, and was cut again"
            ));
        }
    }

    /// The property was read back after a cut that an earlier delivery of the same message made in the same process.
    fn cut_by_an_earlier_delivery(&self, done: &Done, person: usize) -> Option<Timestamp> {
        if self.case.app.instances > 1 || self.played.deaths > 0 {
            return None;
        }
        let (number, ..) = done.message?;
        let id = people::person_id(person).to_string();
        let earlier = self.played.deliveries.iter().filter(|earlier| {
            earlier.message.is_some_and(|message| message.0 == number) && earlier.until <= done.from
        });
        let receipts = earlier.flat_map(Done::receipts).filter(|receipt| {
            let calls = receipt["calls"].as_array();
            receipt["user"]["id"] == id.as_str()
                && receipt["outcome"] == "revoked"
                && receipt["verified"] == true
                && calls
                    .and_then(|calls| calls.last())
                    .is_some_and(|call| call["status"] == 200)
        });
        receipts
            .filter_map(|receipt| time(&receipt["sessionsValidFrom"]["after"]))
            .min()
    }

    /// The true start of valid sessions at that moment.
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
}
