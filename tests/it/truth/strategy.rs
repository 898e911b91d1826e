//! The proptest strategies for stories, so that a failing story can shrink.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

use super::case::{
    AlertOf, AppOf, By, Case, Form, Grade, Group, How, Kind, Mention, Op, Output, Person, Right,
    Rules, Trouble, Who,
};

/// The most people. Larger numbers mean nobody, or the first person.
pub(crate) const PEOPLE: usize = 5;
const GROUPS: usize = 3;

pub(crate) fn case() -> impl Strategy<Value = Case> {
    (
        vec(person(), 1..=PEOPLE),
        vec(group(), 0..=GROUPS),
        rules(),
        app(),
        vec(alert(), 1..=3),
        prop_oneof![
            2 => Just(Vec::new()),
            8 => vec(trouble(), 1..=4),
            1 => known(),
        ],
    )
        .prop_map(|(people, groups, policy, app, alerts, trouble)| {
            Case {
                people,
                groups,
                policy,
                app,
                alerts,
                trouble,
            }
            .in_order()
        })
}

impl Case {
    /// Maps every number to an existing person.
    fn in_order(mut self) -> Self {
        let (people, groups) = (self.people.len(), self.groups.len());
        for group in &mut self.groups {
            group.people.retain(|person| *person < people);
            group.groups.retain(|group| *group < groups);
        }
        self.policy.people.retain(|(person, _)| *person < people);
        for alert in &mut self.alerts {
            for mention in &mut alert.mentions {
                if let Who::Person(person) = &mut mention.who {
                    *person %= people;
                }
            }
        }
        // Without faults there is time for second attempts, and for the next second to begin.
        if self.trouble.is_empty() {
            self.app.http_deadline = self.app.http_deadline.max(60);
            self.app.queue_deadline = self.app.queue_deadline.max(60);
        }
        let by_name: Vec<usize> = self
            .policy
            .people
            .iter()
            .filter_map(|(person, by_name)| by_name.then_some(*person))
            .collect();
        for trouble in &mut self.trouble {
            match trouble {
                // A name that protects somebody, if there is one.
                Trouble::Renamed { person, .. } if !by_name.is_empty() => {
                    *person = by_name[*person % by_name.len()];
                }
                Trouble::Call {
                    person,
                    effect,
                    how,
                    ..
                } => {
                    if person.is_some_and(|person| person >= people) {
                        *person = None;
                    }
                    *effect &= how.may_follow_the_effect();
                }
                Trouble::Deleted { person, .. }
                | Trouble::Renamed { person, .. }
                | Trouble::CutByOthers { person, .. }
                | Trouble::SignIn { person, .. } => *person %= people,
                _ => {}
            }
        }
        self
    }
}

impl How {
    /// Whether Graph can have carried out the request before this answer. A refusal has no effect.
    fn may_follow_the_effect(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 500..=599),
            Self::Down(_) | Self::Reset | Self::Hang | Self::Late(_) => true,
            Self::Throttled(_)
            | Self::ThrottledUntil(_)
            | Self::Truncated(_)
            | Self::Garbage
            | Self::Hollow
            | Self::Denied
            | Self::Stray => false,
        }
    }
}

fn person() -> impl Strategy<Value = Person> {
    let kind = prop_oneof![
        6 => Just(Kind::Member),
        1 => Just(Kind::NoMail),
        1 => Just(Kind::Disabled),
        2 => Just(Kind::Synced),
        1 => Just(Kind::Guest),
        1 => Just(Kind::ExternalMember),
        1 => Just(Kind::InternalGuest),
        1 => Just(Kind::Invited),
        1 => Just(Kind::SharedMail),
    ];
    // Some people were cut in the very second in which the story begins.
    let cut = prop_oneof![3 => of(0_u16..60), 1 => Just(Some(0))];
    (kind, vec(0_u16..120, 0..3), cut).prop_map(|(kind, sessions, cut)| Person {
        kind,
        sessions,
        cut,
    })
}

