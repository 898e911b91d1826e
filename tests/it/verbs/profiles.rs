//! Profiles: a deployment by name; and the proxy, which is the same for every verb.

use std::fs;

use sandbox::az::Az;
use sandbox::bus::Right;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::operator_shell::{self, AZ_SCOPES, PERSON, Shell as Alone};
use crate::support::shell::{Ended, Shell};
use crate::verbs::check::{AUDIENCE, shell_with};

const OTHER: &str = "84c31ca0-ac3b-4eae-ad11-519d80233e6f";

/// Gives a shell a home folder with this file of profiles.
fn home(environment: &mut Vec<(String, String)>, folder: &tempfile::TempDir, profiles: &str) {
    let config = folder.path().join(".config/evict");
    fs::create_dir_all(&config).unwrap();
    if !profiles.is_empty() {
        fs::write(config.join("config.toml"), profiles).unwrap();
    }
    environment.push((
        "HOME".to_owned(),
        folder.path().to_str().unwrap().to_owned(),
    ));
}

async fn alone(profiles: &str) -> Alone {
    let mut shell = Alone::signed_in(AZ_SCOPES).await;
    home(&mut shell.environment, &shell.folder, profiles);
    shell
}

/// Runs `evict` with exactly these arguments.
async fn run(shell: &Shell, arguments: &[&str]) -> Ended {
    shell.ended(&shell.command(arguments).output().await.unwrap())
}

#[tokio::test]
async fn a_flag_wins_over_a_variable_and_a_variable_over_the_profile() {
    let profiles = format!(
        "default = \"prod\"\n\n[profile.prod]\ntenant = \"{OTHER}\"\nnamespace = \"contoso-evict\"\n\n[profile.empty]\n"
    );
    let mut shell = alone(&profiles).await;
    let own = shell.tenant.tenant_id().to_string();
    let counts = async |shell: &Alone, arguments: &[&str]| {
        let answer = shell
            .evict(&[arguments, &["settings", "--json"]].concat())
            .await;
        let rows: Value = serde_json::from_str(&answer.output).unwrap();
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["name"] == "EVICT_TENANT_ID")
            .unwrap()
            .clone();
        (row["value"].clone(), row["from"].clone())
    };
    assert_eq!(
        counts(&shell, &[]).await,
        (own.clone().into(), "EVICT_TENANT_ID".into())
    );
    shell
        .environment
        .retain(|(name, _)| name != "EVICT_TENANT_ID");
    assert_eq!(
        counts(&shell, &[]).await,
        (OTHER.into(), "profile prod".into())
    );
    assert_eq!(
        counts(&shell, &["--profile", "empty"]).await,
        (Value::Null, Value::Null)
    );
    shell.set("EVICT_PROFILE", "empty");
    assert_eq!(counts(&shell, &[]).await, (Value::Null, Value::Null));
    assert_eq!(counts(&shell, &["--profile", "prod"]).await.0, OTHER);
    let status = ["--profile", "prod", "status", "alice@contoso.com"];
    let refused = shell.evict(&status).await;
    assert_eq!(refused.code, 2, "{}", refused.shown());
    let told = shell
        .evict(&[&status[..], &["--tenant", &own]].concat())
        .await;
    assert_eq!(told.code, 0, "{}", told.shown());
    let text = shell.evict(&["--profile", "prod", "settings"]).await.output;
    assert!(
        text.contains("   EVICT_NAMESPACE      contoso-evict  (profile prod)"),
        "{text}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_told_and_what_needs_none_of_it_goes_on() {
    for (profiles, words) in [
        ("[profile.prod", "config.toml: TOML parse error"),
        (
            "[profile.prod]\ntennant = \"x\"\n",
            "the profile prod has \"tennant\"; a profile has tenant",
        ),
        (
            "[profile.prod]\ntenant = \"contoso.com\"\n",
            "tenant of the profile prod cannot be read",
        ),
        ("", "it has no profile \"prod\"; there is none"),
    ] {
        let shell = alone(profiles).await;
        let arguments = ["--profile", "prod", "status", "alice@contoso.com"];
        let refused = shell.evict(&arguments).await;
        assert_eq!(refused.code, 64, "{profiles}: {}", refused.shown());
        assert!(refused.errors.contains(words), "{}", refused.errors);
        assert!(shell.tenant.calls().is_empty());
        assert_eq!(shell.evict(&["--profile", "prod", "schema"]).await.code, 0);
    }
}

/// The file determines who receives a token.
#[tokio::test]
async fn a_file_that_anybody_may_write_is_not_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = alone("[profile.prod]\n").await;
    let path = shell.folder.path().join(".config/evict/config.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = shell
        .evict(&["--profile", "prod", "status", "alice@contoso.com"])
        .await;
    assert_eq!(refused.code, 64);
    assert!(
        refused
            .errors
            .contains("everybody on this machine may write it")
    );
}

