//! Reads an incident's resource id, as a sender wrote it.

use crate::domain::SentinelWorkspace;

/// The segments of an incident's resource id after its workspace's, but for its name.
const AFTER: [&str; 3] = ["providers", "Microsoft.SecurityInsights", "Incidents"];

/// An incident in a workspace that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    workspace: SentinelWorkspace,
    name: String,
}

impl Incident {
    /// Its resource id, whose beginning is the setting's text and whose end alone is the sender's.
    pub(super) fn path(&self) -> String {
        let [providers, provider, _] = AFTER;
        format!(
            "{}/{providers}/{provider}/incidents/{}",
            self.workspace, self.name
        )
    }
}

/// What an alert means by an incident's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// An incident that may be written.
    Ours(Incident),
    /// An incident of Microsoft Sentinel in a workspace that may not be written.
    OtherWorkspace,
    /// No incident of Microsoft Sentinel: a number, as Defender has, or anything else.
    NoResource,
}

/// Whether an id is the resource id of an incident of Microsoft Sentinel, in whatever workspace.
#[must_use]
pub fn is_sentinel_incident(id: &str) -> bool {
    named(&[], id) == Named::OtherWorkspace
}

/// Finds the workspace in which an incident lies.
pub(super) fn named(workspaces: &[SentinelWorkspace], id: &str) -> Named {
    let segments: Vec<&str> = id.trim().split('/').collect();
    let Ok((workspace, after)) = SentinelWorkspace::of_segments(&segments) else {
        return Named::NoResource;
    };
    let [.., name] = after else {
        return Named::NoResource;
    };
    let is_incident = after.len() == AFTER.len() + 1
        && after
            .iter()
            .zip(AFTER)
            .all(|(written, fixed)| written.eq_ignore_ascii_case(fixed));
    if !is_incident || !is_name(name) {
        return Named::NoResource;
    }
    match workspaces.iter().find(|ours| **ours == workspace) {
        Some(ours) => Named::Ours(Incident {
            workspace: ours.clone(),
            name: (*name).to_owned(),
        }),
        None => Named::OtherWorkspace,
    }
}

/// An incident's name is a GUID as a rule. Every character of it stands for itself in a URL.
fn is_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORKSPACE: &str = "/subscriptions/6f6ab8fc-8c52-4a9c-8a70-d9b7a6c32f0a/resourceGroups/rg-soc/providers/Microsoft.OperationalInsights/workspaces/law-soc";
    const INCIDENT: &str =
        "providers/Microsoft.SecurityInsights/Incidents/73e01a99-5cd7-4139-a149-9f2736ff2ab5";

    fn read(id: &str) -> Named {
        named(&[WORKSPACE.parse().unwrap()], id)
    }

    #[test]
    fn an_incident_is_found_in_a_workspace_of_the_settings_in_any_case() {
        let id = format!("{WORKSPACE}/{INCIDENT}");
        let path =
            "/providers/Microsoft.SecurityInsights/incidents/73e01a99-5cd7-4139-a149-9f2736ff2ab5";
        for id in [id.clone(), id.to_lowercase(), format!(" {id} ")] {
            match read(&id) {
                Named::Ours(incident) => {
                    assert_eq!(incident.path(), format!("{WORKSPACE}{path}"));
                }
                other @ (Named::OtherWorkspace | Named::NoResource) => panic!("{id}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_incident_of_another_workspace_is_told_apart_from_what_is_none() {
        let id = format!("{WORKSPACE}/{INCIDENT}");
        for other in [
            id.replace("law-soc", "law-soc-2"),
            id.replace("rg-soc", "rg"),
            id.replace("6f6ab8fc", "00000001"),
        ] {
            assert_eq!(read(&other), Named::OtherWorkspace, "{other}");
        }
        for none in [
            "28282".to_owned(),
            String::new(),
            WORKSPACE.to_owned(),
            format!("https://management.azure.com{id}"),
            format!("{id}/"),
            format!("{id}/comments/x"),
            format!("{id}?x=1"),
            format!("{id}#x"),
            format!("{WORKSPACE}/{INCIDENT}/../../x"),
            id.replace("73e01a99-5cd7-4139-a149-9f2736ff2ab5", ".."),
            id.replace("73e01a99-5cd7-4139-a149-9f2736ff2ab5", "%2e%2e"),
            id.replace("Incidents", "alertRules"),
            id.replace("SecurityInsights", "SecurityInsight"),
        ] {
            assert_eq!(read(&none), Named::NoResource, "{none}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_leaves_the_workspace(end in "\\PC{0,40}") {
            let id = format!("{WORKSPACE}/providers/Microsoft.SecurityInsights/Incidents/{end}");
            if let Named::Ours(incident) = read(&id) {
                let url = url::Url::parse(&format!("https://management.azure.com{}/comments/x?api-version=y", incident.path())).unwrap();
                prop_assert_eq!(url.host_str(), Some("management.azure.com"));
                prop_assert!(url.path().starts_with(WORKSPACE));
                prop_assert_eq!(url.path().split('/').count(), 15);
                prop_assert_eq!(url.query(), Some("api-version=y"));
            }
        }
    }
}