fn group() -> impl Strategy<Value = Group> {
    let hidden = weighted(0.25, Just(()));
    (vec(0..PEOPLE, 0..3), vec(0..GROUPS, 0..2), hidden).prop_map(|(people, groups, hidden)| {
        Group {
            people,
            groups,
            hidden: hidden.is_some(),
        }
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    (
        vec((0..PEOPLE, any::<bool>()), 0..2),
        prop_oneof![3 => Just(Vec::new()), 2 => vec(0..=GROUPS, 1..3)],
        weighted(0.1, Just(())),
        prop_oneof![3 => Just(25_usize), 1 => 0_usize..4],
        prop_oneof![3 => Just(100_usize), 2 => 0_usize..6],
        weighted(0.2, grade()),
        any::<bool>(),
    )
        .prop_map(
            |(people, groups, observe, per_alert, per_hour, least, sees_hidden)| Rules {
                people,
                groups,
                observe: observe.is_some(),
                per_alert,
                per_hour,
                least,
                sees_hidden,
            },
        )
}

fn grade() -> impl Strategy<Value = Grade> {
    select(vec![Grade::Low, Grade::Medium, Grade::High])
}

fn app() -> impl Strategy<Value = AppOf> {
    (
        (
            prop_oneof![4 => Just(1_usize), 1 => Just(2_usize)],
            1_usize..3,
            1_usize..4,
            1_u32..4,
        ),
        select(vec![20_u64, 5, 0]),
        select(vec![300_u64, 60, 8]),
        select(vec![60_u64, 15, 5]),
        select(vec![5_u64, 0]),
        prop_oneof![4 => Just(0), 1 => select(vec![600, -600])],
        (0_u16..1000, select(vec![0_u32, 1_300, 4_000])),
    )
        .prop_map(
            |(
                (instances, pumps, concurrency, deliveries),
                verify,
                queue,
                http,
                wait,
                skew,
                (begins, waits),
            )| AppOf {
                instances,
                pumps,
                concurrency,
                deliveries,
                verify,
                queue_deadline: queue,
                http_deadline: http,
                redelivery_wait: wait,
                waits,
                skew,
                begins,
            },
        )
}

fn alert() -> impl Strategy<Value = AlertOf> {
    let copies = prop_oneof![2 => Just(0_u8), 4 => Just(1_u8), 1 => 2_u8..4];
    let shape = prop_oneof![
        6 => Just(Form::Manual),
        1 => Just(Form::Text),
        3 => Just(Form::Incident),
        3 => Just(Form::GraphAlert),
        1 => Just(Form::RiskyUser),
        1 => Just(Form::Garbled),
    ];
    let at = prop_oneof![2 => Just(0_u32), 3 => 0_u32..4000, 1 => 0_u32..4_000_000];
    (
        copies,
        shape,
        weighted(0.5, grade()),
        vec(mention(), 0..5),
        at,
        weighted(0.2, Just(())),
    )
        .prop_map(|(copies, shape, grade, mentions, at, expect)| AlertOf {
            copies,
            shape,
            grade,
            mentions,
            at,
            expect: expect.is_some(),
        })
}

fn mention() -> impl Strategy<Value = Mention> {
    let who = prop_oneof![
        12 => (0..PEOPLE).prop_map(Who::Person),
        1 => (0_usize..3).prop_map(Who::Stranger),
        1 => (0_usize..2).prop_map(Who::Machine),
    ];
    let by = select(vec![
        By::Id,
        By::Upn,
        By::UpnInCapitals,
        By::CloudSid,
        By::Sid,
        By::Mail,
        By::Account,
        By::IdAndUpn,
        By::IdAndOldUpn,
        By::UpnAndSid,
    ]);
    (who, by, weighted(0.05, Just(()))).prop_map(|(who, by, elsewhere)| Mention {
        who,
        by,
        elsewhere: elsewhere.is_some(),
    })
}

/// A moment of the story, in milliseconds.
fn moment() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0_u32..3_000, 1 => 0_u32..60_000]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let op = select(vec![
        Op::Revoke,
        Op::ReadUser,
        Op::Members,
        Op::FindUser,
        Op::ReadGroup,
        Op::Token,
        Op::Anything,
    ]);
    let call = (
        op,
        weighted(0.4, 0..PEOPLE),
        0_u32..6,
        prop_oneof![3 => 1_u32..5, 1 => Just(40_u32)],
        any::<bool>(),
        how(),
    )
        .prop_map(|(on, person, after, times, effect, how)| Trouble::Call {
            on,
            person,
            after,
            times,
            effect,
            how,
        });
    let right = select(vec![
        Right::Revoke,
        Right::ReadUsers,
        Right::ReadMembers,
        Right::ReadHidden,
    ]);
    let output = select(vec![Output::Receipts, Output::Rejected, Output::Handover]);
    prop_oneof![
        10 => call,
        1 => (0_u32..40_000).prop_map(|milliseconds| Trouble::Lag { milliseconds }),
        1 => (1_u32..4).prop_map(|reads| Trouble::LagReads { reads }),
        1 => (right, moment(), of(0_u32..20_000)).prop_map(|(lost, at, back)| Trouble::Permission {
            lost,
            at,
            back: back.map(|after| at + after),
        }),
        1 => moment().prop_map(|at| Trouble::TokensRevoked { at }),
        1 => moment().prop_map(|until| Trouble::OthersTokens { until }),
        1 => (0..PEOPLE, moment()).prop_map(|(person, at)| Trouble::Deleted { person, at }),
        1 => (0..PEOPLE, moment()).prop_map(|(person, at)| Trouble::Renamed { person, at }),
        1 => (0..PEOPLE, moment()).prop_map(|(person, at)| Trouble::CutByOthers { person, at }),
        1 => (0..PEOPLE, moment()).prop_map(|(person, at)| Trouble::SignIn { person, at }),
        1 => (0_u32..3).prop_map(|nth| Trouble::LedgerFails { nth }),
        1 => (0_u32..3).prop_map(|nth| Trouble::LedgerForgets { nth }),
        1 => (0_u32..20_000).prop_map(|milliseconds| Trouble::LedgerSlow { milliseconds }),
        1 => (output, prop_oneof![3 => 1_usize..3, 1 => Just(10_usize)]).prop_map(|(output, times)| Trouble::OutputRefused { output, times }),
        1 => (0_u32..3, moment()).prop_map(|(nth, after)| Trouble::LockLost { nth, after }),
        1 => (1_usize..16).prop_map(|call| Trouble::Death { call }),
    ]
}