#[tokio::test]
async fn a_profile_is_made_from_what_the_template_has_tagged() {
    let mut shell = Alone::signed_out().await;
    home(
        &mut shell.environment,
        &shell.folder,
        "# mine\n\n[profile.other] # kept\n",
    );
    shell.sign_in_everywhere(PERSON.parse().unwrap(), AZ_SCOPES);
    let url = "http://127.0.0.1:9/api/check";
    let added = shell
        .evict(&["profile", "add", "contoso", "--url", url])
        .await;
    // The function does not answer, which is reported; the findings are written down all the same.
    assert_eq!(added.code, 1, "{}", added.shown());
    let file = fs::read_to_string(shell.folder.path().join(".config/evict/config.toml")).unwrap();
    insta::assert_snapshot!(file, @r#"
    # mine

    [profile.other] # kept

    [profile.contoso]
    tenant = "f6fadfa7-e5c1-4b62-9362-da5cc13da58a"
    namespace = "contoso-evict.servicebus.windows.net"
    url = "http://127.0.0.1:9/api/check"
    "#);
    let script = shell.evict(&["completions", "bash"]).await.output;
    assert!(
        script.contains("other contoso"),
        "the completions know the profiles"
    );
    let list = shell.evict(&["profile", "list"]).await.output;
    assert!(list.contains("contoso\n   tenant      f6fadfa7-"), "{list}");
}

#[tokio::test]
async fn whoever_sees_no_function_app_is_told_what_to_give() {
    let mut shell = Alone::signed_out().await;
    home(&mut shell.environment, &shell.folder, "");
    shell.az(&Az::signed_out());
    let nobody = shell.evict(&["profile", "add", "contoso"]).await;
    assert_eq!(nobody.code, 2, "{}", nobody.shown());
    let stranger = "6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap();
    shell.sign_in_everywhere(stranger, AZ_SCOPES);
    let unseen = shell.evict(&["profile", "add", "contoso"]).await;
    assert_eq!(unseen.code, 1, "{}", unseen.shown());
    assert!(
        unseen.errors.contains("give --namespace and --url"),
        "{}",
        unseen.errors
    );
    assert!(
        !shell
            .folder
            .path()
            .join(".config/evict/config.toml")
            .exists()
    );
}

/// With a profile nothing else has to be typed: the queue, the function and its token follow from it.
#[tokio::test]
async fn a_profile_stands_for_all_that_is_typed_otherwise() {
    let (mut shell, token) =
        shell_with(&[("EVICT_PROTECTED_USERS", "bob.stone@contoso.com")]).await;
    let url = format!("{}/api/check", shell.app.host.http_endpoint());
    home(&mut shell.environment, &shell.folder, "");
    let azure = shell
        .app
        .tenant
        .persons_token_for_azure(PERSON.parse().unwrap());
    shell.sign_in_to_all(
        AZ_SCOPES,
        &[Right::Send, Right::Listen],
        &[
            ("api://evict.contoso.com/.default", &token),
            ("https://management.azure.com/.default", &azure),
        ],
    );
    let bus = shell.bus.endpoint();
    // An address of this machine is written unchanged.
    let add = [
        "profile",
        "add",
        "here",
        "--namespace",
        &bus,
        "--url",
        &url,
        "--audience",
        AUDIENCE,
    ];
    let added = run(&shell, &add).await;
    assert_eq!(added.code, 0, "{}", added.whole());
    shell.unset("EVICT_TENANT_ID");
    let check = run(&shell, &["check"]).await;
    assert_eq!(check.code, 0, "{}", check.whole());
    for line in [
        "ok      queue evict\n",
        "ok      queue evict-rejected\n",
        "ok      function\n",
    ] {
        assert!(check.output.contains(line), "{}", check.output);
    }
    let list = run(&shell, &["rejected", "list"]).await;
    assert_eq!(list.code, 0, "{}", list.whole());
    let revoke = run(&shell, &["revoke", "--yes", "bob.stone@contoso.com"]).await;
    assert_eq!(revoke.code, 1, "{}", revoke.whole());
    assert!(revoke.output.contains("withheld"), "{}", revoke.output);
    shell.end().await;
}

/// A proxy that lets nothing through, and records its requests.
async fn proxy() -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let seen = std::sync::Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let line = text.lines().next().unwrap_or_default().to_owned();
            seen.lock().unwrap().push(line);
            // The client may be gone.
            let _answered = stream
                .write_all(
                    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                )
                .await;
        }
    });
    (address, asked)
}

/// One rule for every verb: addresses beyond this machine go through the proxy that the environment names, as with
/// `az`.
#[tokio::test]
async fn what_is_beyond_this_machine_goes_through_the_proxy_and_nothing_else_does() {
    let (address, asked) = proxy().await;
    let mut shell = Alone::signed_in(AZ_SCOPES).await;
    shell.set("HTTPS_PROXY", &address);
    shell.set("HTTP_PROXY", &address);
    let near: operator_shell::Answer = shell.evict(&["status", "alice@contoso.com"]).await;
    assert_eq!(near.code, 0, "{}", near.shown());
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());

    shell
        .environment
        .retain(|(name, _)| name != "EVICT_GRAPH_ENDPOINT");
    shell.set(
        "EVICT_HTTP_DEADLINE_SECONDS",
        &crate::support::busy::seconds(5),
    );
    let far = shell.evict(&["status", "alice@contoso.com"]).await;
    assert_ne!(far.code, 0, "{}", far.shown());
    let lines = std::mem::take(&mut *asked.lock().unwrap());
    assert!(
        lines
            .iter()
            .all(|line| line == "CONNECT graph.microsoft.com:443 HTTP/1.1")
            && !lines.is_empty(),
        "{lines:?}"
    );
    let url = "https://contoso-evict.azurewebsites.net/api/check";
    shell.evict(&["check", "--url", url]).await;
    let lines = asked.lock().unwrap().clone();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("CONNECT contoso-evict.azurewebsites.net:443")),
        "{lines:?}"
    );
}
