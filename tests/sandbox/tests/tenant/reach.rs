//! What accounts can reach: roles, groups, applications and Azure, in the answers of Graph and Azure Resource Manager.

use sandbox::clock::SandboxClock;
use sandbox::tenant::{Tenant, World};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, App};

const PETRA: &str = "5b7e2f90-6c1d-4a83-b2e4-8d0f3a9c7e16";
const KIRA: &str = "a4c05d1e-7b36-4f98-8d2a-6c1e9b0f3574";
const PRODUCTION: &str = "8a119b9e-16bc-4732-8f7b-7676d015b0dc";

fn ids(answer: &Answer, name: &str) -> Vec<String> {
    let rows = answer.json["value"].as_array().unwrap().iter();
    rows.map(|row| row[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn transitive_role_assignments_are_not_found_without_the_header() {
    let app = App::start().await;
    app.tenant.grant("RoleManagement.Read.Directory");
    let path = format!(
        "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId%20eq%20'{PETRA}'"
    );
    assert_eq!(app.get(&path).await.status, 404);
    let answer = app.get_eventual(&path).await;
    assert_eq!(answer.status, 200);
    let group = "0b6d8f3e-51a7-4c92-bd04-7e9a2c1f6058";
    assert_eq!(ids(&answer, "principalId"), [PETRA, PETRA, group]);
    let context = answer.json["@odata.context"].as_str().unwrap();
    assert!(context.contains("/beta/"), "{context}");
}

#[tokio::test]
async fn each_question_needs_its_permission_and_is_refused_in_its_own_form() {
    let app = App::start().await;
    let roles = "/beta/roleManagement/directory/roleDefinitions";
    assert_eq!(app.get(roles).await.code(), "Authorization_RequestDenied");
    let eligible = format!(
        "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances?$filter=principalId%20eq%20'{PETRA}'"
    );
    app.tenant.grant("Directory.Read.All");
    assert_eq!(app.get(roles).await.status, 200);
    let refused = app.get(&eligible).await;
    assert_eq!((refused.status, refused.code()), (403, "UnknownError"));
    let message = refused.json["error"]["message"].as_str().unwrap();
    let inside: Value = serde_json::from_str(message).unwrap();
    assert_eq!(inside["errorCode"], "PermissionScopeNotGranted");
    app.tenant.grant("RoleEligibilitySchedule.Read.Directory");
    assert_eq!(app.get(&eligible).await.status, 200);
}

#[tokio::test]
async fn a_cast_is_an_advanced_query_and_hidden_groups_are_bare_ids() {
    let app = App::start().await;
    let path = format!("/v1.0/users/{PETRA}/transitiveMemberOf/microsoft.graph.group?$count=true");
    assert_eq!(app.get(&path).await.code(), "Request_UnsupportedQuery");
    let groups = app.get_eventual(&path).await;
    assert_eq!(groups.json["@odata.count"], 4);
    let assignable: Vec<&Value> = groups.json["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|group| group["isAssignableToRole"] == true)
        .collect();
    assert_eq!(assignable[0]["displayName"], "Identity operators");
    app.tenant.remove_permission("GroupMember.Read.All");
    let bare = app.get_eventual(&path).await;
    assert_eq!(bare.status, 200);
    assert!(bare.json["value"][0]["displayName"].is_null());
}

#[tokio::test]
async fn roles_in_applications_come_from_direct_groups_alone() {
    let app = App::start().await;
    app.tenant.grant("Directory.Read.All");
    let path = format!("/v1.0/users/{PETRA}/appRoleAssignments");
    let answer = app.get(&path).await;
    assert_eq!(ids(&answer, "principalType"), ["User", "Group"]);
    assert_eq!(
        ids(&answer, "appRoleId")[1],
        Uuid::nil().to_string(),
        "no role in particular"
    );
}

/// Calls Azure Resource Manager as this person.
async fn azure(
    tenant: &Tenant,
    person: &str,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let token = tenant.persons_token_for_azure(person.parse().unwrap());
    let url = if path.starts_with("http") {
        path.to_owned()
    } else {
        format!("{}{path}", tenant.arm_endpoint())
    };
    let answer = client()
        .request(method.parse().unwrap(), url)
        .bearer_auth(token)
        .header("Content-Type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert!(answer.headers().contains_key("x-ms-request-id"));
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn paged() -> Tenant {
    let mut world = World::default_contoso().unwrap();
    world.access.page_size = Some(1);
    Tenant::start(world, SandboxClock::new()).await.unwrap()
}

#[tokio::test]
async fn a_list_of_azure_is_followed_by_its_link() {
    let tenant = paged().await;
    let path = "/subscriptions?api-version=2022-12-01";
    let (_, first) = azure(&tenant, KIRA, "GET", path, json!({})).await;
    assert_eq!(first["value"][0]["displayName"], "Production");
    let link = first["nextLink"].as_str().unwrap();
    let (_, second) = azure(&tenant, KIRA, "GET", link, json!({})).await;
    assert_eq!(second["value"][0]["displayName"], "Sandbox");
    assert!(second.get("nextLink").is_none());
}

#[tokio::test]
async fn resource_graph_looks_through_no_group_and_pages_by_token() {
    let tenant = paged().await;
    let path = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";
    let ask = |principals: &str, token: Option<&str>, above: bool| {
        let query = format!(
            "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | where \
             tostring(properties.principalId) in~ ({principals}) | project id, scope = tostring(properties.scope)"
        );
        let mut options = json!({"resultFormat": "objectArray", "$skipToken": token});
        if above {
            options["authorizationScopeFilter"] = json!("AtScopeAboveAndBelow");
        }
        json!({"query": query, "options": options})
    };
    let own = format!("'{PETRA}'");
    let (_, first) = azure(&tenant, KIRA, "POST", path, ask(&own, None, true)).await;
    assert_eq!(first["totalRecords"], 2);
    let token = first["$skipToken"].as_str();
    let (_, second) = azure(&tenant, KIRA, "POST", path, ask(&own, token, true)).await;
    assert_ne!(first["data"], second["data"]);
    assert!(second.get("$skipToken").is_none());
    // An assignment at a management group is above every subscription.
    let group = "'c4f80e16-97b2-4d3a-8e65-1b0a9d7c2f43'";
    for (above, count) in [(true, 1), (false, 0)] {
        let (_, answer) = azure(&tenant, KIRA, "POST", path, ask(group, None, above)).await;
        assert_eq!(answer["totalRecords"], count);
    }
}

#[tokio::test]
async fn assigned_to_looks_through_groups_and_needs_a_role_that_reads() {
    let app = App::start().await;
    let path = format!(
        "/subscriptions/{PRODUCTION}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('{PETRA}')&api-version=2022-04-01"
    );
    let (status, answer) = azure(&app.tenant, KIRA, "GET", &path, json!({})).await;
    assert_eq!(status, 200);
    let scopes: Vec<&str> = answer["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["properties"]["scope"].as_str().unwrap())
        .collect();
    assert_eq!(scopes.len(), 3, "{scopes:?}");
    let alice = app.id_of("alice@contoso.com").to_string();
    let (status, refused) = azure(&app.tenant, &alice, "GET", &path, json!({})).await;
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (403, Some("AuthorizationFailed"))
    );
}

#[tokio::test]
async fn a_token_for_graph_does_not_open_azure() {
    let app = App::start().await;
    let url = format!(
        "{}/subscriptions?api-version=2022-12-01",
        app.tenant.arm_endpoint()
    );
    let token = app.token().await;
    let answer = client().get(url).bearer_auth(token).send().await;
    assert_eq!(answer.unwrap().status(), 401);
}

#[test]
fn a_world_whose_roles_lead_nowhere_is_refused_with_the_place() {
    let shipped = serde_json::to_value(World::default_contoso().unwrap()).unwrap();
    let nobody = Uuid::from_u128(1).to_string();
    for (pointer, value, place) in [
        (
            "/access/roleAssignments/0/principal",
            "6e1b9d72-c3f4-4a05-97d8-1f2e0c6b8a39",
            "access.roleAssignments[0].principal",
        ),
        (
            "/access/roleAssignments/1/role",
            nobody.as_str(),
            "access.roleAssignments[1].role",
        ),
        (
            "/access/azure/roleAssignments/0/role",
            nobody.as_str(),
            "access.azure.roleAssignments[0].role",
        ),
        (
            "/access/azure/roleAssignments/0/scope",
            "/subscriptions/x",
            "access.azure.roleAssignments[0].scope",
        ),
        (
            "/groups/8/members/0",
            "6e1b9d72-c3f4-4a05-97d8-1f2e0c6b8a39",
            "groups[8].members[0]",
        ),
    ] {
        let mut world = shipped.clone();
        *world.pointer_mut(pointer).unwrap() = json!(value);
        let error = World::from_json(&world.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.contains(place), "{error} should name {place}");
    }
}

/// A client without a proxy.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
