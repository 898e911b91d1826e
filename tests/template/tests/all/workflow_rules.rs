//! Planted mistakes: each kind is found in an otherwise right playbook, and said with its file and JSON path.

use serde_json::{Value, json};
use template::workflow::check;

use crate::workflow_world::{ASK_AND_COMMENT, playbook};

/// What is found in the playbook after `mistake` was planted.
fn found(mistake: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut definition = playbook(ASK_AND_COMMENT);
    mistake(&mut definition);
    check("ask.json", &definition.to_string())
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Plants `value` at `pointer`, where something stood before.
fn planted(pointer: &str, value: Value) -> Vec<String> {
    found(|definition| *definition.pointer_mut(pointer).unwrap() = value)
}

/// Adds `value` as `name` to the object at `pointer`.
fn added(pointer: &str, name: &str, value: Value) -> Vec<String> {
    found(|definition| definition.pointer_mut(pointer).unwrap()[name] = value)
}

fn removed(pointer: &str, name: &str) -> Vec<String> {
    found(|definition| {
        let object = definition.pointer_mut(pointer).unwrap();
        object.as_object_mut().unwrap().remove(name).unwrap();
    })
}

#[test]
fn a_right_playbook_has_no_findings() {
    assert_eq!(found(|_| ()), Vec::<String>::new());
}

#[test]
fn a_file_that_is_no_json_is_found() {
    let findings = check("ask.json", "{");
    assert!(
        findings[0]
            .to_string()
            .starts_with("ask.json: (the whole file): is not JSON")
    );
}

#[test]
fn a_wrong_order_is_found() {
    let after = "/actions/Tag_the_incident/runAfter";
    let path = "ask.json: actions.Tag_the_incident.runAfter";
    assert_eq!(
        planted(after, json!({"Ask Evict": ["Succeeded"]})),
        [
            format!("{path}.Ask Evict: there is no action `Ask Evict` beside it"),
            "ask.json: actions.Tag_the_incident.inputs.body.tagsToAdd.TagsToAdd[0].Tag: \
             refers to the action `Choose_the_tag`, which has not ended by then"
                .to_owned(),
        ]
    );
    // An action of a scope within is not beside it.
    assert_eq!(
        added(after, "Say_that_the_queue_finishes", json!(["Succeeded"])),
        [format!(
            "{path}.Say_that_the_queue_finishes: there is no action `Say_that_the_queue_finishes` beside it"
        )]
    );
    assert_eq!(
        planted(
            &format!("{after}/Choose_the_tag"),
            json!(["Succeeded", "Success"])
        ),
        [format!(
            "{path}.Choose_the_tag[1]: \"Success\" is no status"
        )]
    );
    assert_eq!(
        planted(&format!("{after}/Choose_the_tag"), json!([])),
        [format!(
            "{path}.Choose_the_tag: names no status, so that it never runs"
        )]
    );
    let findings = removed("/actions/Tag_as_failed", "runAfter");
    assert_eq!(
        findings,
        [
            "ask.json: actions.Tag_as_failed.runAfter: is empty, so that it begins beside `Ask_Evict`"
        ]
    );
}

#[test]
fn a_circle_is_found_at_each_action_in_it() {
    let findings = planted(
        "/actions/Say_that_it_failed/runAfter",
        json!({"Ask_Evict": ["Failed"], "End_as_failed": ["Failed"]}),
    );
    for action in ["Say_that_it_failed", "Tag_as_failed", "End_as_failed"] {
        let finding = format!(
            "ask.json: actions.{action}.runAfter: leads in a circle back to the action itself"
        );
        assert!(findings.contains(&finding), "{findings:?}");
    }
    assert_eq!(findings.len(), 3);
}

#[test]
fn an_expression_that_cannot_be_read_is_found() {
    let message = "/actions/Say_what_was_done/inputs/body/message";
    for text in [
        "@body('Ask_Evict'?['comment']",
        "@body('Ask_Evict)?['comment']",
        "@body('Ask_Evict')?['comment'",
        "<p>@{body('Ask_Evict')?['comment']</p>",
        "@body('Ask_Evict')?['comment'] and more",
        "@bodies('Ask_Evict')",
        "@coalesce()",
        "@body(concat('Ask', '_Evict'))",
    ] {
        let findings = planted(message, text.into());
        let path = "ask.json: actions.Say_what_was_done.inputs.body.message: ";
        assert!(
            findings.len() == 1 && findings[0].starts_with(path),
            "{text}: {findings:?}"
        );
    }
}

#[test]
fn a_reference_to_what_is_not_there_or_comes_later_is_found() {
    let path = "ask.json: actions.Say_what_was_done.inputs.body.message: refers to the action";
    let message = "/actions/Say_what_was_done/inputs/body/message";
    for (name, problem) in [
        ("Ask Evict", "which is not there"),
        ("Choose_the_tag", "which has not ended by then"),
        ("Say_what_was_done", "which has not ended by then"),
        ("Say_that_it_failed", "which has not ended by then"),
        ("Say_that_the_queue_finishes", "which has not ended by then"),
    ] {
        for function in ["body", "outputs", "actions"] {
            let findings = planted(message, format!("<@{{{function}('{name}')}}>").into());
            assert_eq!(findings, [format!("{path} `{name}`, {problem}")]);
        }
    }
    let findings = planted(
        "/triggers/Microsoft_Sentinel_incident/inputs/body",
        json!({"callback_url": "@{listCallbackUrl()}", "x": "@body('Ask_Evict')"}),
    );
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("has not ended by then"));
}

