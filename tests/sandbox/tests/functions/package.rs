//! The package: its staging, and the packages that the host refuses to start.

use std::path::Path;
use std::process::Command;

use sandbox::functions::FunctionsHost;
use serde_json::{Value, json};

use super::{Package, package, repository_root};

async fn refusal(package: &Package) -> String {
    let refused = FunctionsHost::launch(package.options.clone()).await;
    format!("{:#}", refused.unwrap_err())
}

#[test]
fn everything_stands_side_by_side_and_the_handler_can_be_started() {
    let package = package();
    let root = &package.options.staged;
    for file in [
        "host.json",
        "RevokeFromQueue/function.json",
        "RevokeFromAlert/function.json",
        "Check/function.json",
        "handler",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(root.join("handler"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

#[test]
fn a_handler_without_the_execute_bit_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "#!/bin/sh\n").unwrap();
    let staged = sandbox::stage::stage(&repository_root(), &plain, &folder.path().join("p"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let data = std::fs::metadata(staged.unwrap().join("handler")).unwrap();
        assert_eq!(data.permissions().mode() & 0o777, 0o755);
        let source = std::fs::metadata(&plain).unwrap();
        assert_ne!(source.permissions().mode() & 0o777, 0o755);
    }
}

#[tokio::test]
async fn a_misspelt_setting_keeps_the_host_from_starting() {
    let package = package();
    package.edit("host.json", |host| {
        host["extensions"]["serviceBus"]["maxConcurentCalls"] = json!(1);
    });
    assert!(refusal(&package).await.contains("maxConcurentCalls"));
}

#[tokio::test]
async fn forwarding_would_change_the_contract_and_is_refused() {
    let package = package();
    package.edit("host.json", |host| {
        host["customHandler"]["enableForwardingHttpRequest"] = json!(true);
    });
    let refusal = refusal(&package).await;
    assert!(refusal.contains("enableForwardingHttpRequest"), "{refusal}");
}

#[tokio::test]
async fn a_queue_a_connection_or_a_type_that_does_not_exist_is_refused() {
    for (property, value) in [
        ("queueName", "evikt"),
        ("connection", "EvictServicebus"),
        ("type", "serviceBusTriger"),
    ] {
        let package = package();
        package.edit("RevokeFromQueue/function.json", |function| {
            function["bindings"][0][property] = json!(value);
        });
        let refusal = refusal(&package).await;
        assert!(refusal.contains(value), "{refusal}");
    }
}

/// The names that other parts of the product, and its users, rely on.
#[test]
fn functions_bindings_and_entities_have_the_names_that_are_relied_on() {
    let mut named = Vec::new();
    for function in ["RevokeFromQueue", "RevokeFromAlert", "Check"] {
        let path = repository_root().join("function").join(function);
        let text = std::fs::read(path.join("function.json")).unwrap();
        let json: Value = serde_json::from_slice(&text).unwrap();
        for binding in json["bindings"].as_array().unwrap() {
            let place = ["queueName", "topicName", "route"]
                .iter()
                .find_map(|name| binding[*name].as_str());
            named.push([
                function.to_owned(),
                binding["name"].as_str().unwrap().to_owned(),
                binding["type"].as_str().unwrap().to_owned(),
                place.unwrap_or_default().to_owned(),
            ]);
        }
    }
    let expected = [
        ["RevokeFromQueue", "message", "serviceBusTrigger", "evict"],
        [
            "RevokeFromQueue",
            "receipts",
            "serviceBus",
            "evict-receipts",
        ],
        [
            "RevokeFromQueue",
            "rejected",
            "serviceBus",
            "evict-rejected",
        ],
        ["RevokeFromQueue", "handover", "serviceBus", "evict"],
        ["RevokeFromAlert", "req", "httpTrigger", "revoke"],
        ["RevokeFromAlert", "res", "http", ""],
        [
            "RevokeFromAlert",
            "receipts",
            "serviceBus",
            "evict-receipts",
        ],
        ["RevokeFromAlert", "handover", "serviceBus", "evict"],
        ["Check", "req", "httpTrigger", "check"],
        ["Check", "res", "http", ""],
    ];
    assert_eq!(named, expected);
}

/// Published schemas judge our files, if their checker is installed.
#[test]
fn the_published_schemas_accept_host_json_and_every_function_json() {
    let root = repository_root();
    let schemas = root.join("tests/fixtures/schemas");
    let functions = ["RevokeFromQueue", "RevokeFromAlert", "Check"]
        .map(|name| root.join("function").join(name).join("function.json"));
    check(
        &schemas.join("schemastore-host.json"),
        &[root.join("host.json")],
    );
    check(&schemas.join("functions-host-function.json"), &functions);
}

fn check(schema: &Path, files: &[std::path::PathBuf]) {
    let result = Command::new("check-jsonschema")
        .args(["--regex-variant", "nonunicode", "--schemafile"])
        .arg(schema)
        .args(files)
        .output();
    match result {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        ),
        Err(error) => say_that_it_is_skipped(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a check that does not run has to say so"
)]
fn say_that_it_is_skipped(error: &std::io::Error) {
    eprintln!(
        "skipped: check-jsonschema cannot be started ({error}); pip install check-jsonschema"
    );
}
