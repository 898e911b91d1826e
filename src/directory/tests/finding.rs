//! The user that a subject turns out to name, and what is asked for it.

use super::harness::{ADELE, Step, World, adele, answer, fails, recorded, user_json};
use crate::directory::Resolution;
use crate::domain::{FoundBy, HomeTenant, SubjectKind, SubjectRef};
use crate::graph::{Disposition, Tally};
use crate::http::HttpFailure;

const SID: &str = "S-1-5-21-1180699209-877415012-3182924384-1004";
const JOEY: &str = "ace08ec9-aa11-4ada-9145-addf0398233e";

fn subject(fill: impl FnOnce(&mut SubjectRef)) -> SubjectRef {
    let mut subject = SubjectRef::new(SubjectKind::User);
    fill(&mut subject);
    subject
}

async fn resolve(world: &World, subject: &SubjectRef) -> Resolution {
    world
        .directory
        .resolve(subject, &Tally::new(), world.within(100))
        .await
        .unwrap()
}

fn id_of(resolution: &Resolution) -> Option<String> {
    match resolution {
        Resolution::Found(user) => Some(user.id.to_string()),
        Resolution::NotFound | Resolution::Ambiguous { .. } => None,
    }
}

fn page(users: &[String]) -> Step {
    answer(200, &format!(r#"{{"value":[{}]}}"#, users.join(",")))
}

#[tokio::test(start_paused = true)]
async fn an_object_id_takes_one_request_and_selects_only_what_is_used() {
    let world = World::new(|_| recorded("user-found"));
    let both = subject(|s| {
        s.id = Some(adele());
        s.upn = Some("an.old.name@contoso.com".parse().unwrap());
    });
    assert_eq!(id_of(&resolve(&world, &both).await).as_deref(), Some(ADELE));
    insta::assert_snapshot!(world.lines().join("\n"), @"GET /users/87d349ed-44d7-43e1-9a83-5f2406dee5bd?$select=id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,externalUserState,identities");
}

#[tokio::test(start_paused = true)]
async fn a_user_is_read_as_graph_tells_it() {
    let world = World::new(|seen| match seen.number {
        0 => recorded("user-found"),
        _ => answer(
            200,
            &user_json(
                JOEY,
                "joeyc@contoso.com",
                r#","accountEnabled":false,"onPremisesSyncEnabled":true,"mail":"j@contoso.com""#,
            ),
        ),
    });
    let deadline = world.within(100);
    let tally = Tally::new();
    let user = world
        .directory
        .user(adele(), &tally, deadline)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.upn.as_str(), "AdeleV@contoso.com");
    assert_eq!(user.account_enabled, Some(true));
    assert_eq!(
        user.sessions_valid_from,
        Some("2025-06-19T07:12:44Z".parse().unwrap())
    );
    assert_eq!((user.on_premises_synced, &user.home), (false, &None));
    let joey = world
        .directory
        .user(JOEY.parse().unwrap(), &tally, deadline)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (joey.account_enabled, joey.on_premises_synced),
        (Some(false), true)
    );
    assert_eq!(joey.mail.unwrap().as_str(), "j@contoso.com");
    assert_eq!(joey.sessions_valid_from, None);
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_found_by_its_name_here_and_belongs_elsewhere() {
    let world = World::new(|_| recorded("user-found-guest"));
    let guest = subject(|s| {
        s.upn = Some(
            "AdeleVance_adatum.com#EXT#@contoso.onmicrosoft.com"
                .parse()
                .unwrap(),
        );
    });
    let Resolution::Found(user) = resolve(&world, &guest).await else {
        panic!("found");
    };
    assert_eq!(user.home, Some(HomeTenant::Domain("adatum.com".to_owned())));
    assert!(world.lines()[0].starts_with(
        "GET /users/AdeleVance_adatum.com%23EXT%23@contoso.onmicrosoft.com?$select=id,"
    ));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_guessed_for_an_object_id_that_does_not_exist() {
    let world = World::new(|_| recorded("user-not-found-404"));
    let both = subject(|s| {
        s.id = Some(adele());
        s.upn = Some("AdeleV@contoso.com".parse().unwrap());
        s.sid = Some(SID.parse().unwrap());
    });
    assert_eq!(resolve(&world, &both).await, Resolution::NotFound);
    // Replicas lag, so that nobody is there was asked for twice.
    assert_eq!(world.times(), [0.0, 1.0]);
    assert_eq!(world.lines()[0], world.lines()[1]);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_sid_is_looked_up_as_the_object_id_it_is() {
    let world = World::new(|seen| {
        let id = seen.line.split(['/', '?']).nth(2).unwrap();
        answer(200, &user_json(id, "a@contoso.com", ""))
    });
    let cloud = subject(|s| {
        s.sid = Some(
            "S-1-12-1-1384769991-1341995333-1641403279-1576319524"
                .parse()
                .unwrap(),
        );
    });
    assert!(id_of(&resolve(&world, &cloud).await).is_some());
    assert!(world.lines()[0].starts_with("GET /users/5289e9c7-3945-4ffd-8fd3-d56124baf45d?"));
    let contradicting = subject(|s| {
        s.id = Some(adele());
        s.sid.clone_from(&cloud.sid);
    });
    let resolution = resolve(&world, &contradicting).await;
    assert!(matches!(
        resolution,
        Resolution::Ambiguous { candidates: 2, .. }
    ));
    assert_eq!(world.lines().len(), 3);
    // A SID that is nobody's contradicts nothing.
    let alone = World::new(|seen| {
        if seen.line.contains(ADELE) {
            recorded("user-found")
        } else {
            recorded("user-not-found-404")
        }
    });
    let resolution = resolve(&alone, &contradicting).await;
    assert_eq!(id_of(&resolution).as_deref(), Some(ADELE));
}

#[tokio::test(start_paused = true)]
async fn an_on_premises_sid_is_searched_for() {
    let world = World::new(|_| joey());
    let local = subject(|s| s.sid = Some(SID.parse().unwrap()));
    assert_eq!(id_of(&resolve(&world, &local).await).as_deref(), Some(JOEY));
    insta::assert_snapshot!(world.lines().join("\n"), @"GET /users?$filter=onPremisesSecurityIdentifier%20eq%20%27S-1-5-21-1180699209-877415012-3182924384-1004%27&$select=id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,externalUserState,identities,onPremisesSecurityIdentifier&$top=2");
    assert!(!world.seen()[0].eventual);
}

#[tokio::test(start_paused = true)]
async fn a_name_from_on_premises_falls_back_on_the_sid_beside_it() {
    let world = World::new(|seen| {
        if seen.line.contains("onPremisesSecurityIdentifier%20eq") {
            joey()
        } else if seen.line.contains("mail%20eq") {
            page(&[])
        } else {
            recorded("user-not-found-404")
        }
    });
    let sensor = subject(|s| {
        s.upn = Some("joeyc@corp.contoso.local".parse().unwrap());
        s.sid = Some(SID.parse().unwrap());
        s.mail = Some("joeyc@contoso.com".parse().unwrap());
    });
    let Resolution::Found(user) = resolve(&world, &sensor).await else {
        panic!("found");
    };
    assert_eq!(user.id.to_string(), JOEY);
    assert_eq!(user.found_by, FoundBy::SecurityIdentifier);
    // The name twice, and whose mail address it may be.
    assert_eq!(world.lines().len(), 4);
}

/// Who is found by the SID, with everything that is compared.
fn joey() -> Step {
    page(&[user_json(
        JOEY,
        "joeyc@contoso.com",
        &format!(r#","mail":"o'neil@contoso.com","onPremisesSecurityIdentifier":"{SID}""#),
    )])
}

#[tokio::test(start_paused = true)]
async fn a_sid_that_differs_is_looked_up_and_contradicts_only_if_it_is_another_user_s() {
    const OTHER: &str = "S-1-5-21-1-2-3-4";
    let somebody = |found: bool| {
        World::new(move |seen| {
            if !seen.line.starts_with("GET /users?") {
                recorded("user-found")
            } else if found {
                page(&[user_json(
                    JOEY,
                    "joeyc@contoso.com",
                    &format!(r#","onPremisesSecurityIdentifier":"{OTHER}""#),
                )])
            } else {
                page(&[])
            }
        })
    };
    let subjects = [
        subject(|s| {
            s.id = Some(adele());
            s.sid = Some(OTHER.parse().unwrap());
        }),
        subject(|s| {
            s.upn = Some("AdeleV@contoso.com".parse().unwrap());
            s.sid = Some(OTHER.parse().unwrap());
        }),
    ];
    for subject in subjects {
        // The machine's own, as a sensor outside of any domain sends it.
        let nobodys = somebody(false);
        let resolution = resolve(&nobodys, &subject).await;
        assert_eq!(id_of(&resolution).as_deref(), Some(ADELE), "{resolution:?}");
        assert_eq!(nobodys.lines().len(), 2);
        let anothers = somebody(true);
        let resolution = resolve(&anothers, &subject).await;
        assert!(
            matches!(resolution, Resolution::Ambiguous { candidates: 2, .. }),
            "{resolution:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sid_that_agrees_costs_no_search() {
    let world = World::new(|_| recorded("user-found-synced-disabled"));
    let named = subject(|s| {
        s.upn = Some("joeyc@contoso.com".parse().unwrap());
        s.sid = Some(SID.parse().unwrap());
    });
    assert!(id_of(&resolve(&world, &named).await).is_some());
    assert_eq!(world.lines().len(), 1);
    assert!(world.lines()[0].ends_with(",onPremisesSecurityIdentifier"));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_has_is_looked_for_as_a_mail_address() {
    let named = subject(|s| {
        s.upn = Some("info@contoso.com".parse().unwrap());
        s.mail = Some("adele@contoso.com".parse().unwrap());
    });
    let with = |users: usize| {
        World::new(move |seen| {
            if !seen.line.starts_with("GET /users?") {
                return recorded("user-not-found-404");
            }
            let mail = r#","mail":"Info@contoso.com""#;
            let all = [
                user_json(JOEY, "joeyc@contoso.com", mail),
                user_json(ADELE, "adele@contoso.com", mail),
            ];
            page(&all[..users])
        })
    };
    let one = with(1);
    let Resolution::Found(user) = resolve(&one, &named).await else {
        panic!("found");
    };
    assert_eq!(
        (user.id.to_string().as_str(), user.found_by),
        (JOEY, FoundBy::Mail)
    );
    assert!(one.lines()[2].starts_with("GET /users?$filter=mail%20eq%20%27info@contoso.com%27&"));
    assert_eq!(resolve(&with(0), &named).await, Resolution::NotFound);
    let several = resolve(&with(2), &named).await;
    assert!(
        matches!(several, Resolution::Ambiguous { candidates: 2, .. }),
        "{several:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mail_address_and_a_sid_of_different_users_are_nobody() {
    let world = World::new(|seen| {
        if seen.line.contains("onPremisesSecurityIdentifier%20eq") {
            joey()
        } else if seen.line.contains("mail%20eq") {
            page(&[user_json(
                ADELE,
                "adele@contoso.com",
                r#","mail":"info@contoso.com""#,
            )])
        } else {
            recorded("user-not-found-404")
        }
    });
    let named = subject(|s| {
        s.upn = Some("info@contoso.com".parse().unwrap());
        s.sid = Some(SID.parse().unwrap());
    });
    let resolution = resolve(&world, &named).await;
    assert!(
        matches!(resolution, Resolution::Ambiguous { candidates: 2, .. }),
        "{resolution:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mail_address_names_one_user_two_or_none() {
    let mail = subject(|s| s.mail = Some("o'neil@contoso.com".parse().unwrap()));
    let one = World::new(|_| joey());
    assert!(id_of(&resolve(&one, &mail).await).is_some());
    insta::assert_snapshot!(one.lines().join("\n"), @"GET /users?$filter=mail%20eq%20%27o%27%27neil@contoso.com%27&$select=id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,externalUserState,identities&$top=2");
    let none = World::new(|_| recorded("users-filter-none"));
    assert_eq!(resolve(&none, &mail).await, Resolution::NotFound);
    let with_mail = |id: &str| user_json(id, "x@contoso.com", r#","mail":"o'neil@contoso.com""#);
    let both = [with_mail(JOEY), with_mail(ADELE)];
    let two = World::new(move |_| page(&both));
    let resolution = resolve(&two, &mail).await;
    assert!(matches!(
        resolution,
        Resolution::Ambiguous { candidates: 2, .. }
    ));
}

/// What one page holds says nothing of the next one.
#[tokio::test(start_paused = true)]
async fn a_link_to_more_is_followed_until_it_is_known_who_fits() {
    const NEXT: &str = "https://graph.microsoft.com/v1.0/users?$skiptoken=m~1";
    let mail = subject(|s| s.mail = Some("o'neil@contoso.com".parse().unwrap()));
    let with_mail = |id: &str| user_json(id, "x@contoso.com", r#","mail":"o'neil@contoso.com""#);
    let part = |users: &[String], next: &str| {
        answer(
            200,
            &format!(
                r#"{{"value":[{}],"@odata.nextLink":"{next}"}}"#,
                users.join(",")
            ),
        )
    };
    let (joey, adele) = (with_mail(JOEY), with_mail(ADELE));
    for (first, second, expected) in [
        (vec![], vec![joey.clone()], Some(1)),
        (vec![joey.clone()], vec![], Some(1)),
        (vec![joey.clone()], vec![adele.clone()], Some(2)),
        (vec![], vec![], Some(0)),
    ] {
        let world = World::new(move |seen| match seen.number {
            0 => part(&first, NEXT),
            _ => page(&second),
        });
        let resolution = resolve(&world, &mail).await;
        let found = match &resolution {
            Resolution::NotFound => Some(0),
            Resolution::Found(_) => Some(1),
            Resolution::Ambiguous { candidates, .. } => Some(*candidates),
        };
        assert_eq!(found, expected, "{resolution:?}");
        assert_eq!(world.lines()[1], "GET /users?$skiptoken=m~1");
    }
    // A page that is full already says that they are several.
    let full = [joey.clone(), adele];
    let world = World::new(move |_| part(&full, NEXT));
    assert!(matches!(
        resolve(&world, &mail).await,
        Resolution::Ambiguous { .. }
    ));
    assert_eq!(world.lines().len(), 1);
    // Links without an end, or to another host, say nothing at all.
    for next in [NEXT, "https://elsewhere.example/v1.0/users?$skiptoken=m~1"] {
        let world = World::new(move |_| part(&[], next));
        let error = world
            .directory
            .resolve(&mail, &Tally::new(), world.within(100))
            .await
            .unwrap_err();
        assert_eq!(
            error.disposition(),
            Disposition::RetryLater { not_before: None }
        );
        assert!(world.lines().len() <= 5);
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_name_is_found_only_in_the_domain_that_was_named() {
    let with_domain = |id: &str, domain: &str| {
        let domain = if domain.is_empty() {
            ",\"onPremisesDomainName\":null".to_owned()
        } else {
            format!(",\"onPremisesDomainName\":\"{domain}\"")
        };
        let more = format!("{domain},\"onPremisesSamAccountName\":\"JoeyC\"");
        user_json(id, "j@contoso.com", &more)
    };
    let other = "11111111-1111-4111-8111-111111111111";
    for (account, users, expected) in [
        (
            "CONTOSO\\joeyc",
            vec![with_domain(JOEY, "contoso.com")],
            Ok(()),
        ),
        (
            "Contoso.COM\\joeyc",
            vec![with_domain(JOEY, "contoso.com")],
            Ok(()),
        ),
        ("CONTOSO\\joeyc", vec![], Err(0)),
        (
            "CONTOSO\\joeyc",
            vec![with_domain(JOEY, "fabrikam.com")],
            Err(1),
        ),
        ("CONTOSO\\joeyc", vec![with_domain(JOEY, "")], Err(1)),
        (
            "CONTOSO\\joeyc",
            vec![
                with_domain(JOEY, "contoso.com"),
                with_domain(other, "fabrikam.com"),
            ],
            Ok(()),
        ),
        (
            "CONTOSO\\joeyc",
            vec![with_domain(JOEY, "contoso.com"), with_domain(other, "")],
            Err(2),
        ),
        (
            "CORP\\joeyc",
            vec![
                with_domain(JOEY, "corp.contoso.com"),
                with_domain(other, "corp.fabrikam.com"),
            ],
            Err(2),
        ),
    ] {
        let users_of_script = users.clone();
        let world = World::new(move |_| page(&users_of_script));
        let subject = subject(|s| s.account = Some(account.parse().unwrap()));
        let resolution = resolve(&world, &subject).await;
        match (&resolution, expected) {
            (Resolution::Found(user), Ok(())) => assert_eq!(user.id.to_string(), JOEY),
            (Resolution::NotFound, Err(0)) => {}
            (Resolution::Ambiguous { candidates, detail }, Err(count @ 1..)) => {
                assert_eq!(*candidates, count);
                let is_alone = detail.contains("not provably in the domain");
                assert_eq!(is_alone, count == 1, "{detail}");
            }
            _ => panic!("{account} among {users:?} is {resolution:?}"),
        }
        assert!(world.seen()[0].eventual);
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_name_is_asked_for_by_an_advanced_query() {
    let world = World::new(|_| page(&[]));
    let account = subject(|s| s.account = Some("CONTOSO\\svc o'neil".parse().unwrap()));
    resolve(&world, &account).await;
    insta::assert_snapshot!(world.lines().join("\n"), @"GET /users?$filter=onPremisesSamAccountName%20eq%20%27svc%20o%27%27neil%27&$select=id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,externalUserState,identities,onPremisesDomainName,onPremisesSamAccountName&$top=25&$count=true");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_is_nobody_and_costs_nothing() {
    let world = World::new(|_| recorded("user-found"));
    for nobody in [
        subject(|s| s.name = Some("Adele".to_owned())),
        subject(|s| s.sid = Some("S-1-5-18".parse().unwrap())),
    ] {
        assert_eq!(resolve(&world, &nobody).await, Resolution::NotFound);
    }
    assert!(world.lines().is_empty());
}

/// Whatever was asked for, an answer about somebody else is none.
#[tokio::test(start_paused = true)]
async fn an_answer_about_somebody_else_is_not_believed() {
    let other = || {
        user_json(
            JOEY,
            "joeyc@contoso.com",
            r#","mail":"joey@contoso.com","onPremisesSecurityIdentifier":"S-1-5-21-9-9-9-9","onPremisesSamAccountName":"joeyc","onPremisesDomainName":"contoso.com""#,
        )
    };
    for asked in [
        subject(|s| s.id = Some(adele())),
        subject(|s| s.upn = Some("adele@contoso.com".parse().unwrap())),
        subject(|s| s.mail = Some("adele@contoso.com".parse().unwrap())),
        subject(|s| s.sid = Some(SID.parse().unwrap())),
        subject(|s| s.account = Some("CONTOSO\\adele".parse().unwrap())),
    ] {
        let world = World::new(move |seen| {
            if seen.line.starts_with("GET /users?") {
                page(&[other()])
            } else {
                answer(200, &other())
            }
        });
        let error = world
            .directory
            .resolve(&asked, &Tally::new(), world.within(100))
            .await
            .unwrap_err();
        assert_eq!(
            error.disposition(),
            Disposition::RetryLater { not_before: None },
            "{asked:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stray_404_is_no_answer_and_is_asked_for_again() {
    let strays: [fn() -> Step; 4] = [
        || {
            answer(
                404,
                r#"{"error":{"code":"UnknownError","message":"404 page not found"}}"#,
            )
        },
        || answer(404, r#"{"error":{"code":""}}"#),
        || answer(404, "<html>not found</html>"),
        || answer(404, ""),
    ];
    for stray in strays {
        let world = World::new(move |seen| match seen.number {
            0 => stray(),
            _ => recorded("user-found"),
        });
        let named = subject(|s| s.upn = Some("AdeleV@contoso.com".parse().unwrap()));
        assert_eq!(
            id_of(&resolve(&world, &named).await).as_deref(),
            Some(ADELE)
        );
        // For good, it is still not said that nobody is there.
        let world = World::new(move |_| stray());
        for named in [
            subject(|s| s.upn = Some("AdeleV@contoso.com".parse().unwrap())),
            subject(|s| s.mail = Some("AdeleV@contoso.com".parse().unwrap())),
            subject(|s| s.id = Some(adele())),
        ] {
            let error = world
                .directory
                .resolve(&named, &Tally::new(), world.within(100))
                .await
                .unwrap_err();
            assert!(
                matches!(error.disposition(), Disposition::RetryLater { .. }),
                "{error}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn that_nobody_is_there_is_no_answer_as_long_as_it_was_given_once() {
    let named = subject(|s| s.id = Some(adele()));
    // No time to ask once more.
    let world = World::new(|_| recorded("user-not-found-404"));
    let error = world
        .directory
        .resolve(&named, &Tally::new(), world.within(1))
        .await
        .unwrap_err();
    assert!(!error.is_absence(), "{error}");
    assert!(matches!(
        error.disposition(),
        Disposition::RetryLater { .. }
    ));
    // The replica has caught up.
    let world = World::new(|seen| match seen.number {
        0 => recorded("user-not-found-404"),
        _ => recorded("user-found"),
    });
    assert_eq!(
        id_of(&resolve(&world, &named).await).as_deref(),
        Some(ADELE)
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_user_is_an_error() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"{"id":"x","userPrincipalName":"a@b"}"#,
    ] {
        let world = World::new(move |_| answer(200, body));
        let result = world
            .directory
            .user(adele(), &Tally::new(), world.within(100))
            .await;
        assert!(result.is_err(), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_log_line_names_a_user_or_a_token() {
    let lines = super::messages::logged(async {
        let world = World::new(|seen| match seen.number {
            0 => fails(HttpFailure::Broken("reset".to_owned())),
            1 => recorded("unavailable-503").header("retry-after", "1"),
            _ => recorded("forbidden-403"),
        });
        for named in [
            subject(|s| s.upn = Some("Adele@contoso.com".parse().unwrap())),
            subject(|s| s.mail = Some("Adele@contoso.com".parse().unwrap())),
        ] {
            let tally = Tally::new();
            assert!(
                world
                    .directory
                    .resolve(&named, &tally, world.within(100))
                    .await
                    .is_err()
            );
        }
    })
    .await;
    assert!(
        lines.contains("GET /users/{id}") && lines.contains("GET /users?$filter"),
        "{lines}"
    );
    assert!(
        lines.contains("Authorization_RequestDenied") && lines.contains("d33a71a3"),
        "{lines}"
    );
    assert!(
        !lines.to_lowercase().contains("adele") && !lines.contains("token-0"),
        "{lines}"
    );
}
