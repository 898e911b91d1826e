//! Puts tenant, package and host together for use by hand.

use std::path::Path;

use anyhow::Context;
use sandbox::clock::SandboxClock;
use sandbox::functions::{FunctionsHost, HostOptions};
use sandbox::stage::stage;
use sandbox::tenant::{Tenant, World};

use crate::cli::CommonOptions;
use crate::handler;

/// The group of the shipped world whose members, also by nesting, are never cut.
const PROTECTED_GROUP: &str = "f448435d-3ca7-4073-8152-a1fd73c0fd09";

/// Everything that runs.
pub(crate) struct Setting {
    pub(crate) tenant: Tenant,
    pub(crate) host: FunctionsHost,
    /// The staged package, removed at the end.
    _package: tempfile::TempDir,
}

/// The ports of the host; 0 for free ones.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) control: u16,
}

impl Setting {
    /// Starts all of it.
    ///
    /// # Errors
    /// The world cannot be read, the handler does not build or does not run, or a port cannot be had.
    pub(crate) async fn start(options: &CommonOptions, ports: Ports) -> anyhow::Result<Self> {
        let world = match &options.world {
            Some(path) => read_world(path)?,
            None => World::default_contoso()?,
        };
        let binary = if let Some(path) = &options.handler {
            path.clone()
        } else {
            handler::build().await?
        };
        let package = tempfile::tempdir().context("a folder for the package")?;
        let staged = stage(&handler::repository_root(), &binary, package.path())?;
        let clock = SandboxClock::new();
        let tenant = Tenant::start(world, clock.clone()).await?;
        let mut host_options = HostOptions::new(staged, clock);
        host_options.environment = settings(options, &tenant);
        host_options.http_port = ports.http;
        host_options.control_port = ports.control;
        let host = FunctionsHost::start(host_options).await?;
        Ok(Self {
            tenant,
            host,
            _package: package,
        })
    }
}

/// The handler's settings: the tenant's, those that suit the shipped world, and those that were asked for, which win.
fn settings(options: &CommonOptions, tenant: &Tenant) -> Vec<(String, String)> {
    let mut settings = tenant.environment();
    if options.world.is_none() {
        settings.push((
            "EVICT_PROTECTED_GROUPS".to_owned(),
            PROTECTED_GROUP.to_owned(),
        ));
    }
    settings.extend(options.set.iter().cloned());
    settings
}

fn read_world(path: &Path) -> anyhow::Result<World> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    World::from_json(&text).with_context(|| path.display().to_string())
}
