//! No input clears a protected account, for any policy, alert and answer of the directory.

use evict::domain::{
    Admission, AlertHeader, Cleared, ClearedAs, Flag, FoundBy, GroupId, HomeTenant, Mode, Policy,
    ProtectedUser, Severity, Shape, State, Subject, SubjectKind, SubjectRef, TenantId, User,
    UserId, WrittenBy,
};
use evict::guard::{Allowance, Examined, Membership, Screened, examine, plan};
use proptest::prelude::*;
use uuid::Uuid;

/// Few values of each kind, so that they coincide.
fn user_id() -> impl Strategy<Value = UserId> {
    (1_u128..5).prop_map(|n| UserId::from_uuid(Uuid::from_u128(n)).unwrap())
}

fn group_id() -> impl Strategy<Value = GroupId> {
    (1_u128..5).prop_map(|n| GroupId::from_uuid(Uuid::from_u128(n)).unwrap())
}

fn tenant_id() -> impl Strategy<Value = TenantId> {
    (1_u128..3).prop_map(|n| TenantId::from_uuid(Uuid::from_u128(n)).unwrap())
}

fn upn() -> impl Strategy<Value = evict::domain::UserPrincipalName> {
    "[abAB]@[cC]\\.d".prop_map(|text| text.parse().unwrap())
}

prop_compose! {
    fn policy()(
        tenant in tenant_id(),
        protected_users in proptest::collection::vec(
            prop_oneof![user_id().prop_map(ProtectedUser::Id), upn().prop_map(ProtectedUser::Upn)], 0..3),
        protected_groups in proptest::collection::vec(group_id(), 0..3),
        observe in any::<bool>(),
        max_users_per_alert in 0_usize..6,
        max_users_per_hour in 0_usize..6,
        min_severity in proptest::option::of(prop_oneof![Just(Severity::Low), Just(Severity::High)]),
    ) -> Policy {
        let mode = if observe { Mode::Observe } else { Mode::Enforce };
        Policy { tenant, protected_users, protected_groups, mode, max_users_per_alert, max_users_per_hour, min_severity }
    }
}

prop_compose! {
    fn user()(id in user_id(), upn in upn(), is_external in any::<bool>()) -> User {
        User {
            id,
            found_by: FoundBy::ObjectId,
            upn,
            mail: None,
            account_enabled: None,
            on_premises_synced: false,
            home: is_external.then_some(HomeTenant::Unknown),
            sessions_valid_from: None,
        }
    }
}

fn membership() -> impl Strategy<Value = Membership> {
    let groups = || proptest::collection::vec(group_id(), 0..4);
    prop_oneof![
        (groups(), groups()).prop_map(|(asked, member_of)| Membership::Known { asked, member_of }),
        groups().prop_map(Membership::GroupsMissing),
        groups().prop_map(Membership::GroupsHidden),
        Just(Membership::Unreadable("no".to_owned())),
    ]
}

prop_compose! {
    fn subject()(
        is_user in any::<bool>(),
        id in proptest::option::of(user_id()),
        tenant in proptest::option::of(tenant_id()),
        severity in proptest::option::of(prop_oneof![
            Just(Severity::None), Just(Severity::Low), Just(Severity::High),
        ]),
        over in any::<bool>(),
        by_person in any::<bool>(),
    ) -> Subject {
        let kind = if is_user { SubjectKind::User } else { SubjectKind::Machine };
        let written_by = if by_person { WrittenBy::Person } else { WrittenBy::Machine };
        let cleared = Cleared { how: ClearedAs::Dismissed, word: "dismissed".to_owned(), at: None };
        Subject {
            account: SubjectRef { id, tenant, ..SubjectRef::new(kind) },
            flag: Flag {
                severity,
                state: if over { State::Over(cleared) } else { State::Open },
                written_by,
            },
        }
    }
}

prop_compose! {
    fn header()(
        shape in prop_oneof![Just(Shape::Manual), Just(Shape::GraphAlertV2), Just(Shape::CloudEvents)],
        severity in proptest::option::of("(low|high|unknown|nonsense)"),
    ) -> AlertHeader {
        AlertHeader { severity, ..AlertHeader::new(shape) }
    }
}

