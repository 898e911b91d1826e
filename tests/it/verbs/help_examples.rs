//! The examples of every verb's help, run unchanged by a shell: in the sandbox, with the files and the namespace that
//! they name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use sandbox::bus::Right;
use sandbox::functions::Message;
use tokio::process::Command;
use uuid::Uuid;

use crate::support::shell::Shell;

/// The namespace that the examples name.
const NAMESPACE: &str = "contoso-evict";

/// The Security Operator of the default world.
const PERSON: &str = "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574";

/// The verbs in the help, without `help` itself.
fn verbs(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    list.lines()
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

/// The examples at the end of a help text.
fn examples(help: &str) -> Vec<String> {
    let mut lines = help.lines().skip_while(|line| !line.starts_with("Example"));
    lines.next();
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

async fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_evict"))
        .args(words)
        .arg("--help")
        .env_clear()
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every verb in the command's help, with its own help.
pub(crate) async fn every_help() -> Vec<(String, String)> {
    let mut helps = Vec::new();
    for verb in verbs(&help(&[]).await) {
        let text = help(&[&verb]).await;
        for action in verbs(&text) {
            helps.push((format!("{verb} {action}"), help(&[&verb, &action]).await));
        }
        helps.push((verb, text));
    }
    helps
}

/// The app with everything that the examples mention: three dead-lettered messages, files, and a person who is signed
/// in.
pub(crate) async fn scene() -> Shell {
    let shell = Shell::open(&[("EVICT_MAX_DELIVERIES", "2000")]).await;
    shell
        .app
        .tenant
        .remove_permission("User.RevokeSessions.All");
    // The handler may hold an earlier token.
    shell.app.tenant.revoke_app_tokens();
    shell.app.host.send("evict", letter("INC-4713")).unwrap();
    shell.app.settle().await;
    assert_eq!(shell.app.host.messages("evict-rejected").len(), 1);
    shell.app.tenant.grant("User.RevokeSessions.All");
    shell.app.without_token();
    for id in ["INC-4711", "INC-4712"] {
        shell.app.host.send("evict", letter(id)).unwrap();
    }
    shell.app.settle().await;
    assert_eq!(shell.app.host.queue("evict").dead_lettered.len(), 2);
    shell.app.tenant.faults().clear();

    let graph = shell.app.tenant.persons_token(
        PERSON.parse::<Uuid>().unwrap(),
        &[
            "User.ReadWrite.All",
            "Group.ReadWrite.All",
            "AuditLog.Read.All",
            "IdentityRiskyUser.Read.All",
            "Application.Read.All",
            "Directory.Read.All",
            "RoleManagement.Read.Directory",
        ],
    );
    let azure = shell
        .app
        .tenant
        .persons_token_for_azure(PERSON.parse::<Uuid>().unwrap());
    let bus = shell.bus.token(&[Right::Send, Right::Listen]);
    shell.az(&format!(
        "case \"$*\" in *servicebus*) token={bus};; *management*) token={azure};; *) token={graph};; esac\n\
         echo \"{{\\\"accessToken\\\": \\\"$token\\\", \\\"expires_on\\\": 4102444800, \\\"tokenType\\\": \\\"Bearer\\\"}}\""
    ));
    let folder = shell.folder.path();
    fs::create_dir_all(folder.join(".local/share/bash-completion/completions")).unwrap();
    let incident = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/inbound/sentinel-incident-trigger.json");
    fs::copy(incident, folder.join("incident.json")).unwrap();
    fs::write(
        folder.join("users.txt"),
        "alice@contoso.com\nbob.stone@contoso.com\ncarol.nunez@contoso.com\n",
    )
    .unwrap();
    let profiles = folder.join(".config/evict");
    fs::create_dir_all(&profiles).unwrap();
    let tenant = shell.app.tenant.tenant_id();
    let namespace = shell.bus.endpoint();
    let text = format!("[profile.contoso]\ntenant = \"{tenant}\"\nnamespace = \"{namespace}\"\n");
    fs::write(profiles.join("config.toml"), text).unwrap();
    stand_in(&shell);
    shell
}

fn letter(id: &str) -> Message {
    Message {
        message_id: Some(id.to_owned()),
        ..Message::of(r#"{"user": "dan.fisher@contoso.com", "reason": "token theft"}"#)
    }
}

/// Puts a program `evict` on PATH that runs the real one with the sandbox's namespace.
fn stand_in(shell: &Shell) {
    let path = shell.folder.path().join("evict");
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do\n  shift\n  [ \"$word\" = {NAMESPACE} ] && word='{}'\n  set -- \"$@\" \"$word\"\ndone\n\
         exec '{}' \"$@\"\n",
        shell.bus.endpoint(),
        env!("CARGO_BIN_EXE_evict"),
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a line as a person types it, in the folder with the files.
pub(crate) async fn typed(shell: &Shell, line: &str) -> Output {
    let folder = shell.folder.path();
    let environment = shell.app.tenant.environment();
    Command::new("/bin/sh")
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .envs(
            environment
                .into_iter()
                .filter(|(name, _)| !name.starts_with("IDENTITY_")),
        )
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("HOME", folder)
        .env("PROFILE", folder.join("profile.ps1"))
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn every_verb_has_examples_and_each_runs_as_it_stands() {
    let helps = every_help().await;
    assert!(helps.len() > 10, "{helps:?}");
    let shell = scene().await;
    let mut ran = 0;
    for (verb, help) in helps.iter().filter(|(verb, _)| !verb.contains(' ')) {
        let lines = examples(help);
        assert!(!lines.is_empty(), "`evict {verb} --help` has no examples");
        for line in lines {
            assert!(line.starts_with(&format!("evict {verb}")), "{line}");
            let output = typed(&shell, &line).await;
            assert!(output.status.code() == Some(0), "{line}\n{output:?}");
            ran += 1;
        }
    }
    assert!(ran > 12, "{ran} examples");
    shell.app.settle().await;
    shell.end().await;
}

#[test]
fn examples_are_found_under_either_heading() {
    let help = "Says.\n\nUsage: evict x\n\nOptions:\n  -h\n\nExamples:\n  evict x 1\n  evict x 2\n";
    assert_eq!(examples(help), ["evict x 1", "evict x 2"]);
    assert_eq!(examples("Example:\n  evict x\n"), ["evict x"]);
    assert_eq!(examples("Usage: evict x\n"), Vec::<String>::new());
    let commands = "Commands:\n  send    Puts\n          more of it\n  status  Says\n  help    Print\n\nOptions:\n";
    assert_eq!(verbs(commands), ["send", "status"]);
}
