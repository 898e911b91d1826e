//! One receipt in words. It reads the same JSON as a playbook, and reports missing values.

use serde_json::Value;

/// Something that stays alive after a cut, and until when.
pub(super) struct Alive<'a> {
    pub(super) what: &'a str,
    pub(super) until: Option<&'a str>,
}

/// A receipt, as read for the text.
pub(super) struct Told<'a>(pub(super) &'a Value);

impl<'a> Told<'a> {
    /// The user's name in the directory, or else the subject as the alert wrote it.
    pub(super) fn name(&self) -> &'a str {
        self.0["user"]["userPrincipalName"]
            .as_str()
            .or(self.0["subject"].as_str())
            .unwrap_or("(nobody)")
    }

    /// The object id, if the directory named a user.
    pub(super) fn user_id(&self) -> Option<&'a str> {
        self.0["user"]["id"].as_str()
    }

    /// How it ended, such as `revoked, verified` or `withheld: protected_group (EVICT_PROTECTED_GROUPS)`.
    pub(super) fn outcome(&self) -> String {
        let outcome = self.0["outcome"].as_str().unwrap_or("(no outcome)");
        let mut line = outcome.to_owned();
        if let Some(verified) = self.0["verified"].as_bool() {
            line.push_str(if verified {
                ", verified"
            } else {
                ", not verified"
            });
        }
        if let Some(reason) = self.0["reason"].as_str() {
            line.push_str(": ");
            line.push_str(reason);
        }
        if let Some(policy) = self.0["policy"].as_str() {
            line = format!("{line} ({policy})");
        }
        line
    }

    /// The property before and after, if it changed.
    pub(super) fn moved(&self) -> Option<String> {
        let valid_from = &self.0["sessionsValidFrom"];
        let (before, after) = (
            valid_from["before"].as_str()?,
            valid_from["after"].as_str()?,
        );
        (before != after).then(|| format!("sessions valid from {after}, before that {before}"))
    }

    /// What it means and what to do next.
    pub(super) fn detail(&self) -> Option<&'a str> {
        self.0["detail"].as_str()
    }

    /// What stays alive.
    pub(super) fn still_alive(&self) -> Vec<Alive<'a>> {
        let list = self.0["stillAlive"].as_array();
        list.into_iter()
            .flatten()
            .map(|item| Alive {
                what: item["what"].as_str().unwrap_or_default(),
                until: item["until"].as_str(),
            })
            .collect()
    }
}
