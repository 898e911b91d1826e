//! `evict access`, as a person and as a script see it.

use sandbox::tenant::{Fault, World, WorldRoleState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::operator_shell::{PERSON, Shell};

/// An owner of Azure through three groups, and more.
const PETRA: &str = "petra.keller@contoso.com";

const CLOUD_ENGINEERING: &str = "c4f80e16-97b2-4d3a-8e65-1b0a9d7c2f43";

/// Everything that can be read.
const ALL: &[&str] = &[
    "Application.Read.All",
    "Directory.Read.All",
    "GroupMember.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read.All",
];

fn person() -> Uuid {
    PERSON.parse().unwrap()
}

async fn shell_in(world: World, scopes: &[&str]) -> Shell {
    let shell = Shell::beside(world).await;
    shell.sign_in_everywhere(person(), scopes);
    shell
}

async fn shell(scopes: &[&str]) -> Shell {
    shell_in(World::default_contoso().unwrap(), scopes).await
}

async fn read(shell: &Shell, arguments: &[&str]) -> (i32, Value) {
    let answer = shell.evict(arguments).await;
    assert_eq!(answer.errors, "");
    (answer.code, serde_json::from_str(&answer.output).unwrap())
}

/// What a user can reach, as `name | risk | group`.
fn reaches(user: &Value) -> Vec<String> {
    let reaches = user["reaches"].as_array().unwrap().iter();
    reaches
        .map(|reach| {
            format!(
                "{} | {} | {}",
                reach["name"].as_str().unwrap(),
                reach["risk"].as_str().unwrap(),
                reach["through"]["name"].as_str().unwrap_or("-")
            )
        })
        .collect()
}

fn unread(user: &Value) -> Vec<String> {
    let unread = user["unread"].as_array().unwrap().iter();
    unread
        .map(|it| {
            format!(
                "{} {}",
                it["what"].as_str().unwrap(),
                it["reason"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn an_administrator_three_groups_deep_is_shown_with_all_that_is_at_stake() {
    let mut shell = shell(ALL).await;
    shell.set("EVICT_PROTECTED_GROUPS", CLOUD_ENGINEERING);
    let answer = shell.evict(&["access", PETRA, "alice@contoso.com"]).await;
    insta::assert_snapshot!(answer.shown());
    shell.tenant.assert_no_surprises();
    // This keeps the excerpt on the page up to date.
    let begins: Vec<&str> = answer.output.lines().take(14).collect();
    let shown = format!("```text\n{}\n```", begins.join("\n"));
    crate::support::golden::hold_block("src/cli/README.md", "access", &shown);
}

#[tokio::test]
async fn the_json_is_the_documented_one() {
    let mut shell = shell(ALL).await;
    shell.set("EVICT_PROTECTED_GROUPS", CLOUD_ENGINEERING);
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    assert_eq!(code, 0);
    insta::assert_json_snapshot!(document);
}

#[tokio::test]
async fn small_pages_tell_the_same() {
    let (_, whole) = read(&shell(ALL).await, &["access", "--json", PETRA]).await;
    let mut world = World::default_contoso().unwrap();
    world.access.page_size = Some(1);
    let paged_shell = shell_in(world, ALL).await;
    let (code, paged) = read(&paged_shell, &["access", "--json", PETRA]).await;
    assert_eq!((code, paged), (0, whole));
    let calls = paged_shell.tenant.calls();
    let followed = |part: &str| {
        let of = |call: &&sandbox::tenant::CallRecord| call.path.contains(part);
        calls
            .iter()
            .filter(of)
            .any(|call| call.path.contains("$skiptoken="))
    };
    for part in [
        "transitiveMemberOf",
        "transitiveRoleAssignments",
        "roleDefinitions",
        "appRoleAssignments",
    ] {
        assert!(followed(part), "{part}");
    }
    let azure = paged_shell.tenant.azure_calls();
    assert!(azure.iter().any(|call| call.path.contains("$skiptoken=")));
    assert!(azure.iter().any(|call| call.body.contains("$skipToken")));
    paged_shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn what_may_not_be_read_is_told_and_hides_nothing_else() {
    let shell = shell(&["User.Read.All", "GroupMember.Read.All"]).await;
    let answer = shell.evict(&["access", PETRA]).await;
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.shown());
    shell.tenant.assert_no_surprises();
}

#[tokio::test]
async fn without_the_groups_azure_itself_looks_through_them() {
    let shell = shell(ALL).await;
    shell
        .tenant
        .faults()
        .add(Fault::on("GET */transitiveMemberOf/*").answer(403));
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["groups permission".to_owned()])
    );
    let owner = reaches(user)
        .into_iter()
        .filter(|line| line.starts_with("Owner"))
        .count();
    assert_eq!(owner, 1, "{:?}", reaches(user));
    let group = "a91c3d57-2e84-4f06-9b1a-6d7f0c5e3b82";
    assert!(user["reaches"].to_string().contains(group));
}

#[tokio::test]
async fn without_resource_graph_each_subscription_is_asked_and_tells_the_same() {
    let (_, whole) = read(&shell(ALL).await, &["access", "--json", PETRA]).await;
    let other = shell(ALL).await;
    let query = "POST /arm/providers/Microsoft.ResourceGraph/*";
    other.tenant.faults().add(Fault::on(query).answer(403));
    let (code, document) = read(&other, &["access", "--json", PETRA]).await;
    assert_eq!((code, document), (0, whole));
}

#[tokio::test]
async fn who_sees_no_subscription_is_told_so() {
    let mut world = World::default_contoso().unwrap();
    let azure = &mut world.access.azure.role_assignments;
    azure.retain(|given| given.principal != person());
    let shell = shell_in(world, ALL).await;
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["azure_roles permission".to_owned()])
    );
    insta::assert_json_snapshot!(user["unread"]);
}

#[tokio::test]
async fn a_token_for_graph_alone_leaves_azure_unread() {
    let shell = Shell::signed_in(ALL).await;
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["azure_roles failed".to_owned()])
    );
    assert_eq!(user["reaches"][0]["name"], "Privileged Role Administrator");
}