fn how() -> impl Strategy<Value = How> {
    let retry_after = select(vec!["2", "2.128", "30", "0", "-5", "31536000", "soon"]);
    prop_oneof![
        4 => of(retry_after).prop_map(|text| How::Throttled(text.map(str::to_owned))),
        1 => (1_u64..40).prop_map(How::ThrottledUntil),
        4 => select(vec![500_u16, 503, 504, 408, 409, 400, 403, 401, 404]).prop_map(How::Status),
        1 => select(vec!["3", "40"]).prop_map(|text| How::Down(text.to_owned())),
        2 => Just(How::Reset),
        2 => (0_u64..700).prop_map(How::Truncated),
        1 => Just(How::Garbage),
        1 => Just(How::Hang),
        2 => (1_u32..20_000).prop_map(How::Late),
        1 => Just(How::Hollow),
        1 => Just(How::Denied),
        1 => Just(How::Stray),
    ]
}

/// Combinations of faults that failed once, and that single faults seldom form.
fn known() -> impl Strategy<Value = Vec<Trouble>> {
    let call = |on, person, after, times, how| Trouble::Call {
        on,
        person,
        after,
        times,
        effect: false,
        how,
    };
    prop_oneof![
        // One person is cut, another has to wait, and then Graph is unavailable until the last delivery.
        (0..PEOPLE, 1_u32..4, 4_u32..16).prop_map(move |(person, times, after)| {
            vec![
                call(Op::ReadUser, Some(person), 0, times, How::Status(503)),
                call(Op::Anything, None, after, 40, How::Status(503)),
            ]
        }),
        // Graph says that it did nothing, or does nothing and reports success.
        (
            0_u32..3,
            1_u32..40,
            select(vec![How::Denied, How::Hollow]),
            of(1_u32..15_000)
        )
            .prop_map(move |(after, times, how, late)| {
                let late = late.map(|late| call(Op::ReadUser, None, 0, 40, How::Late(late)));
                let revoke = call(Op::Revoke, None, after, times, how);
                std::iter::once(revoke).chain(late).collect()
            }),
        // The receipts cannot be written, again and again.
        (1_usize..=10, moment(), 0..PEOPLE).prop_map(|(times, at, person)| {
            vec![
                Trouble::OutputRefused {
                    output: Output::Receipts,
                    times,
                },
                Trouble::CutByOthers { person, at },
            ]
        }),
        // Which members are visible changes during the look-up.
        (moment(), of(0_u32..4_000), moment()).prop_map(|(at, after, revoked)| {
            vec![
                Trouble::Permission {
                    lost: Right::ReadHidden,
                    at,
                    back: after.map(|after| at + after),
                },
                Trouble::TokensRevoked { at: revoked },
            ]
        }),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// The number of stories with a property.
    fn among(cases: &[Case], holds: impl Fn(&Case) -> bool) -> usize {
        cases.iter().filter(|case| holds(case)).count()
    }

    #[test]
    fn the_cases_that_once_went_wrong_are_drawn() {
        let mut runner = TestRunner::deterministic();
        let draw = |_| case().new_tree(&mut runner).unwrap().current();
        let cases: Vec<Case> = (0..2_000).map(draw).collect();
        let guarded = |case: &Case, sees: bool| {
            let hides = |group: &usize| case.groups.get(*group).is_some_and(|group| group.hidden);
            case.policy.groups.iter().any(hides) && case.policy.sees_hidden == sees
        };
        let troubled = |case: &Case, is: fn(&Trouble) -> bool| case.trouble.iter().any(is);
        let renamed = |case: &Case| {
            case.policy.people.iter().any(|(protected, by_name)| {
                let is = |trouble: &Trouble| matches!(trouble, Trouble::Renamed { person, .. } if person == protected);
                *by_name && case.trouble.iter().any(is)
            })
        };
        let told_false = |trouble: &Trouble| {
            matches!(
                trouble,
                Trouble::Call {
                    on: Op::Revoke,
                    how: How::Denied,
                    ..
                }
            )
        };
        let hollow = |trouble: &Trouble| {
            matches!(
                trouble,
                Trouble::Call {
                    on: Op::Revoke,
                    how: How::Hollow,
                    ..
                }
            )
        };
        let refused = |trouble: &Trouble| matches!(trouble, Trouble::OutputRefused { output: Output::Receipts, times } if *times > 2);
        let away = |trouble: &Trouble| {
            matches!(
                trouble,
                Trouble::Call {
                    on: Op::Anything,
                    after: 4..,
                    times: 40,
                    ..
                }
            )
        };
        let in_that_second = |case: &Case| case.people.iter().any(|person| person.cut == Some(0));
        let drawn = [
            (
                "a hidden group that is not seen",
                among(&cases, |case| guarded(case, false)),
            ),
            (
                "a hidden group that is seen",
                among(&cases, |case| guarded(case, true)),
            ),
            ("a protected name that is given up", among(&cases, renamed)),
            (
                "P1",
                among(&cases, |case| {
                    troubled(case, away) && case.app.deliveries > 1
                }),
            ),
            ("P10", among(&cases, |case| troubled(case, told_false))),
            (
                "C1",
                among(&cases, |case| {
                    troubled(case, hollow) && in_that_second(case)
                }),
            ),
            ("R5", among(&cases, |case| troubled(case, refused))),
        ];
        for (name, times) in drawn {
            assert!(times >= 10, "{name}: {times} of 2,000");
        }
    }
}
