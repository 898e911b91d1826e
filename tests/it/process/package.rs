//! The deployed package, if `infra/package` has built it; with `EVICT_PACKAGE=required` its absence is a failure.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sandbox::clock::SandboxClock;
use sandbox::functions::{FunctionsHost, HostOptions};
use sandbox::send::{self, Alert, Via};
use sandbox::stage::{is_open, open_http, unpack};
use sandbox::tenant::{Tenant, World};

/// The package, if it was built.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test run itself, not of the program under test"
)]
fn package() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/package/evict.zip");
    if path.is_file() {
        return Some(path);
    }
    let required = std::env::var("EVICT_PACKAGE").is_ok_and(|value| value == "required");
    assert!(!required, "{} is required and not there", path.display());
    #[expect(clippy::print_stderr, reason = "whoever runs the tests must see it")]
    {
        eprintln!("skipped: there is no package; infra/package builds it");
    }
    None
}

/// Every file of a folder, with its mode, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = files(&path);
            found.extend(below.into_iter().map(|file| format!("{name}/{file}")));
        } else {
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            found.push(format!("{name} {mode:o}"));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn the_package_holds_what_the_host_looks_for_and_does_the_main_job() {
    let Some(package) = package() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let staged = unpack(&package, folder.path()).unwrap();
    assert_eq!(
        files(&staged),
        [
            "Check/function.json 644",
            "RevokeFromAlert/function.json 644",
            "RevokeFromQueue/function.json 644",
            "handler 755",
            "host.json 644",
        ]
    );
    let clock = SandboxClock::new();
    let tenant = Tenant::start(World::default_contoso().unwrap(), clock.clone())
        .await
        .unwrap();
    let mut options = HostOptions::new(&staged, clock);
    options.environment = tenant.environment();
    let mut bearer = None;
    if is_open(&staged).unwrap() {
        let caller = uuid::uuid!("5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21");
        let audience = "api://evict.contoso.com";
        let issuer = tenant.issuer();
        bearer = Some(issuer.sign(&issuer.claims(audience, caller, caller)));
        options.environment.extend([
            ("EVICT_HTTP_AUDIENCE".to_owned(), audience.to_owned()),
            ("EVICT_ALLOWED_CALLERS".to_owned(), caller.to_string()),
        ]);
    }
    let host = FunctionsHost::start(options).await.unwrap();
    for via in [Via::Queue, Via::Http] {
        let story = send::send(&tenant, &host, Alert::sample(), via, bearer.as_deref())
            .await
            .unwrap();
        assert_eq!(story.receipts[0]["outcome"], "revoked", "{via:?}");
    }
    host.shutdown().await;
}

#[test]
fn the_bill_of_materials_lists_what_the_handler_links_and_nothing_of_the_command_or_the_tests() {
    let Some(package) = package() else {
        return;
    };
    let folder = package.parent().unwrap();
    let bill: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("evict.cdx.json")).unwrap()).unwrap();
    let names: Vec<&str> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| component["name"].as_str().unwrap())
        .collect();
    for linked in [
        "axum",
        "azure_identity",
        "jsonwebtoken",
        "reqwest",
        "rustls",
        "tokio",
    ] {
        assert!(names.contains(&linked), "{linked}");
    }
    for stranger in ["anyhow", "clap", "insta", "sandbox", "template"] {
        assert!(!names.contains(&stranger), "{stranger}");
    }
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let files: Vec<&str> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap().1)
        .collect();
    assert_eq!(
        files
            .iter()
            .filter(|file| !file.contains("command"))
            .collect::<Vec<_>>(),
        [&"evict.cdx.json", &"evict.zip"]
    );
}

#[test]
fn a_package_for_tokens_differs_by_who_is_let_in_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let handler = Path::new(env!("CARGO_BIN_EXE_handler"));
    let staged = sandbox::stage::stage(root, handler, folder.path()).unwrap();
    assert!(!is_open(&staged).unwrap());
    open_http(&staged).unwrap();
    assert!(is_open(&staged).unwrap());
    for name in ["Check", "RevokeFromAlert", "RevokeFromQueue"] {
        let read = |path: PathBuf| -> serde_json::Value {
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
        };
        let before = read(root.join("function").join(name).join("function.json")).to_string();
        let after = read(staged.join(name).join("function.json")).to_string();
        assert_eq!(
            after,
            before.replace("\"authLevel\":\"function\"", "\"authLevel\":\"anonymous\"")
        );
    }
}