#[tokio::test]
async fn nothing_readable_is_a_missing_permission() {
    let mut world = World::default_contoso().unwrap();
    world.access.azure.subscriptions.clear();
    world.access.azure.role_assignments.clear();
    let shell = shell_in(world, &["User.Read.All"]).await;
    for part in ["transitiveMemberOf", "ownedObjects"] {
        let pattern = format!("GET */{part}/*");
        let fault = Fault::on(pattern.as_str()).answer(403);
        shell.tenant.faults().add(fault);
    }
    let answer = shell.evict(&["access", PETRA]).await;
    assert_eq!(answer.code, 77, "{}", answer.shown());
}

#[tokio::test]
async fn one_managed_identity_gives_tokens_for_both() {
    let mut world = World::default_contoso().unwrap();
    world.app.permissions = ALL.iter().map(|it| (*it).to_owned()).collect();
    let mut given = world.access.azure.role_assignments[0].clone();
    given.principal = world.app.principal_id;
    world.access.azure.role_assignments.push(given);
    let mut shell = Shell::beside(world).await;
    let identity = [
        ("IDENTITY_ENDPOINT", shell.tenant.identity_endpoint()),
        ("IDENTITY_HEADER", shell.tenant.identity_header()),
    ];
    for (name, value) in identity {
        shell.set(name, &value);
    }
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!((code, unread(user)), (0, Vec::new()));
    let asked: Vec<String> = shell
        .tenant
        .identity_calls()
        .into_iter()
        .map(|call| call.path)
        .collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    shell
        .tenant
        .remove_permission("RoleManagement.Read.Directory");
    shell.tenant.remove_permission("Directory.Read.All");
    let answer = shell.evict(&["access", PETRA]).await;
    insta::assert_snapshot!(answer.shown());
}

#[tokio::test]
async fn a_tenant_without_privileged_identity_management_has_nobody_eligible() {
    let mut world = World::default_contoso().unwrap();
    world.access.without_pim = true;
    let shell = shell_in(world, ALL).await;
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!((code, unread(user)), (0, Vec::new()));
    assert!(!user["reaches"].to_string().contains("eligible"));
}

#[tokio::test]
async fn a_limit_of_azure_is_not_a_limit_of_graph() {
    let shell = shell(ALL).await;
    let throttled = Fault::on("GET /arm/subscriptions").throttled("600");
    shell.tenant.faults().add(throttled);
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["azure_roles failed".to_owned()])
    );
    assert!(
        user["unread"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("429")
    );
    let subscriptions = shell.tenant.azure_calls();
    assert_eq!(subscriptions.len(), 1, "called while told to wait");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let shell = shell(ALL).await;
    let elsewhere = json!({
        "value": [],
        "@odata.nextLink": "http://127.0.0.1:9/v1.0/users/x/appRoleAssignments?$skiptoken=1",
    });
    let pattern = "GET */appRoleAssignments";
    shell
        .tenant
        .faults()
        .add(Fault::on(pattern).answer(200).body(elsewhere));
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["application_roles failed".to_owned()])
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_said_to_be() {
    let mut world = World::default_contoso().unwrap();
    let mut given = world.access.role_assignments[4].clone();
    given.state = WorldRoleState::Eligible;
    for _ in 0..30 {
        world.access.role_assignments.push(given.clone());
    }
    world.access.page_size = Some(1);
    let shell = shell_in(world, ALL).await;
    let (code, document) = read(&shell, &["access", "--json", PETRA]).await;
    let user = &document["users"][0];
    assert_eq!(
        (code, unread(user)),
        (1, vec!["eligible_directory_roles too_long".to_owned()])
    );
}

#[tokio::test]
async fn one_unknown_among_several_does_not_hide_the_others() {
    let shell = shell(ALL).await;
    let names = [
        "access",
        "--json",
        "nobody@contoso.com",
        "jonas.berg@contoso.com",
    ];
    let (code, document) = read(&shell, &names).await;
    assert_eq!(code, 1);
    assert_eq!(document["users"][0]["state"], "not_found");
    let jonas = &document["users"][1];
    assert_eq!(reaches(jonas), ["Global Administrator | critical | -"]);
}

/// The message of the Azure CLI, and what to do about it, are on separate lines.
#[tokio::test]
async fn an_error_of_the_azure_cli_keeps_its_line_breaks() {
    let shell = Shell::signed_out().await;
    let graph = shell.tenant.persons_token(
        PERSON.parse().unwrap(),
        &["User.Read.All", "Directory.Read.All"],
    );
    // It returns no token for Azure.
    shell.az(&sandbox::az::Az::SignedInTo {
        tokens: vec![("https://graph.microsoft.com/.default".to_owned(), graph)],
        tenant: shell.tenant.tenant_id(),
        expires_on: shell.tenant.clock().now().as_second() + 75 * 60,
    });
    let answer = shell.evict(&["access", "alice@contoso.com"]).await;
    assert!(answer.output.contains("AADSTS500011"), "{}", answer.shown());
    assert!(!answer.output.contains("u{a}"), "{}", answer.shown());
    assert!(
        answer
            .output
            .lines()
            .any(|line| line.trim_start().starts_with("Next: ")),
        "{}",
        answer.shown()
    );
}
