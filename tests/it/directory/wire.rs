//! What the Entra client sends over the wire, and how it interprets the answers. Waiting, retrying and look-ups are
//! tested beside the code, with a paused clock.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Response;
use evict::directory::Resolution;
use evict::domain::{
    Admission, FoundBy, Mode, Policy, SubjectKind, SubjectRef, User, UserId, UserPrincipalName,
};
use evict::graph::{Disposition, Tally};
use evict::guard::{Allowance, Clearance, Examined, Membership, examine};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tracing::instrument::WithSubscriber as _;

use crate::support::directory::{App, Graph, Identity, Seen, in_an_app, recorded, reply};

const SERVES: Identity = Identity::Answers(200);

fn adele() -> UserId {
    "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap()
}

fn clearance() -> Clearance {
    let policy = Policy {
        tenant: "84c31ca0-ac3b-4eae-ad11-519d80233e6f".parse().unwrap(),
        protected_users: Vec::new(),
        protected_groups: Vec::new(),
        mode: Mode::Enforce,
        max_users_per_alert: 1,
        max_users_per_hour: 1,
        min_severity: None,
    };
    let user = User {
        id: adele(),
        found_by: FoundBy::ObjectId,
        upn: "adele@contoso.com".parse().unwrap(),
        mail: None,
        account_enabled: Some(true),
        on_premises_synced: false,
        home: None,
        sessions_valid_from: None,
    };
    let membership = Membership::Known {
        asked: Vec::new(),
        member_of: Vec::new(),
    };
    let Examined::Eligible(eligible) = examine(&policy, &[], &user, &membership) else {
        panic!("nothing protects this user");
    };
    let admission = Admission {
        granted: 1,
        used: 0,
        reservation: 0,
        undecided: None,
    };
    let allowance = Allowance::new(&admission, 1, Mode::Enforce);
    let slot = allowance.take().unwrap();
    eligible.clear(slot).unwrap()
}

fn named(upn: &str) -> SubjectRef {
    let mut subject = SubjectRef::new(SubjectKind::User);
    // The directory may write it so. The request encodes it, whatever a sender could have written.
    subject.upn = UserPrincipalName::of_directory(upn).ok();
    subject
}

#[test]
fn a_revocation_carries_a_token_and_no_body() {
    in_an_app(
        "directory::wire::a_revocation_carries_a_token_and_no_body",
        SERVES,
        async || {
            let graph = Graph::start(async |_: Seen| recorded("revoke-200")).await;
            let app = App::connect(&graph.root);
            let revocation = app
                .directory
                .revoke(clearance(), &Tally::new(), app.soon())
                .await
                .unwrap();
            // The recorded answer is 200 with a Location: not a redirect, and not followed.
            assert_eq!(revocation.calls.len(), 1);
            assert_eq!(revocation.answered_at.to_string(), "2025-10-07T08:41:03Z");
            let [seen] = graph.seen().try_into().unwrap();
            assert_eq!(
                seen.line,
                "POST /v1.0/users/87d349ed-44d7-43e1-9a83-5f2406dee5bd/revokeSignInSessions"
            );
            assert_eq!(seen.header("content-length"), Some("0"));
            assert_eq!(seen.header("content-type"), None);
            assert_eq!(seen.header("transfer-encoding"), None);
            assert!(seen.body.is_empty());
            assert!(
                seen.header("authorization")
                    .unwrap()
                    .starts_with("Bearer e30.")
            );
            assert_eq!(seen.header("accept"), Some("application/json"));
            assert!(seen.header("user-agent").unwrap().starts_with("evict/"));
            let own_id = seen.header("client-request-id").unwrap();
            assert!(own_id.parse::<uuid::Uuid>().is_ok(), "{own_id}");
            assert_eq!(
                seen.token_query(),
                serde_json::json!({"api-version": "2019-08-01", "resource": "https://graph.microsoft.com"})
            );
        },
    );
}

