//! A stand-in for the Azure CLI: a program named `az` in a folder for PATH, which supports `az account
//! get-access-token` alone. It answers as "az account get-access-token" (Azure CLI reference) shows, from version 2.54
//! on, which added `expires_on`. Its message when nobody is signed in is the real one's.

use std::path::Path;

use anyhow::Context;
use serde_json::json;
use uuid::Uuid;

/// How it behaves.
#[derive(Debug, Clone)]
pub enum Az {
    /// A person is signed in; this is the token.
    SignedIn {
        /// The token.
        token: String,
        /// The tenant of the account.
        tenant: Uuid,
        /// When the token ends, in seconds since 1970.
        expires_on: i64,
    },
    /// As before, but every `--tenant` is refused, as for accounts of Cloud Shell until 2025.
    RefusesTenants {
        /// The refusal on standard error.
        said: String,
        /// The token.
        token: String,
        /// The tenant of the account.
        tenant: Uuid,
        /// When the token ends, in seconds since 1970.
        expires_on: i64,
    },
    /// A person is signed in, with a token for each scope, such as `https://management.azure.com/.default`; the sign-in
    /// service refuses others.
    SignedInTo {
        /// The scopes with their tokens.
        tokens: Vec<(String, String)>,
        /// The tenant of the account.
        tenant: Uuid,
        /// When the tokens end, in seconds since 1970.
        expires_on: i64,
    },
    /// It fails with this message on standard error.
    Fails(String),
}

impl Az {
    /// Nobody is signed in.
    #[must_use]
    pub fn signed_out() -> Self {
        Self::Fails("ERROR: Please run 'az login' to setup account.".to_owned())
    }

    /// Puts the program into a folder. It needs nothing else on PATH.
    ///
    /// # Errors
    /// It cannot be written there.
    pub fn install(&self, folder: &Path) -> anyhow::Result<()> {
        let (refusal, answer) = match self {
            Self::SignedIn {
                token,
                tenant,
                expires_on,
            } => (String::new(), success(token, *tenant, *expires_on)),
            Self::RefusesTenants {
                said,
                token,
                tenant,
                expires_on,
            } => (
                format!(
                    "case \" $* \" in *\" --tenant \"*) printf '%s\\n' {} >&2; exit 1;; esac\n",
                    quoted(said)
                ),
                success(token, *tenant, *expires_on),
            ),
            Self::SignedInTo {
                tokens,
                tenant,
                expires_on,
            } => (String::new(), by_scope(tokens, *tenant, *expires_on)),
            Self::Fails(said) => (
                String::new(),
                format!("printf '%s\\n' {} >&2; exit 1\n", quoted(said)),
            ),
        };
        let script = format!(
            "#!/bin/sh\n\
             case \"$*\" in\n\
             'account get-access-token -o json --scope '*) ;;\n\
             'account get-access-token --output json --scope '*) ;;\n\
             *) echo \"ERROR: '$*' is misspelled or not recognized by the system.\" >&2; exit 2;;\n\
             esac\n{refusal}{answer}"
        );
        let path = folder.join("az");
        std::fs::write(&path, script).with_context(|| format!("writing {}", path.display()))?;
        make_executable(&path)
    }
}

fn success(token: &str, tenant: Uuid, expires_on: i64) -> String {
    let document = json!({
        "accessToken": token,
        "expiresOn": "2026-11-24 12:00:00.000000",
        "expires_on": expires_on,
        "subscription": "8a119b9e-16bc-4732-8f7b-7676d015b0dc",
        "tenant": tenant,
        "tokenType": "Bearer",
    });
    format!("printf '%s\\n' {}\n", quoted(&document.to_string()))
}

fn by_scope(tokens: &[(String, String)], tenant: Uuid, expires_on: i64) -> String {
    let cases: Vec<String> = tokens
        .iter()
        .map(|(scope, token)| {
            let answer = success(token, tenant, expires_on);
            format!("*\" --scope {scope}\"|*\" --scope {scope} \"*)\n{answer};;\n")
        })
        .collect();
    let refusal = "ERROR: AADSTS500011: The resource principal was not found in the tenant.";
    format!(
        "case \"$*\" in\n{}*) printf '%s\\n' {} >&2; exit 1;;\nesac\n",
        cases.concat(),
        quoted(refusal)
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {} executable", path.display()))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}
