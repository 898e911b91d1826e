//! `evict profile`: deployments by name. Nobody has to type a namespace, an address and an audience at three in the morning.

use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::cli::deployment::profiles::{Profile, ProfileFile};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, exit_of};
use crate::cli::session::function::Target;
use crate::cli::session::service_bus::connect;
use crate::cli::session::{Operator, SIGN_IN, azure, runtime};
use crate::cli::terminal::escape::Escaped;
use crate::cli::terminal::{Console, Surroundings};
use crate::config::SignInSettings;
use crate::domain::{Audience, Clock, Cloud, Deadline, SystemClock};
use crate::graph::Tally;
use crate::identity::Resource;
use crate::identity::operator::SignedIn;
use crate::inquiry::access::Missing;
use crate::inquiry::function::CheckUrl;
use crate::inquiry::function_apps::FunctionApp;
use crate::service_bus::{Namespace, QueuePath};

/// Names deployments: tenant, cloud, Service Bus namespace, and the function's address and audience.
///
/// They stand in `evict/config.toml` below `XDG_CONFIG_HOME`, or `~/.config`; on Windows below `APPDATA`. No secret is in it.
/// `--profile NAME` or `EVICT_PROFILE` names the one that is meant; without either it is the one that the file calls `default`. A flag
/// wins over a variable, and a variable over the profile.
///
/// Exit code 0 if it was done, and all was well with what was added; 1 if something was not; 2 if nobody is signed in; 64 for a
/// wrong command line, a file that cannot be used, or a choice that is yours to make.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evict profile list")]
pub(crate) struct Profiles {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Names the profiles, and what each of them says.
    List(List),
    /// Makes a profile, from the function apps that the template has tagged, and checks it.
    #[command(
        after_help = "Examples:\n  evict profile add contoso\n  evict profile add contoso --app contoso-evict --audience api://evict"
    )]
    Add(Box<Add>),
}

#[derive(Debug, Args)]
struct List {}

#[derive(Debug, Args)]
struct Add {
    /// What it is to be called.
    #[arg(value_name = "NAME", value_parser = name)]
    called: String,
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The Service Bus namespace; without it the function app's tag says it.
    #[arg(long, value_name = "HOST")]
    namespace: Option<Namespace>,
    /// The function's own self-check; without it it is asked for at the function app's host.
    #[arg(long, value_name = "URL")]
    url: Option<CheckUrl>,
    /// The application that callers of the function get their tokens for; without it the function app's tag says it.
    #[arg(long, value_name = "ID")]
    audience: Option<Audience>,
    #[command(flatten)]
    operator: Operator,
}

fn name(text: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err("expected letters, digits, hyphens and underscores, 64 at most");
    }
    Ok(text.to_owned())
}

impl Profiles {
    pub(crate) fn run(&self, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let file = file(&console.surroundings)?;
        match &self.action {
            Action::List(List {}) => list(&file, console),
            Action::Add(add) => add.run(&file, console),
        }
    }
}

fn file(surroundings: &Surroundings) -> Result<ProfileFile, Failure> {
    surroundings.profiles.clone().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "there is no place for profiles.\nNext: set HOME or XDG_CONFIG_HOME to a folder of yours.",
        )
    })
}

fn list(file: &ProfileFile, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let usual = file.read(None)?.map(|usual| usual.name);
    let names = file.names()?;
    let path = file.path().display().to_string();
    if names.is_empty() {
        writeln!(console.output, "There is no profile in {}.", Escaped(&path))?;
    }
    for name in names {
        let is_usual = usual.as_ref() == Some(&name);
        let mark = if is_usual { "  (the usual one)" } else { "" };
        writeln!(console.output, "{}{mark}", Escaped(&name))?;
        if let Some(profile) = file.read(Some(&name))? {
            for (label, text) in facts(&profile) {
                writeln!(console.output, "   {label:<10}  {}", Escaped(&text))?;
            }
        }
    }
    Ok(Exit::Success)
}

fn facts(profile: &Profile) -> Vec<(&'static str, String)> {
    [
        ("tenant", profile.tenant.map(|tenant| tenant.to_string())),
        (
            "cloud",
            profile.cloud.map(|cloud| cloud.as_str().to_owned()),
        ),
        ("namespace", profile.namespace.clone()),
        ("url", profile.url.clone()),
        (
            "audience",
            profile.audience.as_ref().map(ToString::to_string),
        ),
    ]
    .into_iter()
    .filter_map(|(label, text)| Some((label, text?)))
    .collect()
}

