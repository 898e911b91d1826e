//! The incident comment: its content, and that no text of an alert can be markup in it.

use evict::domain::{
    AlertHeader, Mode, NothingToDoReason, Outcome, Parsed, Shape, SubjectKind, WithholdReason,
};
use evict::receipt::{AlertReport, COMMENT_LIMIT, comment};
use proptest::prelude::*;

use crate::support::receipts::{
    alert, crowd, flagged, malformed, named, nothing, receipt, report, time, upn,
};

/// The comment as displayed: character references are replaced by their characters.
fn seen(comment: &str) -> String {
    let mut seen = String::new();
    let mut rest = comment;
    while let Some((before, after)) = rest.split_once("&#") {
        let (number, after) = after.split_once(';').unwrap();
        seen.push_str(before);
        seen.push(char::from_u32(number.parse().unwrap()).unwrap());
        rest = after;
    }
    seen + rest
}

#[test]
fn the_comment_says_who_was_cut_what_lives_on_and_what_to_do_next() {
    let subjects = vec![
        upn("alice@contoso.com"),
        upn("bob.stone@contoso.com"),
        upn("breakglass@contoso.com"),
        upn("frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
        upn("gone@contoso.com"),
        named(SubjectKind::Machine, "LAPTOP-7$"),
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
        Outcome::NotAUser {
            kind: SubjectKind::Machine,
        },
    ];
    let receipts: Vec<_> = (1..)
        .zip(&subjects)
        .zip(outcomes)
        .map(|((number, subject), outcome)| receipt(number, subject, outcome))
        .collect();
    let parsed = alert(subjects.clone());
    let comment = comment(&report(&parsed, &receipts));
    insta::assert_snapshot!(seen(&comment), @r#"
        <p><b>Evict:</b> 6 accounts: 1 cut and verified, 1 cut but not verified, 1 withheld, 1 external and not cut, 1 not found, 1 not a user.</p>
        <ul>
        <li><b>alice@contoso.com</b> (6cace4d5-19d5-4695-92e7-000000000001): Sessions cut at 2026-11-23 20:10:28 UTC, 27 s after the alert, and verified: only sessions begun after 2026-11-23 20:10:27 UTC are valid.</li>
        <li><b>bob.stone@contoso.com</b> (6cace4d5-19d5-4695-92e7-000000000002): Graph accepted the cut at 2026-11-23 20:10:28 UTC, 27 s after the alert, but it did not show when it was read back. Next: look for sign-ins and activity after that time, or send the alert again in a few minutes, which cuts once more.</li>
        <li><b>breakglass@contoso.com</b> (6cace4d5-19d5-4695-92e7-000000000003): Not cut: the user is protected by EVICT_PROTECTED_USERS. Next: a person decides, and cuts the sessions in the Entra admin center if need be.</li>
        <li><b>frank.moreau_fabrikam.com#EXT#@contoso.onmicrosoft.com</b> (6cace4d5-19d5-4695-92e7-000000000004): Not cut, and not from here: an external user, who signs in at the home tenant (probably fabrikam.com). Next: ask that tenant to cut the sessions, and block or remove the guest account here.</li>
        <li><b>gone@contoso.com</b>: Nobody was cut: the tenant has no user with these identifiers. Next: see whether the account was deleted, is an application, or goes by another name.</li>
        <li><b>LAPTOP-7$</b>: Nothing to cut: a computer account has no user sessions.</li>
        </ul>
        <p><b>What a cut leaves alive:</b></p>
        <ul>
        <li>Everything, for the few minutes that a cut may take to hold everywhere.</li>
        <li>Access tokens issued before the cut, where an application does not use continuous access evaluation: 60 to 90 minutes, unless a token lifetime policy of the tenant says otherwise. Until 2026-11-23 21:40:28 UTC.</li>
        <li>Access tokens issued before the cut, where an application uses continuous access evaluation: refused in near real time, within 15 minutes. Until 2026-11-23 20:25:28 UTC.</li>
        <li>The same tokens, if the evaluation does not reach the application: they are issued for up to 28 hours. Until 2026-11-25 00:10:28 UTC.</li>
        <li>Sessions that an application keeps by a cookie of its own: Entra ID cannot end them.</li>
        <li>New sign-ins: a cut does not disable the account, and whoever knows the credentials can sign in again.</li>
        <li>What was set up before: consents to applications, app passwords, inbox rules, registered devices and sign-in methods.</li>
        </ul>
        "#);
}

#[test]
fn the_comment_is_html_with_every_mark_of_either_language_written_as_a_reference() {
    let subjects = vec![upn("alice@contoso.com")];
    let receipts = vec![receipt(
        1,
        &subjects[0],
        Outcome::Withheld {
            reason: WithholdReason::Observe,
        },
    )];
    let parsed = alert(subjects);
    let report = AlertReport {
        mode: Mode::Observe,
        ..report(&parsed, &receipts)
    };
    insta::assert_snapshot!(comment(&report), @r#"
        <p><b>Evict:</b> 1 account: 1 withheld.</p>
        <p>The mode is observe: nothing was changed.</p>
        <ul>
        <li><b>alice@contoso.com</b> (6cace4d5-19d5-4695-92e7-000000000001): Would have been cut, but EVICT_MODE is observe: nothing was changed.</li>
        </ul>
        "#);
}

/// The comment's sentence about an account with this outcome.
fn sentence(outcome: &Outcome, policy: Option<&'static str>) -> String {
    let (parsed, mut receipts) = crowd(1, outcome, policy);
    receipts[0].still_alive.clear();
    let comment = seen(&comment(&report(&parsed, &receipts)));
    let line = comment
        .lines()
        .find(|line| line.starts_with("<li>"))
        .unwrap();
    let (_, sentence) = line.trim_end_matches("</li>").split_once(": ").unwrap();
    format!("{}: {sentence}", outcome.as_str())
}

#[test]
fn every_outcome_has_a_sentence() {
    let sentences: Vec<String> = [
        Outcome::Revoked { verified: true },
        Outcome::Revoked { verified: false },
        Outcome::AlreadyCut,
        Outcome::NotEffective { home_domain: None },
        Outcome::NotFound,
        Outcome::Ambiguous { candidates: 2 },
        Outcome::Failed {
            fix: evict::domain::Fix::Permission,
        },
        Outcome::Deferred,
        Outcome::HandedOver,
    ]
    .iter()
    .map(|outcome| sentence(outcome, None))
    .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
        revoked: Sessions cut at 2026-11-23 20:10:28 UTC, 27 s after the alert, and verified: only sessions begun after 2026-11-23 20:10:27 UTC are valid.
        revoked: Graph accepted the cut at 2026-11-23 20:10:28 UTC, 27 s after the alert, but it did not show when it was read back. Next: look for sign-ins and activity after that time, or send the alert again in a few minutes, which cuts once more.
        already_cut: The sessions had already been cut at 2026-11-23 20:10:29 UTC, after this alert was put on the queue; they were not cut again.
        not_effective: Not cut, and not from here: an external user, who signs in at the home tenant. Next: ask that tenant to cut the sessions, and block or remove the guest account here.
        not_found: Nobody was cut: the tenant has no user with these identifiers. Next: see whether the account was deleted, is an application, or goes by another name.
        ambiguous: Nobody was cut: the identifiers fit 2 users, or users who differ. Next: send a manual message with the object id of the one who is meant.
        failed: Failed: no cut is proved, since the app lacks a permission. Next: grant it, then send the alert again; a message from the queue waits in evict-rejected, ready to be put back.
        deferred: Not finished: no cut is proved yet. It is tried again if this came through the queue.
        handed_over: Not finished yet: it is on the queue and finished there. Another receipt follows.
        "#);
}

#[test]
fn every_reason_to_withhold_names_its_setting_and_what_to_do() {
    let sentences: Vec<String> = [
        (WithholdReason::TokenTenant, None),
        (WithholdReason::OtherTenant, None),
        (WithholdReason::ProtectedUser, None),
        (WithholdReason::ProtectedGroup, None),
        (WithholdReason::MembershipUnknown, None),
        (WithholdReason::ProtectedGroupMissing, None),
        (WithholdReason::BelowMinimumSeverity, None),
        (
            WithholdReason::BlastRadius,
            Some("EVICT_MAX_USERS_PER_ALERT"),
        ),
        (
            WithholdReason::BlastRadius,
            Some("EVICT_MAX_USERS_PER_HOUR"),
        ),
        (WithholdReason::BlastRadius, None),
        (WithholdReason::Observe, None),
    ]
    .into_iter()
    .map(|(reason, policy)| sentence(&Outcome::Withheld { reason }, policy))
    .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
        withheld: Not cut: the app's own token is of another tenant than EVICT_TENANT_ID allows. Next: correct the setting or the deployment, then send the alert again.
        withheld: Not cut: the account belongs to another tenant than the one in EVICT_TENANT_ID. Next: tell the administrators of that tenant.
        withheld: Not cut: the user is protected by EVICT_PROTECTED_USERS. Next: a person decides, and cuts the sessions in the Entra admin center if need be.
        withheld: Not cut: the user is in a group that is protected by EVICT_PROTECTED_GROUPS. Next: a person decides, and cuts the sessions in the Entra admin center if need be.
        withheld: Not cut: whether the user is in a group of EVICT_PROTECTED_GROUPS could not be read. Next: run the self-check, which tells what is missing, then send the alert again.
        withheld: Not cut: a group of EVICT_PROTECTED_GROUPS does not exist, so that nobody can be found in it. Next: correct the setting, then send the alert again.
        withheld: Not cut: the alert is less grave than EVICT_MIN_SEVERITY asks for. Next: if the user is to be cut all the same, send a manual message.
        withheld: Not cut: the alert names more users than EVICT_MAX_USERS_PER_ALERT allows. Next: if all of them are meant, send the manual message that comes with this report.
        withheld: Not cut: no more users may be cut now under EVICT_MAX_USERS_PER_HOUR. Next: if the users are meant, send the alert again when the hour has moved on, or raise the setting.
        withheld: Not cut: no more users may be cut now under the caps of users. Next: if the users are meant, send the alert again when the hour has moved on, or raise the setting.
        withheld: Would have been cut, but EVICT_MODE is observe: nothing was changed.
        "#);
}

#[test]
fn every_kind_of_account_that_is_no_user_has_a_sentence() {
    let sentences: Vec<String> = [
        SubjectKind::Machine,
        SubjectKind::Group,
        SubjectKind::System,
        SubjectKind::ServicePrincipal,
        SubjectKind::ManagedIdentity,
        SubjectKind::Other,
    ]
    .into_iter()
    .map(|kind| sentence(&Outcome::NotAUser { kind }, None))
    .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
        not_a_user: Nothing to cut: a computer account has no user sessions.
        not_a_user: Nothing to cut: a group has no sessions, and its members are not touched.
        not_a_user: Nothing to cut: a built-in account of an operating system is not in Entra ID.
        not_a_user: Nothing to cut: an application has no user sessions. Next: disable its service principal and replace its credentials.
        not_a_user: Nothing to cut: a managed identity has no user sessions. Next: look after the resource that uses it.
        not_a_user: Nothing to cut: it cannot be looked up in Entra ID by what the alert says of it.
        "#);
}

#[test]
fn nothing_to_do_and_unreadable_are_said_in_a_sentence() {
    let reasons = [
        NothingToDoReason::NoAccount,
        NothingToDoReason::EntitiesPending,
        NothingToDoReason::NoUser,
        NothingToDoReason::NotificationOnly,
        NothingToDoReason::Resolved,
        NothingToDoReason::Redirected {
            into: Some("14".to_owned()),
        },
        NothingToDoReason::NotAnAlert {
            taken_for: "a sign-in",
        },
        NothingToDoReason::SubscriptionValidation {
            code: "512d38b6".to_owned(),
        },
    ];
    let comments: Vec<String> = reasons
        .into_iter()
        .map(nothing)
        .chain([Parsed::Malformed(malformed())])
        .map(|parsed| seen(&comment(&report(&parsed, &[]))))
        .collect();
    insta::assert_snapshot!(comments.join("\n"), @r#"
    <p><b>Evict:</b> Nothing to do: the alert names no account.</p>
    <p><b>Evict:</b> Nothing was done yet: the entities had not arrived when this was sent. Next: send it again in a few minutes.</p>
    <p><b>Evict:</b> Nothing to do: the alert names accounts, but flags no user among them.</p>
    <p><b>Evict:</b> Nothing to do: this only announces something and does not say whom it is about. Next: fetch the alert or the results that it links to, and send those.</p>
    <p><b>Evict:</b> Nothing to do: the alert or incident is over, by its sender's own word (closed, resolved, dismissed, or found to be none). Next: if somebody of it is to be cut all the same, send a manual message.</p>
    <p><b>Evict:</b> Nothing to do: the incident was merged into the incident 14, which holds its alerts now. Next: send that one.</p>
    <p><b>Evict:</b> Nothing to do: this is no alert, but a sign-in.</p>
    <p><b>Evict:</b> Nothing to do: Event Grid asked whether this endpoint is ours.</p>
    <p><b>Evict:</b> What was sent could not be read, and nobody was cut.</p>
    <p>At $.users[3]: expected a text or an object, and a number stands there. Next: correct it and send it again.</p>
    "#);
}

#[test]
fn a_capped_alert_gets_the_message_that_names_exactly_the_withheld_users() {
    let (parsed, mut receipts) = crowd(
        4,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    );
    // One was cut; one was never looked up, so only the sender's words are known.
    receipts[0].outcome = Outcome::Revoked { verified: true };
    receipts[0].policy = None;
    receipts[3].user = None;
    let comment = comment(&report(&parsed, &receipts));
    let (_, rest) = comment.split_once("<pre><code>").unwrap();
    let (message, _) = rest.split_once("</code></pre>").unwrap();
    insta::assert_snapshot!(message, @r#"{"users":["6cace4d5-19d5-4695-92e7-000000000001","6cace4d5-19d5-4695-92e7-000000000002",{"upn":"user3\u0040contoso\u002ecom"}],"severity":"High","incident":"/subscriptions/8a119b9e-16bc-4732-8f7b-7676d015b0dc/resourceGroups/rg-soc/providers/Microsoft\u002eOperationalInsights/workspaces/contoso-soc/providers/Microsoft\u002eSecurityInsights/Incidents/20731ab2-4c8b-4eb4-8f1e-accf4372a2a7","alert":"a30f4300-bbee-4636-9d33-bc6d96f0da84","expect":3}"#);
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    assert_eq!(message["expect"], 3);
    assert_eq!(message["users"].as_array().unwrap().len(), 3);
    assert_eq!(
        message["users"][0],
        receipts[1].user.as_ref().unwrap().id.to_string()
    );
    assert_eq!(message["users"][2]["upn"], "user3@contoso.com");
}

#[test]
fn a_user_who_was_named_twice_is_counted_once_in_the_message_that_lifts_the_cap() {
    let (parsed, mut receipts) = crowd(
        3,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    );
    receipts[2].user = receipts[0].user.clone();
    let comment = comment(&report(&parsed, &receipts));
    let (_, rest) = comment.split_once("<pre><code>").unwrap();
    let (message, _) = rest.split_once("</code></pre>").unwrap();
    let message: serde_json::Value = serde_json::from_str(message).unwrap();
    assert_eq!(message["expect"], 2);
    assert_eq!(message["users"].as_array().unwrap().len(), 2);
}

#[test]
fn the_cap_per_hour_gives_no_message_because_none_lifts_it() {
    let (parsed, receipts) = crowd(
        2,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_HOUR"),
    );
    assert!(!comment(&report(&parsed, &receipts)).contains("<pre>"));
}

#[test]
fn a_comment_that_is_too_short_for_all_says_in_its_last_line_how_many_are_missing() {
    let (parsed, receipts) = crowd(
        2_000,
        &Outcome::Withheld {
            reason: WithholdReason::BlastRadius,
        },
        Some("EVICT_MAX_USERS_PER_ALERT"),
    );
    let comment = comment(&report(&parsed, &receipts));
    assert!(comment.encode_utf16().count() <= COMMENT_LIMIT);
    assert!(comment.encode_utf16().count() > COMMENT_LIMIT - 1_000);
    let listed = comment
        .lines()
        .filter(|line| line.starts_with("<li>"))
        .count();
    let last = seen(comment.lines().last().unwrap());
    assert!(last.starts_with("<p>Not listed here"), "{last}");
    assert!(
        last.contains(&format!(
            "{} accounts ({} withheld)",
            2_000 - listed,
            2_000 - listed
        )),
        "{last}"
    );
    // The message is too long as well, and the comment says where it is.
    assert!(comment.contains("alert.confirm"));
}

#[test]
fn the_latest_bound_is_given_for_what_stays_alive() {
    let (parsed, mut receipts) = crowd(2, &Outcome::Revoked { verified: true }, None);
    receipts[1].calls[0].at = time("2026-11-23T21:00:00Z");
    receipts[1].still_alive =
        evict::domain::still_alive(&receipts[1].outcome, evict::domain::cut_at(&receipts[1]));
    let comment = seen(&comment(&report(&parsed, &receipts)));
    assert_eq!(comment.matches("60 to 90 minutes").count(), 1);
    assert!(
        comment.contains("Until 2026-11-23 22:30:00 UTC."),
        "{comment}"
    );
}

#[test]
fn what_a_sender_wrote_is_no_markup_no_link_and_no_mention() {
    let evil = "</li><script>alert(1)</script> **x** [y](https://evil.example) @soc \u{202e}\u{0}\r\n\r\n# z";
    let subject = named(SubjectKind::Other, evil);
    let mut receipts = vec![receipt(
        1,
        &subject,
        Outcome::NotAUser {
            kind: SubjectKind::Other,
        },
    )];
    receipts[0].detail = Some(evil.to_owned());
    let mut header = AlertHeader::new(Shape::Manual);
    header.reason = Some(evil.to_owned());
    header.requested_by = Some(evil.to_owned());
    let parsed = Parsed::Alert(evict::domain::Alert {
        header,
        subjects: vec![flagged(subject)],
        mentioned: Vec::new(),
        unread: Vec::new(),
    });
    let comment = comment(&report(&parsed, &receipts));
    for mark in [
        "<script", "**", "](", "://", " @", "\u{202e}", "\u{0}", "\r", "\n\n", "# z",
    ] {
        assert!(!comment.contains(mark), "{mark:?} in {comment}");
    }
    // Our own elements and nothing else.
    let tags = comment.matches('<').count();
    let ours = [
        "<p>", "</p>", "<b>", "</b>", "<ul>", "</ul>", "<li>", "</li>",
    ]
    .iter()
    .map(|tag| comment.matches(tag).count())
    .sum::<usize>();
    assert_eq!(tags, ours, "{comment}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_comment_keeps_to_its_limit_whatever_is_written(
        text in "(\\PC|[<>&*\\n\u{202e}]){0,8}",
        times in 0_usize..1_000,
        count in 0_u32..120,
        capped in any::<bool>(),
    ) {
        let text = text.repeat(times);
        let policy = capped.then_some("EVICT_MAX_USERS_PER_ALERT");
        let (parsed, mut receipts) = crowd(count, &Outcome::Withheld { reason: WithholdReason::BlastRadius }, policy);
        let Parsed::Alert(mut alert) = parsed else { unreachable!() };
        alert.header.reason = Some(text.clone());
        alert.header.requested_by = Some(text.clone());
        alert.header.incident_id = Some(text.clone());
        for (index, receipt) in receipts.iter_mut().enumerate() {
            receipt.detail = Some(text.clone());
            receipt.subject.0.clone_from(&text);
            receipt.still_alive[0].what = format!("{index}{text}");
            if index % 3 == 0 {
                receipt.outcome = Outcome::AlreadyCut;
            }
        }
        let parsed = Parsed::Alert(alert);
        let comment = comment(&report(&parsed, &receipts));
        prop_assert!(comment.encode_utf16().count() <= COMMENT_LIMIT);
        prop_assert!(!comment.contains("\n\n"));
    }
}