#[test]
fn names_reach_graph_encoded() {
    in_an_app(
        "directory::wire::names_reach_graph_encoded",
        SERVES,
        async || {
            let graph = Graph::start(async |seen: Seen| {
                recorded(if seen.line.contains("?$filter=") {
                    "users-filter-none"
                } else {
                    "user-not-found-404"
                })
            })
            .await;
            let app = App::connect(&graph.root);
            for upn in [
                "AdeleVance_adatum.com#EXT#@contoso.onmicrosoft.com",
                "$x@y.com",
                "o'neil@contoso.com",
                "a&b=c+d@contoso.com",
            ] {
                let found = app
                    .directory
                    .resolve(&named(upn), &Tally::new(), app.soon())
                    .await;
                assert_eq!(found.unwrap(), Resolution::NotFound);
            }
            let mut lines: Vec<String> = graph
                .seen()
                .iter()
                .filter(|seen| !seen.line.contains("?$filter="))
                .map(|seen| seen.line.split("?$select=id,").next().unwrap().to_owned())
                .collect();
            // Each is asked for once more before the user counts as absent.
            lines.dedup();
            assert_eq!(
                lines,
                [
                    "GET /v1.0/users/AdeleVance_adatum.com%23EXT%23@contoso.onmicrosoft.com",
                    "GET /v1.0/users('$x@y.com')",
                    "GET /v1.0/users/o%27neil@contoso.com",
                    "GET /v1.0/users/a%26b%3Dc%2Bd@contoso.com",
                ]
            );
        },
    );
}

#[test]
fn an_advanced_query_says_so() {
    in_an_app(
        "directory::wire::an_advanced_query_says_so",
        SERVES,
        async || {
            let graph = Graph::start(async |_: Seen| recorded("users-filter-none")).await;
            let app = App::connect(&graph.root);
            let mut subject = SubjectRef::new(SubjectKind::User);
            subject.account = Some("CONTOSO\\joeyc".parse().unwrap());
            app.directory
                .resolve(&subject, &Tally::new(), app.soon())
                .await
                .unwrap();
            let [seen] = graph.seen().try_into().unwrap();
            assert_eq!(seen.header("consistencylevel"), Some("eventual"));
            assert!(seen.line.starts_with(
                "GET /v1.0/users?$filter=onPremisesSamAccountName%20eq%20%27joeyc%27&$select=id,"
            ));
            assert!(seen.line.ends_with("&$count=true"));
        },
    );
}

#[test]
fn groups_are_sent_as_json() {
    in_an_app(
        "directory::wire::groups_are_sent_as_json",
        SERVES,
        async || {
            let graph = Graph::start(async |_: Seen| recorded("check-member-groups-member")).await;
            let app = App::connect(&graph.root);
            let group = "f448435d-3ca7-4073-8152-a1fd73c0fd09".parse().unwrap();
            let member_of = app
                .directory
                .memberships(adele(), &[group], &Tally::new(), app.soon())
                .await;
            assert_eq!(member_of.unwrap(), [group]);
            let [seen] = graph.seen().try_into().unwrap();
            assert_eq!(seen.header("content-type"), Some("application/json"));
            assert_eq!(
                seen.body,
                r#"{"groupIds":["f448435d-3ca7-4073-8152-a1fd73c0fd09"]}"#
            );
        },
    );
}

#[test]
fn the_user_and_the_groups_are_asked_for_on_two_connections_at_once() {
    let name = "directory::wire::the_user_and_the_groups_are_asked_for_on_two_connections_at_once";
    in_an_app(name, SERVES, async || {
        // Neither is answered before both have asked.
        let both = Arc::new(Barrier::new(2));
        let graph = Graph::start(move |seen: Seen| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                recorded(if seen.line.starts_with("GET") {
                    "user-found"
                } else {
                    "check-member-groups-none"
                })
            }
        })
        .await;
        let app = App::connect(&graph.root);
        let (tally, deadline) = (Tally::new(), app.soon());
        let groups = ["f448435d-3ca7-4073-8152-a1fd73c0fd09".parse().unwrap()];
        let (user, member_of) = tokio::join!(
            app.directory.user(adele(), &tally, deadline),
            app.directory
                .memberships(adele(), &groups, &tally, deadline)
        );
        assert!(user.unwrap().is_some() && member_of.unwrap().is_empty());
        assert_eq!(tally.attempts(), 2);
    });
}

#[test]
fn no_redirect_is_followed() {
    in_an_app(
        "directory::wire::no_redirect_is_followed",
        SERVES,
        async || {
            let graph =
                Graph::start(async |_: Seen| reply(308, &[("location", "/elsewhere")], "")).await;
            let app = App::connect(&graph.root);
            let failure = app
                .directory
                .revoke(clearance(), &Tally::new(), app.soon())
                .await
                .unwrap_err();
            assert_eq!(failure.error.status(), Some(308));
            assert_eq!(failure.error.disposition(), Disposition::GiveUp);
            assert_eq!(graph.seen().len(), 1);
        },
    );
}

