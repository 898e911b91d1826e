//! The environment for use by hand: tenant, package and host together.

use std::path::Path;

use anyhow::Context;
use sandbox::clock::SandboxClock;
use sandbox::functions::{FunctionsHost, HostOptions};
use sandbox::handler;
use sandbox::stage::{is_open, stage, unpack};
use sandbox::tenant::{Tenant, World};
use uuid::{Uuid, uuid};

use crate::cli::CommonOptions;

/// The group of the shipped world whose members, also by nesting, are never cut.
const PROTECTED_GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";

/// The audience of callers' tokens if function keys are not required.
const AUDIENCE: &str = "api://evict.contoso.com";
const CALLER: Uuid = uuid!("5a1f0c7e-2b63-4b0e-8a54-1f6f0f3f9d21");

/// All running parts.
pub(crate) struct Environment {
    pub(crate) tenant: Tenant,
    pub(crate) host: FunctionsHost,
    /// The options of the host.
    host_options: HostOptions,
    /// A token for callers if function keys are not required.
    pub(crate) bearer: Option<String>,
    /// The staged package, removed at the end.
    _package: tempfile::TempDir,
}

/// The ports of the host; 0 for free ones.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) control: u16,
}

impl Environment {
    /// Starts all parts.
    ///
    /// # Errors
    /// The world cannot be read, the handler does not build or does not run, or a port is not available.
    pub(crate) async fn start(options: &CommonOptions, ports: Ports) -> anyhow::Result<Self> {
        let world = match &options.world {
            Some(path) => read_world(path)?,
            None => World::default_contoso()?,
        };
        let package = tempfile::tempdir().context("a folder for the package")?;
        let staged = match (&options.package, &options.handler) {
            (Some(zip), _) => unpack(zip, package.path())?,
            (None, Some(path)) => stage(&handler::repository_root(), path, package.path())?,
            (None, None) => {
                let binary = handler::build().await?;
                stage(&handler::repository_root(), &binary, package.path())?
            }
        };
        let open = is_open(&staged)?;
        let clock = SandboxClock::new();
        let tenant = Tenant::start(world, clock.clone()).await?;
        let mut host_options = HostOptions::new(staged, clock);
        host_options.environment = settings(options, &tenant, open);
        host_options.http_port = ports.http;
        host_options.control_port = ports.control;
        let host = FunctionsHost::start(host_options.clone()).await?;
        Ok(Self {
            host_options,
            bearer: open.then(|| token(&tenant)),
            tenant,
            host,
            _package: package,
        })
    }
}

impl Environment {
    /// Restarts the host after it has shut itself down, as the platform does: at the same addresses, with the same keys
    /// and the same Service Bus.
    ///
    /// # Errors
    /// The handler no longer runs, or a port was taken meanwhile.
    pub(crate) async fn restart_host(&mut self) -> anyhow::Result<()> {
        let (http, control) = self.host.ports();
        self.host.shutdown().await;
        let options = HostOptions {
            broker: Some(self.host.broker()),
            http_port: http,
            control_port: control,
            ..self.host_options.clone()
        };
        self.host = FunctionsHost::start(options).await?;
        Ok(())
    }

    /// Further tokens that the person at a shell needs, by their scopes, besides those for Graph and Service Bus.
    pub(crate) fn operators_tokens(&self) -> Vec<(String, String)> {
        let bearer = self.bearer.iter();
        bearer
            .map(|token| (format!("{AUDIENCE}/.default"), token.clone()))
            .collect()
    }
}

/// The handler's settings: the tenant's, those for the shipped world, and the requested ones, which win.
fn settings(options: &CommonOptions, tenant: &Tenant, open: bool) -> Vec<(String, String)> {
    let mut settings = tenant.environment();
    if options.world.is_none() {
        settings.push((
            "EVICT_PROTECTED_GROUPS".to_owned(),
            PROTECTED_GROUP.to_owned(),
        ));
    }
    if open {
        settings.push(("EVICT_HTTP_AUDIENCE".to_owned(), AUDIENCE.to_owned()));
        settings.push(("EVICT_ALLOWED_CALLERS".to_owned(), CALLER.to_string()));
    }
    settings.extend(options.set.iter().cloned());
    settings
}

fn token(tenant: &Tenant) -> String {
    let issuer = tenant.issuer();
    issuer.sign(&issuer.claims(AUDIENCE, CALLER, CALLER))
}

fn read_world(path: &Path) -> anyhow::Result<World> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    World::from_json(&text).with_context(|| path.display().to_string())
}