#[test]
fn a_reference_from_within_a_scope_or_into_one_that_has_ended_is_right() {
    let message =
        "/actions/Was_it_handed_over/actions/Say_that_the_queue_finishes/inputs/body/message";
    assert_eq!(
        planted(message, "@body('Say_what_was_done')".into()),
        [""; 0]
    );
    let tag = "/actions/Choose_the_tag/inputs";
    assert_eq!(
        planted(tag, "@body('Say_that_the_queue_finishes')".into()),
        [""; 0]
    );
}

#[test]
fn an_action_that_computes_for_nobody_is_found() {
    assert_eq!(
        planted(
            "/actions/Tag_the_incident/inputs/body/tagsToAdd/TagsToAdd/0/Tag",
            "evict-revoked".into()
        ),
        ["ask.json: actions.Choose_the_tag: computes what nobody reads"]
    );
}

#[test]
fn a_name_that_is_used_twice_or_has_a_space_is_found() {
    let twice = found(|definition| {
        let copy = definition["actions"]["Say_that_it_failed"].clone();
        let scope = definition.pointer_mut("/actions/Was_it_handed_over/else/actions");
        scope.unwrap()["Ask_Evict"] = copy;
        let nested = definition.pointer_mut("/actions/Was_it_handed_over/else/actions/Ask_Evict");
        nested.unwrap()["runAfter"] = json!({});
    });
    assert!(
        twice.contains(
            &"ask.json: actions.Was_it_handed_over.else.actions.Ask_Evict: has the name of another action"
                .to_owned()
        ),
        "{twice:?}"
    );
    let spaced = found(|definition| {
        let copy = definition["actions"]["Tag_as_failed"].clone();
        definition["actions"]["Tag again"] = copy;
    });
    assert_eq!(
        spaced,
        ["ask.json: actions.Tag again: has a space in its name: write underscores"]
    );
}

#[test]
fn a_parameter_that_is_unused_undeclared_or_of_no_type_is_found() {
    let text = json!({"type": "String"});
    assert_eq!(
        added("/parameters", "spare", text),
        ["ask.json: parameters.spare: is declared but never used"]
    );
    assert_eq!(
        removed("/parameters", "host"),
        [
            "ask.json: actions.Ask_Evict.inputs.uri: uses the parameter `host`, which is not declared"
        ]
    );
    assert_eq!(
        planted("/parameters/host/type", "Text".into()),
        ["ask.json: parameters.host.type: `Text` is not a type"]
    );
}

