//! The questions for the reports, with the permission of Graph, the directory roles, the licence and the limit of each.
//!
//! Sources: "Get riskyUser", "List signIns", "user resource type" (signInActivity), "Microsoft Graph service-specific
//! throttling limits", and the ids of "Microsoft Graph permissions reference".

use serde::Serialize;

use crate::graph::{Api, Inquiry, Operation, Permission};

static AUDIT_LOG_READ: Permission = Permission {
    name: "AuditLog.Read.All",
    app_role_id: "b0afded3-3588-46d8-8b3d-9842eff778da",
    needed_for: "read the sign-in log",
    accepted_instead: &[],
};

static IDENTITY_RISKY_USER_READ: Permission = Permission {
    name: "IdentityRiskyUser.Read.All",
    app_role_id: "dc5007c0-2d7d-4c42-879c-2dab87571379",
    needed_for: "read the risk of users",
    accepted_instead: &["IdentityRiskyUser.ReadWrite.All"],
};

static RISK_INQUIRY: Inquiry = Inquiry {
    template: "GET /identityProtection/riskyUsers/{id}",
    doing: "Reading the user's risk",
    service: Api::Graph,
    permissions: &[&IDENTITY_RISKY_USER_READ],
    role: "Security Reader, Security Operator or Global Reader",
};

static ACTIVITY_INQUIRY: Inquiry = Inquiry {
    template: "GET /users/{id}?$select=signInActivity",
    doing: "Reading when the user last signed in",
    service: Api::Graph,
    permissions: &[&AUDIT_LOG_READ],
    role: "Reports Reader, Security Reader, Security Operator or Global Reader",
};

static LOG_INQUIRY: Inquiry = Inquiry {
    template: "GET /auditLogs/signIns",
    doing: "Reading the sign-in log",
    service: Api::Graph,
    permissions: &[&AUDIT_LOG_READ],
    role: "Reports Reader, Security Reader, Security Operator or Global Reader",
};

/// What Identity Protection says of a user.
pub(super) static RISK: Report = Report {
    name: ReportName::Risk,
    inquiry: &RISK_INQUIRY,
    licence: "Microsoft Entra ID P2",
    limit: "Identity Protection answers one question a second, to all apps of the tenant together",
};

/// When a user last signed in.
pub(super) static ACTIVITY: Report = Report {
    name: ReportName::LastSignIns,
    inquiry: &ACTIVITY_INQUIRY,
    licence: "Microsoft Entra ID P1",
    limit: "The reports answer five questions in ten seconds",
};

/// A user's entries in the sign-in log.
pub(super) static LOG: Report = Report {
    name: ReportName::SignedInSince,
    inquiry: &LOG_INQUIRY,
    licence: "Microsoft Entra ID P1",
    limit: "The reports answer five questions in ten seconds",
};

/// A report, by its field in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ReportName {
    /// What Identity Protection says.
    Risk,
    /// When the user last signed in.
    LastSignIns,
    /// The sign-in log.
    SignedInSince,
}

/// A report, and what it takes to read it.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) name: ReportName,
    pub(super) inquiry: &'static Inquiry,
    pub(super) licence: &'static str,
    /// The limit, as the beginning of a sentence.
    pub(super) limit: &'static str,
}

impl Report {
    pub(super) fn operation(&self) -> Operation {
        Operation::Inquire(self.inquiry)
    }

    pub(super) fn permission(&self) -> &'static str {
        let permissions = self.inquiry.permissions;
        permissions.first().map_or("", |permission| permission.name)
    }
}