#[test]
fn a_refused_token_is_asked_for_anew() {
    in_an_app(
        "directory::wire::a_refused_token_is_asked_for_anew",
        SERVES,
        async || {
            let graph = Graph::start(async |seen: Seen| {
                if seen.header("authorization").unwrap().ends_with("token-0") {
                    recorded("unauthorized-401-expired")
                } else {
                    recorded("user-found")
                }
            })
            .await;
            let app = App::connect(&graph.root);
            assert!(
                app.directory
                    .user(adele(), &Tally::new(), app.soon())
                    .await
                    .unwrap()
                    .is_some()
            );
            assert!(
                app.directory
                    .user(adele(), &Tally::new(), app.soon())
                    .await
                    .unwrap()
                    .is_some()
            );
            let tokens: Vec<String> = graph
                .seen()
                .iter()
                .map(|seen| {
                    seen.header("authorization")
                        .unwrap()
                        .rsplit('.')
                        .next()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            assert_eq!(tokens, ["token-0", "token-1", "token-1"]);
        },
    );
}

#[test]
fn a_user_assigned_identity_is_asked_for_by_its_client_id() {
    let name = "directory::wire::a_user_assigned_identity_is_asked_for_by_its_client_id";
    in_an_app(name, SERVES, async || {
        let graph = Graph::start(async |_: Seen| recorded("user-found")).await;
        let client_id = "5e29463d-71da-4fe0-8e69-999b57db23b0";
        let app = App::connect_as(&graph.root, Some(client_id.parse().unwrap()));
        app.directory
            .user(adele(), &Tally::new(), app.soon())
            .await
            .unwrap();
        assert_eq!(graph.seen()[0].token_query()["client_id"], client_id);
    });
}

#[test]
fn the_identity_is_told_without_calling_graph() {
    in_an_app(
        "directory::wire::the_identity_is_told_without_calling_graph",
        SERVES,
        async || {
            let graph = Graph::start(async |_: Seen| recorded("user-found")).await;
            let app = App::connect(&graph.root);
            let facts = app.directory.identity(app.soon()).await.unwrap();
            assert_eq!(
                facts.tenant.to_string(),
                "84c31ca0-ac3b-4eae-ad11-519d80233e6f"
            );
            assert_eq!(facts.roles, ["User.RevokeSessions.All"]);
            assert!(graph.seen().is_empty());
        },
    );
}

#[test]
fn without_an_identity_the_error_says_what_to_turn_on() {
    let name = "directory::wire::without_an_identity_the_error_says_what_to_turn_on";
    in_an_app(name, Identity::Absent, async || {
        let graph = Graph::start(async |_: Seen| recorded("user-found")).await;
        let app = App::connect(&graph.root);
        let error = app
            .directory
            .user(adele(), &Tally::new(), app.soon())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set"),
            "{text}"
        );
        assert!(matches!(
            error.disposition(),
            Disposition::RetryLater { .. }
        ));
        assert!(graph.seen().is_empty());
    });
}

fn refused(test: &str, status: u16, told: &str) {
    in_an_app(test, Identity::Answers(status), async || {
        let graph = Graph::start(async |_: Seen| recorded("user-found")).await;
        let app = App::connect(&graph.root);
        let error = app.directory.identity(app.at_once()).await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(graph.seen().is_empty());
    });
}

#[test]
fn an_identity_that_is_not_assigned_points_to_the_setting() {
    let name = "directory::wire::an_identity_that_is_not_assigned_points_to_the_setting";
    refused(name, 400, "EVICT_CLIENT_ID");
}

#[test]
fn the_identity_endpoint_is_not_followed_elsewhere() {
    let name = "directory::wire::the_identity_endpoint_is_not_followed_elsewhere";
    refused(name, 302, "the identity endpoint answered 302");
}

#[test]
fn an_identity_endpoint_in_trouble_is_named() {
    refused(
        "directory::wire::an_identity_endpoint_in_trouble_is_named",
        500,
        "the identity endpoint answered 500",
    );
}

#[test]
fn an_answer_is_read_up_to_a_mebibyte_and_no_further() {
    in_an_app(
        "directory::wire::an_answer_is_read_up_to_a_mebibyte_and_no_further",
        SERVES,
        async || {
            for (length, is_read) in [(1024 * 1024, true), (1024 * 1024 + 1, false)] {
                let user = serde_json::json!({"id": adele(), "userPrincipalName": "a@contoso.com"});
                // White space after a document belongs to no value, but counts towards the limit.
                let mut body = user.to_string();
                body.push_str(&" ".repeat(length - body.len()));
                let graph = Graph::start(move |_: Seen| {
                    let body = Body::from(body.clone());
                    async move { Response::new(body) }
                })
                .await;
                let app = App::connect(&graph.root);
                let deadline = if is_read { app.soon() } else { app.at_once() };
                let asked = app.directory.user(adele(), &Tally::new(), deadline).await;
                match asked {
                    Ok(_) => assert!(is_read),
                    Err(error) => {
                        assert!(
                            !is_read && error.to_string().contains("larger than"),
                            "{error}"
                        );
                    }
                }
            }
        },
    );
}

#[test]
fn an_answer_without_end_is_not_read_to_the_end() {
    in_an_app(
        "directory::wire::an_answer_without_end_is_not_read_to_the_end",
        SERVES,
        async || {
            let graph = Graph::start(async |_: Seen| {
                let endless =
                    futures_util::stream::repeat_with(|| Ok::<_, io::Error>(" ".repeat(65_536)));
                Response::new(Body::from_stream(endless))
            })
            .await;
            let app = App::connect(&graph.root);
            let error = app
                .directory
                .user(adele(), &Tally::new(), app.at_once())
                .await
                .unwrap_err();
            assert!(error.to_string().contains("larger than"), "{error}");
            // A revocation is accepted by its status alone.
            assert!(
                app.directory
                    .revoke(clearance(), &Tally::new(), app.soon())
                    .await
                    .is_ok()
            );
        },
    );
}

/// Answers every connection with these bytes and closes it.
async fn raw(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8_192];
            let read = stream.read(&mut request).await;
            if read.is_ok() && stream.write_all(bytes).await.is_ok() {
                // An orderly shutdown, so that the bytes arrive.
                let _ = stream.shutdown().await;
            }
        }
    });
    root
}

