//! What people read when something fails.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::harness::{Step, World, adele, answer, clearance, fails, recorded, token};
use crate::graph::permissions::USER_READ;
use crate::graph::{Api, CallError, Cause, Disposition, Inquiry, Operation, Refusal, Tally};
use crate::http::HttpFailure;
use crate::identity::IdentityProblem;

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

/// Keeps two listeners that hear nothing, for as long as the process lives. While a process has one listener alone, `tracing` asks
/// the thread that comes to an event first whether anybody listens there, and takes its no for every thread's: a test beside this
/// one would switch the event off.
fn listen_beside_others() {
    static OTHERS: LazyLock<[Dispatch; 2]> =
        LazyLock::new(|| std::array::from_fn(|_| Dispatch::new(NoSubscriber::default())));
    LazyLock::force(&OTHERS);
}

/// All that is logged, at every level, while the future runs.
pub(crate) async fn logged(future: impl Future<Output = ()>) -> String {
    listen_beside_others();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    future.with_subscriber(subscriber).await;
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

async fn revoke_error(roles: &'static [&'static str], script: fn() -> Step) -> CallError {
    let world = World::with_identity(
        move |_| script(),
        std::time::Duration::ZERO,
        |number| Ok(token(number, roles, "2025-10-08T06:00:00Z")),
    );
    world
        .directory
        .revoke(clearance(adele()), &Tally::new(), world.within(20))
        .await
        .unwrap_err()
        .error
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named_with_how_to_grant_it_and_when_it_shows() {
    let error = revoke_error(&["User.Read.All"], || recorded("revoke-forbidden-403")).await;
    insta::assert_snapshot!(error, @r#"Revoking the user's sessions failed: Graph answered 403 Authorization_RequestDenied, "Access to invalidate refresh tokens operation is denied." (request-id 712c3e1a-54c0-4d8f-9da3-7e2728121914), after 1 attempt in 0.0 s. The managed identity's token, issued 2025-10-07T06:00:00Z, lacks the Graph application permission User.RevokeSessions.All. A Privileged Role Administrator grants it to the app's identity (the module in infra/ does, or POST /servicePrincipals/{Microsoft Graph}/appRoleAssignedTo with app role 77f3a031-c388-4f99-b373-dc68676a979e). If it was granted after that token was issued: the platform keeps a managed identity's token for up to a day and nothing forces a new one, not even a restart, so the permission shows by 2025-10-08T06:00:00Z at the latest."#);
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_the_token_carries_is_not_called_missing() {
    let error = revoke_error(&["User.RevokeSessions.All"], || recorded("forbidden-403")).await;
    insta::assert_snapshot!(error, @r#"Revoking the user's sessions failed: Graph answered 403 Authorization_RequestDenied, "Insufficient privileges to complete the operation." (request-id d33a71a3-a340-4eef-9a56-ae7019d38afc), after 1 attempt in 0.0 s. The managed identity's token, issued 2025-10-07T06:00:00Z, does carry User.RevokeSessions.All, so something else denies it: see whether the user is in a restricted management administrative unit, whether a Conditional Access policy applies to this app's identity, and whether the user holds an administrator's role, for which the application may need the role Privileged Authentication Administrator besides."#);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_says_how_long_it_is() {
    let error = revoke_error(&[], || recorded("unavailable-503")).await;
    insta::assert_snapshot!(error, @"Revoking the user's sessions failed: Graph answered 503 serviceNotAvailable (request-id 94fb3b52-452a-4535-a601-69e0a90e3aa2), after 1 attempt in 0.0 s. This may pass: try again, not sooner than in 30 s.");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_points_to_the_cloud() {
    let error = revoke_error(&[], || recorded("unauthorized-401-expired")).await;
    insta::assert_snapshot!(error, @"Revoking the user's sessions failed: Graph answered 401 InvalidAuthenticationToken (request-id 9b600954-ba11-4899-8ce9-6abad341f299), after 2 attempts in 0.0 s. Graph refused the managed identity's token, and another one too: try again later, and if that does not help, see that EVICT_CLOUD names the cloud of this tenant.");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_points_to_what_stands_between() {
    let error = revoke_error(&[], || answer(302, "")).await;
    insta::assert_snapshot!(error, @"Revoking the user's sessions failed: Graph answered 302, after 1 attempt in 0.0 s. That is a redirect, which is never followed, so that no token leaves for another host: see what stands between this app and Graph.");
}

#[tokio::test(start_paused = true)]
async fn a_failed_connection_says_why() {
    let refused = || {
        fails(HttpFailure::Connect(
            "Connection refused (os error 111)".to_owned(),
        ))
    };
    let error = revoke_error(&[], refused).await;
    let text = error.to_string();
    assert!(
        text.starts_with(
            "Revoking the user's sessions failed: Graph did not answer: no connection could be made (Connection refused \
             (os error 111)), after "
        ),
        "{text}"
    );
}

/// What only the operator's command asks has next steps of its own: there is no alert to correct and no app to restart.
#[test]
fn a_question_of_the_operators_that_is_refused_says_what_the_operator_can_do() {
    static OF_GRAPH: Inquiry = Inquiry {
        template: "GET /users/{id}/manager",
        doing: "Reading who the manager is",
        service: Api::Graph,
        permissions: &[&USER_READ],
        role: "Directory Readers",
    };
    static OF_AZURE: Inquiry = Inquiry {
        template: "GET /subscriptions",
        doing: "Listing subscriptions",
        service: Api::Azure,
        permissions: &[],
        role: "the Azure role Reader",
    };
    let mut text = String::new();
    for operation in [
        Operation::Inquire(&OF_GRAPH),
        Operation::Inquire(&OF_AZURE),
        Operation::ReadUser,
    ] {
        for status in [302, 401, 403, 404, 418] {
            let refusal = Refusal {
                status,
                code: (status == 404).then(|| "Request_ResourceNotFound".to_owned()),
                request_id: None,
                message: None,
            };
            let error = CallError::new(operation, Cause::Refused(refusal));
            writeln!(text, "- {error}").unwrap();
        }
    }
    insta::assert_snapshot!(text, @"
    - Reading who the manager is failed: Graph answered 302. That is a redirect, which is never followed, so that no token leaves for another host: see what stands between this app and Graph.
    - Reading who the manager is failed: Graph answered 401. It refused the token, and another one too: see that EVICT_CLOUD names the cloud of this tenant and that the sign-in is sound, then run the command again.
    - Reading who the manager is failed: Graph answered 403. It needs the Graph application permission User.Read.All.
    - Reading who the manager is failed: Graph answered 404 Request_ResourceNotFound. There is no such object: it may have been deleted meanwhile. Then run the command again.
    - Reading who the manager is failed: Graph answered 418. Trying again would not change that: report it as a fault of Evict, with the request-id.
    - Listing subscriptions failed: Azure answered 302. That is a redirect, which is never followed, so that no token leaves for another host: see what stands between this app and Azure.
    - Listing subscriptions failed: Azure answered 401. It refused the token, and another one too: see that EVICT_CLOUD names the cloud of this tenant and that the sign-in is sound, then run the command again.
    - Listing subscriptions failed: Azure answered 403. It needs the Azure role Reader, for whoever is signed in. Then run the command again.
    - Listing subscriptions failed: Azure answered 404 Request_ResourceNotFound. There is no such object: it may have been deleted meanwhile. Then run the command again.
    - Listing subscriptions failed: Azure answered 418. Trying again would not change that: report it as a fault of Evict, with the request-id.
    - Reading the user failed: Graph answered 302. That is a redirect, which is never followed, so that no token leaves for another host: see what stands between this app and Graph.
    - Reading the user failed: Graph answered 401. Graph refused the token, and another one too: try again later, and if that does not help, see that EVICT_CLOUD names the cloud of this tenant.
    - Reading the user failed: Graph answered 403. It needs the Graph application permission User.Read.All.
    - Reading the user failed: Graph answered 404 Request_ResourceNotFound. The directory has no such object: it may have been deleted meanwhile, or the alert names it wrongly.
    - Reading the user failed: Graph answered 418. Trying again would not change that: report it as a fault of Evict, with the request-id.
    ");
}

#[test]
fn every_problem_of_the_identity_says_what_to_do() {
    let mut text = String::new();
    for problem in [
        IdentityProblem::Absent,
        IdentityProblem::Unsupported,
        IdentityProblem::Unreachable(HttpFailure::Connect("Connection refused".to_owned())),
        IdentityProblem::Refused(400),
        IdentityProblem::Refused(500),
        IdentityProblem::Unreadable("its claim tid is not a tenant id"),
    ] {
        let error = CallError::new(Operation::GetToken, Cause::Identity(problem));
        writeln!(text, "- {error}").unwrap();
    }
    insta::assert_snapshot!(text, @"
    - Getting a token for the managed identity failed: there is no token: this process has no managed identity, for IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set. In Azure, turn on the function app's system-assigned identity (Identity, Status: On) and restart the app; elsewhere, set both to an identity endpoint of this machine. Then try again.
    - Getting a token for the managed identity failed: there is no token: the identity endpoint that this host offers is not the one of App Service. Run Evict on a hosting plan that sets IDENTITY_ENDPOINT and IDENTITY_HEADER, such as Flex Consumption, Premium or Dedicated. Then try again.
    - Getting a token for the managed identity failed: there is no token: the identity endpoint did not answer: no connection could be made (Connection refused). This may pass: try again later.
    - Getting a token for the managed identity failed: there is no token: the identity endpoint answered 400: the identity that was asked for is not assigned to this app. Turn on the function app's system-assigned identity, or correct EVICT_CLIENT_ID, the client id of a user-assigned identity of this app. Then try again.
    - Getting a token for the managed identity failed: there is no token: the identity endpoint answered 500. This may pass: try again later.
    - Getting a token for the managed identity failed: there is no token: the identity endpoint's answer holds no token of Entra ID: its claim tid is not a tenant id. Then try again.
    ");
}

/// Somebody who looks for what held up an alert finds each attempt in the log, and whether the end of it is worth a warning.
#[tokio::test(start_paused = true)]
async fn each_attempt_is_in_the_log_and_a_user_who_is_not_there_is_no_warning() {
    let log_of = |script: fn(usize) -> Step| async move {
        logged(async move {
            let world = World::new(move |seen| script(seen.number));
            // What it ends in is for other tests.
            let _ = world
                .directory
                .user(adele(), &Tally::new(), world.within(20))
                .await;
        })
        .await
    };
    let has = |log: &str, words: &[&str]| {
        log.lines()
            .any(|line| words.iter().all(|word| line.contains(word)))
    };
    let failed = log_of(|number| match number {
        0 => answer(500, ""),
        _ => answer(403, ""),
    })
    .await;
    let again = ["DEBUG", "GET /users/{id}", "status=500", "attempts=1"];
    assert!(has(&failed, &again), "{failed}");
    let end = ["WARN", "GET /users/{id}", "status=403", "attempts=2"];
    assert!(has(&failed, &end), "{failed}");
    // The id by which Microsoft's support finds a request of which nothing came back.
    let ours = failed.split("client_request_id=").nth(1).unwrap();
    assert!(ours.trim_start_matches('"').len() > 36, "{failed}");
    let absent = log_of(|_| recorded("user-not-found-404")).await;
    assert!(has(&absent, &["DEBUG", "status=404"]), "{absent}");
    assert!(!absent.contains("WARN"), "{absent}");
}

#[test]
fn every_status_has_its_next_move() {
    let mut text = String::new();
    for operations in [
        &[Operation::ReadUser][..],
        &[Operation::FindUser],
        &[
            Operation::CheckMemberGroups,
            Operation::ReadGroup,
            Operation::RevokeSessions,
        ],
    ] {
        let first = table(operations[0]);
        for operation in operations {
            assert_eq!(table(*operation), first);
            writeln!(text, "{}", operation.template()).unwrap();
        }
        text.push_str(&first);
    }
    insta::assert_snapshot!(text, @"
    GET /users/{id}
      300-399: GiveUp
      400-400: FixAlert
      401-401: RetryLater { not_before: None }
      402-402: GiveUp
      403-403: FixPermission
      404-404: FixAlert
      405-407: GiveUp
      408-409: RetryLater { not_before: None }
      410-410: FixAlert
      411-424: GiveUp
      425-425: RetryLater { not_before: None }
      426-428: GiveUp
      429-429: RetryLater { not_before: None }
      430-499: GiveUp
      500-599: RetryLater { not_before: None }
    GET /users?$filter
      300-399: GiveUp
      400-400: FixAlert
      401-401: RetryLater { not_before: None }
      402-402: GiveUp
      403-403: FixPermission
      404-404: RetryLater { not_before: None }
      405-407: GiveUp
      408-409: RetryLater { not_before: None }
      410-410: FixAlert
      411-424: GiveUp
      425-425: RetryLater { not_before: None }
      426-428: GiveUp
      429-429: RetryLater { not_before: None }
      430-499: GiveUp
      500-599: RetryLater { not_before: None }
    POST /users/{id}/checkMemberGroups
    GET /groups/{id}
    POST /users/{id}/revokeSignInSessions
      300-400: GiveUp
      401-401: RetryLater { not_before: None }
      402-402: GiveUp
      403-403: FixPermission
      404-404: FixAlert
      405-407: GiveUp
      408-409: RetryLater { not_before: None }
      410-410: FixAlert
      411-424: GiveUp
      425-425: RetryLater { not_before: None }
      426-428: GiveUp
      429-429: RetryLater { not_before: None }
      430-499: GiveUp
      500-599: RetryLater { not_before: None }
    ");
}

fn table(operation: Operation) -> String {
    let next_move = |status| {
        let refusal = Refusal {
            status,
            code: (status == 404).then(|| "Request_ResourceNotFound".to_owned()),
            request_id: None,
            message: None,
        };
        CallError::new(operation, Cause::Refused(refusal)).disposition()
    };
    let moves: Vec<(u16, Disposition)> = (300..=599).map(|s| (s, next_move(s))).collect();
    let mut table = String::new();
    for run in moves.chunk_by(|a, b| a.1 == b.1) {
        let (first, last) = (run[0], run[run.len() - 1]);
        writeln!(table, "  {}-{}: {:?}", first.0, last.0, first.1).unwrap();
    }
    table
}
