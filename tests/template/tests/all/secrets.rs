//! No secret stands in what is deployed, and planted ones are found.

use std::fs;
use std::path::PathBuf;

use template::secrets::{Secret, scan};

use crate::support::path;

/// Every file below these places.
fn files(places: &[&str]) -> Vec<PathBuf> {
    let mut waiting: Vec<_> = places.iter().map(|it| path(it)).collect();
    let mut files = Vec::new();
    while let Some(place) = waiting.pop() {
        if place.is_dir() {
            waiting.extend(fs::read_dir(place).unwrap().map(|it| it.unwrap().path()));
        } else {
            files.push(place);
        }
    }
    files
}

#[test]
fn nothing_that_is_deployed_holds_a_secret() {
    let files = files(&[
        "infra",
        "function",
        "host.json",
        "local.settings.json.example",
    ]);
    assert!(files.len() > 15, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(scan(&text), [], "{}", file.display());
    }
}

#[test]
fn planted_secrets_are_found_by_line_and_kind() {
    let key = "Zm9v".repeat(10) + "1Ab/cd+E==";
    for (line, kind) in [
        (
            format!("value: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey={key}'"),
            "a storage connection string",
        ),
        (
            "'Endpoint=sb://evict.servicebus.windows.net/;SharedAccessKeyName=Root'".to_owned(),
            "a Service Bus connection string",
        ),
        (
            "SharedAccessKey=abc".to_owned(),
            "a Service Bus connection string",
        ),
        (
            "output key string = account.listKeys().keys[0].value".to_owned(),
            "a call that fetches keys",
        ),
        (
            "var key = listKeys(account.id, '2024-01-01').keys[0]".to_owned(),
            "a call that fetches keys",
        ),
        (
            "output url string = playbook.listCallbackUrl().value".to_owned(),
            "a call that fetches keys",
        ),
        (
            "var sas = account.listServiceSas('2024-01-01', {})".to_owned(),
            "a call that fetches keys",
        ),
        (
            "https://a.blob.core.windows.net/x?sv=2024-08-04&sig=Ab12%2Fcd34Ef56%3D".to_owned(),
            "a shared access signature",
        ),
        (
            "SharedAccessSignature sr=evict&se=1".to_owned(),
            "a shared access signature",
        ),
        (
            "https://evict.azurewebsites.net/api/revoke?code=Ab12Cd34Ef56Gh78==".to_owned(),
            "a function key",
        ),
        (
            "\"x-functions-key\": \"Ab12Cd34Ef56Gh78\"".to_owned(),
            "a function key",
        ),
        (
            "adminPassword: 'correct-horse-battery'".to_owned(),
            "a password",
        ),
        ("clientSecret: 'x'".to_owned(), "a client secret"),
        (
            "Authorization: Bearer abcdefghijklmnop".to_owned(),
            "a token",
        ),
        (
            "token = 'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9'".to_owned(),
            "a token",
        ),
        (
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            "a private key or certificate",
        ),
        (
            "InstrumentationKey=6cace4d5-19d5-4695-92e7-4f7bfab36728".to_owned(),
            "an instrumentation key",
        ),
        (format!("key: '{key}'"), "a key"),
    ] {
        assert_eq!(
            scan(&format!("a\n{line}\n")),
            [Secret { line: 2, kind }],
            "{line}"
        );
    }
}

#[test]
fn names_ids_and_prose_about_keys_are_no_secrets() {
    for line in [
        "allowSharedKeyAccess: false",
        "disableLocalAuth: true",
        "// It signs in with no key, no connection string and no shared access policy.",
        "'Microsoft.ServiceBus/namespaces/queues@2024-01-01'",
        "id: '77f3a031-c388-4f99-b373-dc68676a979e'",
        "connectionString: component.properties.ConnectionString",
        "listing(users)",
        "list(users)",
        "\"callback_url\": \"@{listCallbackUrl()}\"",
        "statusCode=200",
        "var names = [for name in whitelist: name]",
        "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)",
        "https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan",
    ] {
        assert_eq!(scan(line), [], "{line}");
    }
}