#[test]
fn an_answer_that_breaks_off_is_unclear_but_a_success_stays_one() {
    let name = "directory::wire::an_answer_that_breaks_off_is_unclear_but_a_success_stays_one";
    in_an_app(name, SERVES, async || {
        let half = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\":").await;
        let app = App::connect(&half);
        let error = app
            .directory
            .user(adele(), &Tally::new(), app.at_once())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("the connection broke before the answer was whole"),
            "{text}"
        );
        assert!(
            app.directory
                .revoke(clearance(), &Tally::new(), app.soon())
                .await
                .is_ok()
        );
        let nothing = raw(b"").await;
        let app = App::connect(&nothing);
        let failure = app
            .directory
            .revoke(clearance(), &Tally::new(), app.at_once_for_a_write())
            .await
            .unwrap_err();
        assert!(failure.unclear_since.is_some(), "{failure}");
        // One of them, unless the machine is busy and there was time for more.
        let statuses: Vec<_> = failure.calls.iter().map(|call| call.status).collect();
        assert!(!statuses.is_empty(), "{failure}");
        assert!(statuses.iter().all(Option::is_none), "{statuses:?}");
    });
}

#[test]
fn a_refused_connection_is_known_not_to_have_changed_anything() {
    let name = "directory::wire::a_refused_connection_is_known_not_to_have_changed_anything";
    in_an_app(name, SERVES, async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let app = App::connect(&root);
        let failure = app
            .directory
            .revoke(clearance(), &Tally::new(), app.at_once_for_a_write())
            .await
            .unwrap_err();
        assert_eq!(failure.unclear_since, None);
        assert!(
            failure.to_string().contains("Connection refused"),
            "{failure}"
        );
    });
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_library_logs_a_token_or_a_name() {
    in_an_app(
        "directory::wire::no_library_logs_a_token_or_a_name",
        SERVES,
        async || {
            let lines = Lines::default();
            let writer = lines.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .finish();
            async {
                let graph = Graph::start(async |seen: Seen| {
                    if seen.line.starts_with("GET") {
                        recorded("user-found")
                    } else {
                        recorded("forbidden-403")
                    }
                })
                .await;
                let app = App::connect(&graph.root);
                let tally = Tally::new();
                let deadline = app.soon();
                app.directory
                    .resolve(&named("AdeleV@contoso.com"), &tally, deadline)
                    .await
                    .unwrap();
                assert!(
                    app.directory
                        .revoke(clearance(), &tally, deadline)
                        .await
                        .is_err()
                );
            }
            .with_subscriber(subscriber)
            .await;
            let text = String::from_utf8(lines.0.lock().unwrap().clone())
                .unwrap()
                .to_lowercase();
            assert!(text.contains("authorization_requestdenied"), "{text}");
            for secret in ["adelev", "token-0", "e30.", "the-platform's-header"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        },
    );
}
