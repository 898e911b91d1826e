//! Properties of a whole story: the hour's cap, the end of every message, and of everybody who was named.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sandbox::functions::Settled;
use sandbox::tenant::CallRecord;
use serde_json::Value;

use super::Judge;
use super::record::{person_of, time};
use crate::truth::case::{How, Trouble};
use crate::truth::people::{self, Changed, Subject, Target};
use crate::truth::play::{Done, End};
use crate::truth::report::name_of;

impl Judge<'_> {
    /// No rolling hour has more cuts than the cap allows: one for each user and delivery.
    pub(super) fn hours(&mut self) {
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
                // A call that may belong to the same delivery as an earlier one is a repeated cut of that user.
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
        if self.case.policy.observe {
            cuts.extend(self.would_be_cuts());
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

    /// A later delivery does not deny a cut that a finished one reported as verified. For people who are named once in
    /// all.
    pub(super) fn nothing_is_taken_back(&mut self) {
        for person in 0..self.case.people.len() {
            let alerts = self.case.alerts.iter();
            let named: Vec<(u8, Subject)> = alerts
                .flat_map(|alert| {
                    let subjects = people::subjects(self.case, alert).into_iter();
                    subjects.map(|subject| (alert.copies, subject))
                })
                .filter(
                    |(_, subject)| match subject.target(self.case, &Changed::default()) {
                        Target::Person(who) => who == person,
                        Target::Several => true,
                        Target::Nobody | Target::Machine => false,
                    },
                )
                .collect();
            let [(0 | 1, subject)] = named.as_slice() else {
                continue;
            };
            let mut ends: Vec<&Done> = self.played.deliveries.iter().collect();
            ends.sort_by_key(|done| done.from);
            let id = people::person_id(person).to_string();
            // A delivery that began before that cannot know it.
            let mut told: Option<Timestamp> = None;
            for done in ends {
                for receipt in done.receipts() {
                    let text = receipt["subject"].as_str().unwrap_or_default();
                    let is_about = receipt["user"]["id"] == id.as_str()
                        || subject.texts().contains(&text.to_lowercase());
                    let outcome = receipt["outcome"].as_str().unwrap_or_default();
                    if is_about
                        && told.is_some_and(|told| told < done.from)
                        && ["deferred", "failed", "handed_over"].contains(&outcome)
                    {
                        self.wrong.push(format!(
                            "{}: p{person} is {outcome}, and was told to be cut before",
                            name_of(done)
                        ));
                    }
                    if is_about && receipt["verified"] == true && is_completed(done) {
                        told = told.or(Some(done.until));
                    }
                }
            }
        }
    }

    /// The times of the cuts that only the mode prevented: one for each user and delivery.
    fn would_be_cuts(&self) -> Vec<Timestamp> {
        let mut told = Vec::new();
        for done in &self.played.deliveries {
            let mut users: Vec<Value> = Vec::new();
            for receipt in done.receipts() {
                let user = &receipt["user"]["id"];
                if receipt["reason"] == "observe" && !users.contains(user) {
                    users.push(user.clone());
                    told.extend(time(&receipt["at"]));
                }
            }
        }
        told
    }

    /// Every message ends, and its subjects are accounted for; an event that is sent twice has one id.
    pub(super) fn messages(&mut self) {
        let mut ids: BTreeMap<(i64, usize), Value> = BTreeMap::new();
        for done in &self.played.deliveries {
            let (Some((message, _, _)), Some(said)) = (&done.message, done.said()) else {
                continue;
            };
            for (index, event) in said.events.iter().enumerate() {
                let id = ids
                    .entry((*message, index))
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

    /// When all faults are over and the rest was put back, every named person who may be cut is cut, or a receipt says
    /// otherwise.
    pub(super) fn in_the_end(&mut self) {
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
                // The HTTP caller received an error, and knows.
                continue;
            }
            for subject in people::subjects(self.case, alert) {
                let changed = self.changed_before(self.played.sent[number]);
                let Target::Person(person) = subject.target(self.case, &changed) else {
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

    /// Whether a receipt says finally that the person was not cut, or that the cut was accepted and did not show.
    fn says_that_not(&self, person: usize, subject: &Subject) -> bool {
        let id = people::person_id(person).to_string();
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
            // An HTTP caller has it in the reply; from the queue it goes to evict-rejected.
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