impl Add {
    fn run(&self, file: &ProfileFile, console: &mut Console<'_>) -> Result<Exit, Failure> {
        let settings = self.operator.sign_in_settings(&console.surroundings)?;
        let signed_in = self.operator.sign_in(&settings)?;
        let runtime = runtime()?;
        let (profile, troubles) = runtime.block_on(async {
            let profile = self.build(&settings, &signed_in).await?;
            let troubles = problems_of(&profile, &signed_in).await;
            Ok::<_, Failure>((profile, troubles))
        })?;
        file.put(&profile)?;
        let path = file.path().display().to_string();
        writeln!(
            console.output,
            "The profile {} is in {}.",
            profile.name,
            Escaped(&path)
        )?;
        for (label, text) in facts(&profile) {
            writeln!(console.output, "   {label:<10}  {}", Escaped(&text))?;
        }
        if troubles.is_empty() {
            writeln!(console.output, "The queue and the function answer.")?;
            return Ok(Exit::Success);
        }
        for trouble in troubles {
            console.warn(&trouble);
        }
        Ok(Exit::Partly)
    }

    async fn build(
        &self,
        settings: &SignInSettings,
        signed_in: &SignedIn,
    ) -> Result<Profile, Failure> {
        let resource = Resource::azure(settings.cloud);
        let granted = signed_in.token_for(&resource).await.map_err(|problem| {
            Failure::new(
                Exit::Unable,
                format!("signing in to Azure. Nothing was written. {problem}"),
            )
        })?;
        let app = if self.namespace.is_some() && self.url.is_some() {
            None
        } else {
            Some(self.find_app(settings, signed_in).await?)
        };
        let of_app = |text: fn(&FunctionApp) -> Option<String>| app.as_ref().and_then(text);
        let namespace = match &self.namespace {
            Some(namespace) => Some(namespace.written().to_owned()),
            None => of_app(|app| app.namespace.clone()),
        };
        let url = match &self.url {
            Some(url) => Some(url.to_string()),
            None => of_app(|app| Some(format!("https://{}/api/check", app.host))),
        };
        let audience = match &self.audience {
            Some(audience) => Some(audience.clone()),
            None => of_app(|app| app.audience.clone())
                .map(|text| text.parse())
                .transpose()
                .map_err(|reason: &str| {
                    Failure::new(Exit::Partly, format!("the tag evictAudience: {reason}"))
                })?,
        };
        Ok(Profile {
            name: self.called.clone(),
            tenant: Some(granted.facts().tenant),
            cloud: (settings.cloud != Cloud::Global).then_some(settings.cloud),
            namespace,
            url,
            audience,
        })
    }

    async fn find_app(
        &self,
        settings: &SignInSettings,
        signed_in: &SignedIn,
    ) -> Result<FunctionApp, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let azure = azure(settings, signed_in, &clock);
        let deadline = Deadline::after(&*clock, SIGN_IN);
        let listed = azure.function_apps(&Tally::new(), deadline).await;
        if let (Some(Missing::Failed(error)), true) = (&listed.missing, listed.items.is_empty()) {
            return Err(Failure::new(
                exit_of(error),
                format!("{error}\nNext: give --namespace and --url, then Azure is not asked."),
            ));
        }
        let mut apps = listed.items;
        if let Some(name) = &self.app {
            apps.retain(|app| app.name.eq_ignore_ascii_case(name));
        }
        let names: Vec<&str> = apps.iter().map(|app| app.name.as_str()).collect();
        match names.as_slice() {
            [] => Err(Failure::new(
                Exit::Partly,
                "no function app that the template has tagged can be seen.\nNext: have the role Reader granted to you on its resource \
                 group, or give --namespace and --url.",
            )),
            [_] => Ok(apps.remove(0)),
            several => Err(Failure::new(
                Exit::Usage,
                format!(
                    "there are several function apps: {}\nNext: say by --app which one is meant.",
                    several.join(", ")
                ),
            )),
        }
    }
}

/// The problems of a profile, a text each.
async fn problems_of(profile: &Profile, signed_in: &SignedIn) -> Vec<String> {
    let mut troubles = Vec::new();
    match profile.namespace.as_deref().map(str::parse::<Namespace>) {
        None => troubles.push("it names no namespace.\nNext: give --namespace.".to_owned()),
        Some(Err(reason)) => troubles.push(format!("the namespace: {reason}")),
        Some(Ok(namespace)) => match connect(&namespace, signed_in).await {
            Err(failure) => troubles.push(failure.text),
            Ok((bus, _)) => {
                let queue: Result<QueuePath, _> = "evict".parse();
                if let Ok(queue) = queue
                    && let Err(error) = bus.probe(&queue).await
                {
                    troubles.push(error.to_string());
                }
            }
        },
    }
    match profile.url.as_deref().map(str::parse::<CheckUrl>) {
        None => troubles.push("it names no function.\nNext: give --url.".to_owned()),
        Some(Err(reason)) => troubles.push(format!("the function's address: {reason}")),
        Some(Ok(url)) => {
            let target = Target::trusted(url, profile.audience.clone());
            if let Err(why) = target.policy(signed_in, profile.tenant).await {
                troubles.push(why);
            }
        }
    }
    troubles
}
