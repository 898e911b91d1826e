//! The comment that is written into an incident: a table, what stays alive and until when, what a person has to do.

use evict::domain::{Mode, Outcome, Story, Told, WithholdReason};
use evict::receipt::{
    AlertReport, COMMENT_LIMIT, comment_under_way, incident_comment, told_so_far,
};
use proptest::prelude::*;

use crate::support::receipts::{alert, crowd, receipt, report, time, upn};

fn nothing() -> Story {
    Story::of(uuid::Uuid::nil())
}

fn comment_of(report: &AlertReport<'_>, story: &Story) -> String {
    incident_comment(report, story, time("2026-11-23T20:10:31Z"))
}

/// Of three users one is cut, one is deferred, and one has not ended.
#[test]
fn what_is_under_way_claims_nothing_of_whoever_has_not_ended() {
    let (parsed, mut receipts) = crowd(3, &Outcome::Revoked { verified: true }, None);
    receipts[2].outcome = Outcome::Deferred;
    let ended = [(0, receipts.remove(0)), (2, receipts.remove(1))].into();
    let at = time("2026-11-23T20:10:31Z");
    let comment = comment_under_way(&parsed, Mode::Enforce, &ended, &nothing(), at);
    let above: Vec<&str> = comment.lines().take(7).collect();
    insta::assert_snapshot!(above.join("\n"), @r"
    <p><b>Evict:</b> 1 of 3 accounts cut. Signed out 27 s after the alert. 2 were not finished at 2026-11-23 20:10:31 UTC and go on as soon as Graph allows; this comment is replaced then.</p>
    <table>
    <tr><th>Account</th><th>Sessions</th><th>Cut at</th></tr>
    <tr><td>user0@contoso.com</td><td>cut and verified</td><td>2026-11-23 20:10:28 UTC</td></tr>
    <tr><td>user1@contoso.com</td><td>not finished yet</td><td></td></tr>
    <tr><td>user2@contoso.com</td><td>not finished yet</td><td></td></tr>
    </table>
    ");
    assert_eq!(comment.matches("<li>").count(), 1, "{comment}");
}

#[test]
fn the_table_comes_first_then_what_is_alive_then_what_to_do() {
    let subjects = vec![
        upn("alice@contoso.com"),
        upn("bob.stone@contoso.com"),
        upn("breakglass@contoso.com"),
        upn("frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
        upn("gone@contoso.com"),
        upn("late@contoso.com"),
    ];
    let outcomes = [
        Outcome::Revoked { verified: true },
        Outcome::Revoked { verified: false },
        Outcome::Withheld {
            reason: WithholdReason::ProtectedUser,
        },
        Outcome::NotEffective {
            home_domain: Some("fabrikam.com".to_owned()),
        },
        Outcome::NotFound,
        Outcome::HandedOver,
    ];
    let receipts: Vec<_> = (1..)
        .zip(&subjects)
        .zip(outcomes)
        .map(|((number, subject), outcome)| receipt(number, subject, outcome))
        .collect();
    let parsed = alert(subjects);
    insta::assert_snapshot!(comment_of(&report(&parsed, &receipts), &nothing()));
}

/// A user who was cut by an earlier part stays cut, whatever a later part saw of the same user.
#[test]
fn what_was_told_stays_and_what_ended_now_is_added() {
    let (parsed, mut receipts) = crowd(3, &Outcome::Revoked { verified: true }, None);
    receipts[2].outcome = Outcome::HandedOver;
    let first = told_so_far(&nothing(), &receipts);
    assert_eq!(first.told.len(), 2);
    for receipt in &mut receipts {
        receipt.outcome = Outcome::AlreadyCut;
    }
    receipts[2].outcome = Outcome::NotFound;
    let all = told_so_far(&first, &receipts);
    let words: Vec<&str> = all.told.iter().map(|told| told.outcome.as_str()).collect();
    assert_eq!(words, ["revoked", "revoked", "not_found"]);
    let comment = comment_of(&report(&parsed, &receipts), &first);
    assert!(comment.contains("2 of 3 accounts cut."), "{comment}");
    assert_eq!(comment.matches("cut and verified").count(), 2, "{comment}");
}

/// A user that two accounts of an alert name may be withheld in one part and cut in the next.
#[test]
fn what_was_told_of_anything_but_a_cut_gives_way_to_what_came_of_it() {
    let withheld = Outcome::Withheld {
        reason: WithholdReason::BlastRadius,
    };
    let (_, receipts) = crowd(1, &withheld, None);
    let first = told_so_far(&nothing(), &receipts);
    let (parsed, receipts) = crowd(1, &Outcome::Revoked { verified: true }, None);
    let comment = comment_of(&report(&parsed, &receipts), &first);
    assert!(comment.contains("1 of 1 account cut."), "{comment}");
    let all = told_so_far(&first, &receipts);
    let words: Vec<&str> = all.told.iter().map(|told| told.outcome.as_str()).collect();
    assert_eq!(words, ["revoked"]);
}

#[test]
fn more_than_a_message_can_carry_are_counted() {
    let (parsed, receipts) = crowd(250, &Outcome::Revoked { verified: true }, None);
    let told = told_so_far(&nothing(), &receipts);
    let left_out = (told.left_out, told.left_out_cut);
    assert_eq!((told.told.len(), left_out), (100, (150, 150)));
    let (_, none) = crowd(0, &Outcome::NotFound, None);
    let comment = comment_of(&report(&parsed, &none), &told);
    assert!(
        comment.contains("250 of 250 accounts cut.")
            && comment.contains("150 more. The receipts name each."),
        "{comment}"
    );
}

#[test]
fn those_with_one_next_step_stand_together() {
    let (parsed, receipts) = crowd(
        14,
        &Outcome::Withheld {
            reason: WithholdReason::ProtectedGroup,
        },
        None,
    );
    let comment = comment_of(&report(&parsed, &receipts), &nothing());
    assert_eq!(comment.matches("<li>").count(), 1, "{comment}");
    assert!(
        comment.contains("user9@contoso.com, 4 more</b>"),
        "{comment}"
    );
}

#[test]
fn the_times_are_those_of_the_latest_cut() {
    let (parsed, mut receipts) = crowd(2, &Outcome::Revoked { verified: true }, None);
    receipts[1].calls[0].at = time("2026-11-23T21:00:00Z");
    let comment = comment_of(&report(&parsed, &receipts), &nothing());
    for until in ["22:30:00", "21:15:00", "2026-11-25 01:00:00"] {
        assert!(comment.contains(until), "{until}: {comment}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_keeps_to_its_limit_whatever_is_told(
        text in "(\\PC|[<>&*\\n\u{202e}]){1,8}",
        times in 1_usize..400,
        count in 0_u32..400,
        told in 0_usize..200,
    ) {
        let text = text.repeat(times);
        let (parsed, mut receipts) = crowd(count, &Outcome::NotFound, None);
        for (index, receipt) in receipts.iter_mut().enumerate() {
            receipt.subject.0 = format!("{index}{text}");
            receipt.detail = Some(format!("{index}{text}"));
        }
        let story = Story {
            told: (0..told).map(|number| Told {
                account: format!("told {number} {text}"),
                id: None,
                outcome: Outcome::NotEffective { home_domain: Some(text.clone()) },
                cut_at: None,
            }).collect(),
            left_out: told,
            ..nothing()
        };
        let comment = comment_of(&report(&parsed, &receipts), &story);
        prop_assert!(comment.encode_utf16().count() <= COMMENT_LIMIT);
        prop_assert!(!comment.contains("\n\n"));
        prop_assert!(!comment.contains('\u{202e}'), "{}", comment);
    }
}