#[test]
fn a_call_without_a_policy_an_identity_or_a_limit_is_found() {
    let inputs = "/actions/Ask_Evict/inputs";
    let path = "ask.json: actions.Ask_Evict";
    for (name, problem) in [
        (
            "retryPolicy",
            "inputs.retryPolicy: is missing: the default repeats a call four times",
        ),
        (
            "authentication",
            "inputs.authentication: is not ManagedServiceIdentity",
        ),
    ] {
        let findings = removed(inputs, name);
        assert!(
            findings.contains(&format!("{path}.{problem}")),
            "{findings:?}"
        );
    }
    assert_eq!(
        planted(&format!("{inputs}/retryPolicy"), json!({"type": "none"})),
        [""; 0]
    );
    assert_eq!(
        planted(
            &format!("{inputs}/retryPolicy"),
            json!({"type": "fixed", "count": 0})
        ),
        [
            format!("{path}.inputs.retryPolicy.count: is not a number from 1 to 90"),
            format!("{path}.inputs.retryPolicy.interval: is not a time such as PT15S"),
        ]
    );
    assert_eq!(
        planted(&format!("{inputs}/retryPolicy/type"), "often".into()),
        [format!(
            "{path}.inputs.retryPolicy.type: `often` is not a policy"
        )]
    );
    assert_eq!(
        removed(&format!("{inputs}/authentication"), "audience"),
        [
            "ask.json: parameters.audience: is declared but never used".to_owned(),
            format!(
                "{path}.inputs.authentication.audience: is missing: the token would be for Azure's management"
            ),
        ]
    );
    for time in ["PT121S", "PT3M", "2 minutes", "PT0S"] {
        assert_eq!(
            planted("/actions/Ask_Evict/limit/timeout", time.into()),
            [format!(
                "{path}.limit.timeout: is not a time from PT1S to PT120S"
            )]
        );
    }
    let findings = planted(
        &format!("{inputs}/uri"),
        "http://@{parameters('host')}/".into(),
    );
    assert_eq!(
        findings,
        [format!("{path}.inputs.uri: does not begin with https://")]
    );
}

#[test]
fn a_call_within_a_scope_is_looked_at_too() {
    let findings = found(|definition| {
        let mut call = definition["actions"]["Ask_Evict"].clone();
        call["inputs"]["authentication"]["type"] = "Basic".into();
        let scope = definition.pointer_mut("/actions/Was_it_handed_over/else/actions");
        scope.unwrap()["Ask_again"] = call;
    });
    assert_eq!(
        findings,
        [
            "ask.json: actions.Was_it_handed_over.else.actions.Ask_again.inputs.authentication: is not ManagedServiceIdentity"
        ]
    );
}

#[test]
fn a_key_is_found_wherever_it_stands() {
    let path = "ask.json: actions.Ask_Evict.inputs";
    let uri = "/actions/Ask_Evict/inputs/uri";
    for (text, key) in [
        ("https://@{parameters('host')}/api/revoke?code=abc", "code="),
        ("https://@{parameters('host')}/api/revoke?sig=abc", "sig="),
    ] {
        assert_eq!(
            planted(uri, text.into()),
            [format!("{path}.uri: holds `{key}`: no key belongs here")]
        );
    }
    let headers = "/actions/Ask_Evict/inputs/headers";
    for name in ["x-functions-key", "X-Functions-Key", "Authorization"] {
        assert_eq!(
            added(headers, name, "abc".into()),
            [format!(
                "{path}.headers.{name}: is named like a key: no key belongs here"
            )]
        );
    }
    let findings = planted(
        "/parameters/host",
        json!({"type": "String", "defaultValue": "Endpoint=sb://x/;SharedAccessKey=abc"}),
    );
    assert_eq!(
        findings,
        ["ask.json: parameters.host.defaultValue: holds `sharedaccesskey`: no key belongs here"]
    );
}

#[test]
fn a_trigger_or_an_operation_that_is_not_known_is_found() {
    let trigger = "/triggers/Microsoft_Sentinel_incident";
    let path = "ask.json: triggers.Microsoft_Sentinel_incident";
    assert_eq!(
        planted(&format!("{trigger}/type"), "Request".into()),
        [format!("{path}.type: is not ApiConnectionWebhook")]
    );
    assert_eq!(
        planted(&format!("{trigger}/inputs/path"), "/incident".into()),
        [format!(
            "{path}.inputs.path: `/incident` is not a trigger that is known here"
        )]
    );
    assert_eq!(
        planted(&format!("{trigger}/inputs/body"), json!({})),
        [format!(
            "{path}.inputs.body.callback_url: is not @{{listCallbackUrl()}}"
        )]
    );
    let findings = added(
        "/triggers",
        "Another",
        playbook(ASK_AND_COMMENT).pointer(trigger).unwrap().clone(),
    );
    assert_eq!(findings, ["ask.json: triggers: there is not exactly one"]);
    let comment = "/actions/Say_what_was_done/inputs";
    let path = "ask.json: actions.Say_what_was_done.inputs";
    assert_eq!(
        planted(&format!("{comment}/path"), "/comment".into()),
        [format!(
            "{path}.path: `post /comment` is not an operation that is known here"
        )]
    );
    assert_eq!(
        removed(&format!("{comment}/body"), "incidentArmId"),
        [format!("{path}.body.incidentArmId: is missing")]
    );
    let findings = planted(
        &format!("{comment}/host/connection/name"),
        "azuresentinel".into(),
    );
    assert!(findings[0].starts_with(&format!("{path}.host.connection.name: is not @parameters")));
}
