//! Settings: what is read, what is refused and in which words, and that the documents agree with the registry.

use std::time::Duration;

use evict::config::{self, Environment, Fallback, Kind, LogLevel, REGISTRY, Settings};
use evict::domain::{Cloud, Mode, ProtectedUser, Severity};

const TENANT: (&str, &str) = ("EVICT_TENANT_ID", "f6fadfa7-e5c1-4b62-9362-da5cc13da58a");
const PORT: (&str, &str) = ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071");

fn environment(pairs: &[(&'static str, &'static str)]) -> Environment {
    Environment::from_pairs([TENANT, PORT].into_iter().chain(pairs.iter().copied()))
}

/// The problems as they are shown, or nothing.
fn problems(pairs: &[(&'static str, &'static str)]) -> String {
    match Settings::read(&environment(pairs)) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn with_nothing_but_the_required_every_default_is_in_force() {
    let settings = Settings::read(&environment(&[])).unwrap();
    let in_force: Vec<String> = settings
        .in_force()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    insta::assert_snapshot!(in_force.join("\n"), @r#"
        EVICT_TENANT_ID=f6fadfa7-e5c1-4b62-9362-da5cc13da58a
        EVICT_CLIENT_ID=
        EVICT_CLOUD=global
        EVICT_GRAPH_ENDPOINT=https://graph.microsoft.com
        EVICT_MODE=enforce
        EVICT_PROTECTED_USERS=
        EVICT_PROTECTED_GROUPS=
        EVICT_MAX_USERS_PER_ALERT=25
        EVICT_MAX_USERS_PER_HOUR=250
        EVICT_LEDGER_URL=
        EVICT_MIN_SEVERITY=
        EVICT_HTTP_AUDIENCE=
        EVICT_ALLOWED_CALLERS=
        EVICT_LOGIN_ENDPOINT=https://login.microsoftonline.com
        EVICT_ARM_ENDPOINT=https://management.azure.com
        EVICT_SENTINEL_WORKSPACES=
        EVICT_CONCURRENCY=16
        EVICT_MAX_DELIVERIES=10
        EVICT_HTTP_DEADLINE_SECONDS=100
        EVICT_QUEUE_DEADLINE_SECONDS=240
        EVICT_REDELIVERY_WAIT_SECONDS=5
        EVICT_VERIFY_SECONDS=15
        EVICT_LOG=info
        FUNCTIONS_CUSTOMHANDLER_PORT=7071
        "#);
}

#[test]
fn tokens_are_asked_for_with_an_audience_and_callers_or_not_at_all() {
    let audience = ("EVICT_HTTP_AUDIENCE", "api://evict.contoso.com");
    let callers = (
        "EVICT_ALLOWED_CALLERS",
        "5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21; c1c9a1de-7e0b-4f5d-9a43-6f2f7f0b8e11",
    );
    let both = Settings::read(&environment(&[audience, callers])).unwrap();
    let policy = both.callers.unwrap();
    assert_eq!(policy.allowed.len(), 2);
    assert_eq!(policy.tenant, both.policy.tenant);
    let told = [
        problems(&[audience]),
        problems(&[callers]),
        problems(&[("EVICT_HTTP_AUDIENCE", "evict"), callers]),
        problems(&[audience, ("EVICT_ALLOWED_CALLERS", "alice@contoso.com")]),
        problems(&[(
            "EVICT_LOGIN_ENDPOINT",
            "https://login.microsoftonline.com.example.org",
        )]),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    EVICT_ALLOWED_CALLERS: it names nobody, although EVICT_HTTP_AUDIENCE asks for tokens; expected object ids or application ids, separated by comma, semicolon or white space
    EVICT_HTTP_AUDIENCE: it is not set, although EVICT_ALLOWED_CALLERS names callers; expected an application ID URI, such as api://6cace4d5-19d5-4695-92e7-4f7bfab36728, or an application id
    EVICT_HTTP_AUDIENCE: it is no application ID URI and no application id; expected an application ID URI, such as api://6cace4d5-19d5-4695-92e7-4f7bfab36728, or an application id
    EVICT_ALLOWED_CALLERS: entry 1 of 1 cannot be read; expected object ids or application ids, separated by comma, semicolon or white space
    EVICT_LOGIN_ENDPOINT: it is not an address of this machine; expected http:// or https:// and a loopback address with a port, such as http://127.0.0.1:4010
    ");
}

#[test]
fn three_mistakes_are_three_lines() {
    let pairs = [
        ("EVICT_MODE", "observ"),
        (
            "EVICT_PROTECTED_USERS",
            "breakglass@contoso.com; Break Glass,x",
        ),
        ("EVICT_PROTECTED_USER", "alice@contoso.com"),
    ];
    insta::assert_snapshot!(problems(&pairs), @r#"
        EVICT_MODE: it is none of its words (did you mean observe?); expected one of enforce, observe
        EVICT_PROTECTED_USERS: entries 2, 3 and 4 of 4 cannot be read; expected object ids or user principal names, separated by comma, semicolon or white space
        EVICT_PROTECTED_USER: there is no such setting; did you mean EVICT_PROTECTED_USERS?
        "#);
}

#[test]
fn every_kind_of_mistake_says_what_is_wrong_and_what_is_expected() {
    let environment = Environment::from_pairs([
        ("EVICT_TENANT_ID", "contoso.onmicrosoft.com"),
        ("EVICT_CLIENT_ID", "00000000-0000-0000-0000-000000000000"),
        ("EVICT_CLOUD", "germany"),
        ("EVICT_GRAPH_ENDPOINT", "https://graph.microsoft.com"),
        ("EVICT_PROTECTED_GROUPS", "admins"),
        ("EVICT_MAX_USERS_PER_ALERT", "-1"),
        ("EVICT_MAX_USERS_PER_HOUR", "99999999999999999999999"),
        ("EVICT_MIN_SEVERITY", "critical"),
        ("EVICT_CONCURRENCY", "0"),
        ("EVICT_HTTP_DEADLINE_SECONDS", "221"),
        ("EVICT_VERIFY_SECONDS", "1.5"),
        ("evict_mode", "observe"),
        ("EVICT_CLIENT_SECRET\n", "hunter2"),
    ]);
    let problems = Settings::read(&environment).unwrap_err();
    insta::assert_snapshot!(problems, @r#"
        EVICT_TENANT_ID: it is not the id of a tenant; expected a GUID such as 6cace4d5-19d5-4695-92e7-4f7bfab36728
        EVICT_CLIENT_ID: it is not a client id; expected a GUID such as 6cace4d5-19d5-4695-92e7-4f7bfab36728
        EVICT_CLOUD: it is none of its words; expected one of global, usgov, usgovdod, china
        EVICT_GRAPH_ENDPOINT: it is not an address of this machine; expected http:// or https:// and a loopback address with a port, such as http://127.0.0.1:4010
        EVICT_PROTECTED_GROUPS: entry 1 of 1 cannot be read; expected object ids of groups, separated by comma, semicolon or white space
        EVICT_MAX_USERS_PER_ALERT: it is not a whole number; expected a whole number of users from 0 to 100000
        EVICT_MAX_USERS_PER_HOUR: it is too large; expected a whole number of users from 0 to 100000
        EVICT_MIN_SEVERITY: it is none of its words; expected one of informational, low, medium, high
        EVICT_CONCURRENCY: it is too small; expected a whole number of users from 1 to 64
        EVICT_HTTP_DEADLINE_SECONDS: it is too large; expected a whole number of seconds from 5 to 220
        EVICT_VERIFY_SECONDS: it is not a whole number; expected a whole number of seconds from 0 to 60
        FUNCTIONS_CUSTOMHANDLER_PORT: it is not set; expected a port from 1 to 65535: the handler is started by the Functions host, or by hand with FUNCTIONS_CUSTOMHANDLER_PORT=7071
        EVICT_CLIENT_SECRET\n: there is no such setting; remove it; `evict settings` lists those that there are
        evict_mode: there is no such setting; did you mean EVICT_MODE?
        "#);
}

#[test]
fn no_problem_repeats_a_value() {
    let secret = "hunter2-very-secret";
    for setting in REGISTRY {
        let environment = Environment::from_pairs([TENANT, PORT, (setting.name, secret)]);
        let problems = Settings::read(&environment).unwrap_err();
        assert_eq!(problems.iter().count(), 1, "{}", setting.name);
        assert!(!format!("{problems} {problems:?} {environment:?}").contains("hunter2"));
    }
}

#[test]
fn a_missing_tenant_is_a_problem_and_so_is_an_empty_one() {
    for pairs in [vec![PORT], vec![PORT, ("EVICT_TENANT_ID", "  ")]] {
        let problems = Settings::read(&Environment::from_pairs(pairs)).unwrap_err();
        let variables: Vec<_> = problems.iter().map(config::Problem::variable).collect();
        assert_eq!(variables, ["EVICT_TENANT_ID"]);
    }
}

#[test]
fn an_empty_value_is_as_good_as_none() {
    let empty: Vec<_> = REGISTRY
        .iter()
        .filter(|setting| !matches!(setting.fallback, Fallback::Required { .. }))
        .map(|setting| (setting.name, ""))
        .collect();
    let read = Settings::read(&environment(&empty)).unwrap();
    assert_eq!(read, Settings::read(&environment(&[])).unwrap());
}

#[test]
fn a_ledger_is_a_blob_of_the_cloud_and_no_shared_access_signature_is_taken_or_repeated() {
    let of_global = "https://evict01.blob.core.windows.net/evict-ledger/hour.json";
    let told = [
        problems(&[("EVICT_LEDGER_URL", of_global)]),
        problems(&[("EVICT_LEDGER_URL", of_global), ("EVICT_CLOUD", "china")]),
        problems(&[(
            "EVICT_LEDGER_URL",
            "https://evict01.blob.core.windows.net/evict-ledger/hour.json?sv=2024-11-04&sig=s3cret",
        )]),
        problems(&[(
            "EVICT_LEDGER_URL",
            "http://evict01.blob.core.windows.net/a/b",
        )]),
        problems(&[("EVICT_LEDGER_URL", "https://evict01.blob.core.windows.net/")]),
    ];
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn every_setting_is_read() {
    let settings = Settings::read(&environment(&[
        ("EVICT_CLIENT_ID", "1C5989F1-BA2D-4E83-858B-FED0A712755F"),
        ("EVICT_CLOUD", "UsGov"),
        ("EVICT_GRAPH_ENDPOINT", "http://127.0.0.1:4010/"),
        ("EVICT_MODE", " Observe "),
        (
            "EVICT_PROTECTED_USERS",
            "6cace4d5-19d5-4695-92e7-4f7bfab36728;Breakglass@contoso.com,\n a_fabrikam.com#EXT#@contoso.com",
        ),
        ("EVICT_PROTECTED_GROUPS", "482c590e-0d97-42bf-8dc8-3011ac8efe12,"),
        ("EVICT_MAX_USERS_PER_ALERT", "0"),
        ("EVICT_MAX_USERS_PER_HOUR", "100000"),
        (
            "EVICT_LEDGER_URL",
            "https://evict01.blob.core.usgovcloudapi.net/evict-ledger/hour.json",
        ),
        ("EVICT_MIN_SEVERITY", "HIGH"),
        ("EVICT_CONCURRENCY", "64"),
        ("EVICT_MAX_DELIVERIES", "1"),
        ("EVICT_HTTP_DEADLINE_SECONDS", "5"),
        ("EVICT_QUEUE_DEADLINE_SECONDS", "6"),
        ("EVICT_REDELIVERY_WAIT_SECONDS", "0"),
        ("EVICT_VERIFY_SECONDS", "007"),
        ("EVICT_LOG", "debug"),
    ]))
    .unwrap();
    assert_eq!(settings.port, 7071);
    assert_eq!(
        settings.client_id.unwrap().to_string(),
        "1c5989f1-ba2d-4e83-858b-fed0a712755f"
    );
    assert_eq!(settings.cloud, Cloud::UsGov);
    assert_eq!(settings.graph_endpoint.root(), "http://127.0.0.1:4010");
    assert_eq!(settings.policy.tenant.to_string(), TENANT.1);
    assert_eq!(settings.policy.mode, Mode::Observe);
    assert_eq!(
        settings.policy.protected_users,
        [
            ProtectedUser::Id("6cace4d5-19d5-4695-92e7-4f7bfab36728".parse().unwrap()),
            ProtectedUser::Upn("breakglass@contoso.com".parse().unwrap()),
            ProtectedUser::Upn("a_fabrikam.com#EXT#@contoso.com".parse().unwrap()),
        ]
    );
    assert_eq!(
        settings.policy.protected_groups,
        ["482c590e-0d97-42bf-8dc8-3011ac8efe12".parse().unwrap()]
    );
    assert_eq!(settings.policy.max_users_per_alert, 0);
    assert_eq!(settings.policy.max_users_per_hour, 100_000);
    assert_eq!(
        settings.ledger.unwrap().url(),
        "https://evict01.blob.core.usgovcloudapi.net/evict-ledger/hour.json"
    );
    assert_eq!(settings.policy.min_severity, Some(Severity::High));
    assert_eq!(settings.concurrency, 64);
    assert_eq!(settings.max_deliveries, 1);
    assert_eq!(settings.http_deadline, Duration::from_secs(5));
    assert_eq!(settings.queue_deadline, Duration::from_secs(6));
    assert_eq!(settings.redelivery_wait, Duration::ZERO);
    assert_eq!(settings.verify, Duration::from_secs(7));
    assert_eq!(settings.log_level, LogLevel::Debug);
}

#[test]
fn the_list_of_settings_in_force_is_the_registry_and_names_no_user() {
    let settings = Settings::read(&environment(&[(
        "EVICT_PROTECTED_USERS",
        "6cace4d5-19d5-4695-92e7-4f7bfab36728 breakglass@contoso.com",
    )]))
    .unwrap();
    let in_force = settings.in_force();
    let names: Vec<_> = in_force.iter().map(|(name, _)| *name).collect();
    let registered: Vec<_> = REGISTRY.iter().map(|setting| setting.name).collect();
    assert_eq!(names, registered);
    assert!(in_force.contains(&(
        "EVICT_PROTECTED_USERS",
        "1 by object id, 1 by user principal name".to_owned()
    )));
    assert!(!format!("{in_force:?} {settings:?}").contains("breakglass"));
}

#[test]
fn every_word_of_a_choice_is_read_and_every_bound_is_included() {
    for setting in REGISTRY {
        let mut good = setting
            .kind
            .words()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let mut bad = Vec::new();
        if let Kind::Whole { least, most, .. } = setting.kind {
            good.extend([least.to_string(), most.to_string()]);
            bad.push((u64::from(most) + 1).to_string());
            bad.extend(least.checked_sub(1).map(|below| below.to_string()));
        }
        for (value, is_good) in good
            .iter()
            .map(|v| (v, true))
            .chain(bad.iter().map(|v| (v, false)))
        {
            let pairs = [TENANT, PORT].map(|(n, v)| (n, v.to_owned()));
            let environment =
                Environment::from_pairs(pairs.into_iter().chain([(setting.name, value.clone())]));
            assert_eq!(
                Settings::read(&environment).is_ok(),
                is_good,
                "{}={value}",
                setting.name
            );
        }
    }
}

#[test]
fn every_setting_has_a_document_and_a_name_of_its_own() {
    for (index, setting) in REGISTRY.iter().enumerate() {
        assert!(
            setting.doc.len() > 20 && setting.doc.ends_with('.'),
            "{}",
            setting.name
        );
        assert!(!setting.doc.contains(['|', '\n']), "{}", setting.name);
        assert!(
            REGISTRY
                .iter()
                .skip(index + 1)
                .all(|other| other.name != setting.name)
        );
    }
}

#[test]
fn the_page_of_settings_shows_the_registry() {
    crate::support::golden::hold_block("src/config/README.md", "settings", &config::table());
}

#[test]
fn the_example_of_local_settings_is_the_registry() {
    assert_eq!(
        include_str!("../../../local.settings.json.example"),
        config::local_settings_example()
    );
}

#[test]
fn the_example_of_local_settings_has_the_host_s_form_and_works_once_the_tenant_is_filled_in() {
    let example: serde_json::Value =
        serde_json::from_str(include_str!("../../../local.settings.json.example")).unwrap();
    let example = example.as_object().unwrap();
    assert_eq!(
        example.keys().collect::<Vec<_>>(),
        ["IsEncrypted", "Values"]
    );
    assert!(!example["IsEncrypted"].as_bool().unwrap());
    let values = example["Values"].as_object().unwrap();
    assert_eq!(values["FUNCTIONS_WORKER_RUNTIME"], "custom");
    let mut pairs = vec![(PORT.0.to_owned(), PORT.1.to_owned())];
    for (name, value) in values {
        let value = value.as_str().unwrap();
        assert!(
            ![
                "AccountKey",
                "SharedAccessKey",
                "Secret",
                "Password",
                "UseDevelopmentStorage"
            ]
            .iter()
            .any(|word| value.contains(word) || name.contains(word)),
            "{name}"
        );
        pairs.push((name.clone(), value.replace("<tenant id>", TENANT.1)));
    }
    let read = Settings::read(&Environment::from_pairs(pairs)).unwrap();
    // It protects nobody, so it only observes; everything else is as with no settings.
    let observing = environment(&[("EVICT_MODE", "observe")]);
    assert_eq!(read, Settings::read(&observing).unwrap());
}

#[cfg(unix)]
#[test]
fn the_process_s_environment_is_read() {
    // Cargo sets none of our variables; the test checks that nothing else is kept.
    let shown = format!("{:?}", Environment::of_process());
    assert!(!shown.contains("PATH"), "{shown}");
}