fn is_protected(policy: &Policy, user: &User, membership: &Membership) -> bool {
    let by_name = policy
        .protected_users
        .iter()
        .any(|protected| match protected {
            ProtectedUser::Id(id) => *id == user.id,
            ProtectedUser::Upn(upn) => upn.as_str().eq_ignore_ascii_case(user.upn.as_str()),
        });
    let by_group = !policy.protected_groups.is_empty()
        && match membership {
            Membership::Known { asked, member_of } => policy
                .protected_groups
                .iter()
                .any(|group| member_of.contains(group) || !asked.contains(group)),
            Membership::GroupsMissing(_)
            | Membership::GroupsHidden(_)
            | Membership::Unreadable(_) => true,
        };
    by_name || by_group
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_input_clears_a_protected_account(policy in policy(), user in user(), membership in membership()) {
        let examined = examine(&policy, &[], &user, &membership);
        let is_eligible = matches!(examined, Examined::Eligible(_));
        let may_be = !is_protected(&policy, &user, &membership) && user.home.is_none();
        prop_assert_eq!(is_eligible, may_be);
    }

    #[test]
    fn only_enforcing_clears_and_only_as_many_as_were_granted(
        policy in policy(), users in proptest::collection::vec(user(), 0..8), granted in 0_usize..4,
    ) {
        let admission = Admission { granted, used: 0, reservation: 1, undecided: None };
        let allowance = Allowance::new(&admission, policy.max_users_per_hour, policy.mode);
        let known = Membership::Known { asked: policy.protected_groups.clone(), member_of: Vec::new() };
        let (mut cleared, mut taken) = (Vec::new(), 0);
        for user in &users {
            let Examined::Eligible(eligible) = examine(&policy, &[], user, &known) else { continue };
            let Ok(slot) = allowance.take() else { continue };
            taken += 1;
            if let Ok(clearance) = eligible.clear(slot) {
                prop_assert_eq!(clearance.user_id(), user.id);
                cleared.push(clearance);
            }
        }
        prop_assert!(taken <= granted && cleared.len() <= taken);
        prop_assert!(policy.mode == Mode::Enforce || cleared.is_empty());
        // A user that would have been cut takes a place as well.
        prop_assert_eq!(allowance.taken(), taken);
    }

    #[test]
    fn a_plan_looks_up_nobody_beyond_what_the_policy_allows(
        policy in policy(),
        header in header(),
        subjects in proptest::collection::vec(subject(), 0..12),
        token_tenant in tenant_id(),
    ) {
        let plan = plan(&policy, &header, &subjects).under(&policy, token_tenant);
        prop_assert_eq!(plan.screened.len(), subjects.len());
        prop_assert!(plan.wanted() <= policy.max_users_per_alert);
        for (screened, subject) in plan.screened.iter().zip(&subjects) {
            let is_user = subject.account.kind == SubjectKind::User;
            prop_assert_eq!(matches!(screened, Screened::NotAUser(_)), !is_user);
            if *screened == Screened::LookUp {
                prop_assert_eq!(token_tenant, policy.tenant);
                prop_assert!(subject.account.tenant.is_none_or(|tenant| tenant == policy.tenant));
                let is_too_low = matches!(
                    (policy.min_severity, subject.flag.severity), (Some(least), Some(severity)) if severity < least);
                prop_assert!(subject.flag.written_by == WrittenBy::Person || !is_too_low);
                prop_assert_eq!(&subject.flag.state, &State::Open);
            }
        }
    }

    #[test]
    fn a_persons_word_lifts_the_cap_per_alert_and_nothing_else(
        policy in policy(), subjects in proptest::collection::vec(subject(), 0..12),
    ) {
        let silent = AlertHeader::new(Shape::Manual);
        let meant = AlertHeader { expect: Some(subjects.len()), ..silent.clone() };
        let generous = Policy { max_users_per_alert: usize::MAX, ..policy.clone() };
        prop_assert_eq!(
            plan(&policy, &meant, &subjects),
            plan(&generous, &silent, &subjects)
        );
    }
}
