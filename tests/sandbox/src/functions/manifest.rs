//! Reads a staged package as the host does: host.json and one function.json per folder. Settings that are not simulated
//! are refused, so that a misspelt or new setting shows.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// The declarations of a package.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    pub(super) executable: String,
    pub(super) arguments: Vec<String>,
    pub(super) working_directory: String,
    pub(super) errors_only_on_stderr: bool,
    pub(super) route_prefix: String,
    pub(super) function_timeout: Duration,
    pub(super) max_concurrent_calls: usize,
    pub(super) auto_complete: bool,
    pub(super) max_lock_renewal: Duration,
    pub(super) functions: Vec<Function>,
}

/// One function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) trigger: Trigger,
    pub(super) outputs: Vec<Output>,
}

/// What starts a function.
#[derive(Debug, Clone)]
pub(super) enum Trigger {
    ServiceBus {
        binding: String,
        queue: String,
        binary: bool,
    },
    Http {
        binding: String,
        route: String,
        methods: Vec<String>,
        anonymous: bool,
    },
}

/// Where a function's answer goes.
#[derive(Debug, Clone)]
pub(super) enum Output {
    Http {
        binding: String,
    },
    ServiceBus {
        binding: String,
        entity: String,
        binary: bool,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HostJson {
    version: String,
    extension_bundle: ExtensionBundle,
    custom_handler: CustomHandler,
    function_timeout: Option<String>,
    #[serde(default)]
    extensions: Extensions,
    #[serde(rename = "logging")]
    _logging: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionBundle {
    id: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomHandler {
    description: Description,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Description {
    default_executable_path: String,
    #[serde(default)]
    working_directory: String,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    use_std_error_stream_for_errors_only: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Extensions {
    #[serde(default)]
    http: Http,
    #[serde(default)]
    service_bus: ServiceBus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Http {
    route_prefix: String,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            route_prefix: "api".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ServiceBus {
    auto_complete_messages: bool,
    max_auto_lock_renewal_duration: String,
    max_concurrent_calls: usize,
    prefetch_count: usize,
}

impl Default for ServiceBus {
    fn default() -> Self {
        Self {
            auto_complete_messages: true,
            max_auto_lock_renewal_duration: "00:05:00".to_owned(),
            max_concurrent_calls: 16,
            prefetch_count: 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionJson {
    bindings: Vec<BindingJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BindingJson {
    name: String,
    r#type: String,
    direction: String,
    data_type: Option<String>,
    queue_name: Option<String>,
    topic_name: Option<String>,
    connection: Option<String>,
    auth_level: Option<String>,
    methods: Option<Vec<String>>,
    route: Option<String>,
}

impl Manifest {
    /// Reads the package in a folder.
    ///
    /// # Errors
    /// A file is missing or cannot be read, or it requires something that the sandbox does not simulate.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let host: HostJson = read_json(&root.join("host.json"))?;
        ensure!(host.version == "2.0", "host.json: version has to be 2.0");
        ensure!(
            host.extension_bundle.id == "Microsoft.Azure.Functions.ExtensionBundle"
                && host.extension_bundle.version == "[4.*, 5.0.0)",
            "host.json: without extension bundle 4 there is no Service Bus trigger"
        );
        let bus = host.extensions.service_bus;
        ensure!(
            bus.prefetch_count == 0,
            "host.json: prefetching is not simulated"
        );
        let process = host.custom_handler.description;
        let timeout = host.function_timeout.as_deref().unwrap_or("00:30:00");
        Ok(Self {
            executable: process.default_executable_path,
            arguments: process.arguments,
            working_directory: process.working_directory,
            errors_only_on_stderr: process.use_std_error_stream_for_errors_only,
            route_prefix: host.extensions.http.route_prefix,
            function_timeout: duration(timeout).context("host.json: functionTimeout")?,
            max_concurrent_calls: bus.max_concurrent_calls.max(1),
            auto_complete: bus.auto_complete_messages,
            max_lock_renewal: duration(&bus.max_auto_lock_renewal_duration)
                .context("host.json: maxAutoLockRenewalDuration")?,
            functions: functions(root)?,
        })
    }
}

/// The folders one level down that have a function.json.
fn functions(root: &Path) -> anyhow::Result<Vec<Function>> {
    let mut functions = Vec::new();
    for entry in std::fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        let entry = entry?;
        let path = entry.path().join("function.json");
        if path.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let json = read_json(&path)?;
            functions.push(function(name, json).with_context(|| path.display().to_string())?);
        }
    }
    ensure!(
        !functions.is_empty(),
        "no function found in {}: each has to be in {0}/<Name>/function.json",
        root.display()
    );
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(functions)
}

fn function(name: String, json: FunctionJson) -> anyhow::Result<Function> {
    let mut triggers = Vec::new();
    let mut outputs = Vec::new();
    for binding in json.bindings {
        let at = format!("binding {:?}", binding.name);
        match (binding.r#type.as_str(), binding.direction.as_str()) {
            ("serviceBusTrigger" | "httpTrigger", "in") => {
                triggers.push(trigger(&name, binding).context(at)?);
            }
            ("serviceBus" | "http", "out") => outputs.push(output(binding).context(at)?),
            (other, direction) => bail!("{at}: type {other:?} with direction {direction:?}"),
        }
    }
    let [trigger] = triggers
        .try_into()
        .map_err(|_| anyhow::anyhow!("there has to be exactly one trigger"))?;
    Ok(Function {
        name,
        trigger,
        outputs,
    })
}

fn trigger(function: &str, binding: BindingJson) -> anyhow::Result<Trigger> {
    let binary = binding.data_type.as_deref() == Some("binary");
    if binding.r#type == "serviceBusTrigger" {
        check_connection(&binding)?;
        return Ok(Trigger::ServiceBus {
            queue: binding.queue_name.context("queueName is missing")?,
            binding: binding.name,
            binary,
        });
    }
    let level = binding.auth_level.as_deref().unwrap_or("function");
    ensure!(
        matches!(level, "function" | "anonymous"),
        "authLevel {level:?} is not simulated"
    );
    Ok(Trigger::Http {
        binding: binding.name,
        route: binding.route.unwrap_or_else(|| function.to_owned()),
        methods: binding.methods.unwrap_or_default(),
        anonymous: level == "anonymous",
    })
}

fn output(binding: BindingJson) -> anyhow::Result<Output> {
    if binding.r#type == "http" {
        return Ok(Output::Http {
            binding: binding.name,
        });
    }
    check_connection(&binding)?;
    Ok(Output::ServiceBus {
        binary: binding.data_type.as_deref() == Some("binary"),
        entity: match (binding.queue_name, binding.topic_name) {
            (Some(name), None) | (None, Some(name)) => name,
            _ => bail!("exactly one of queueName and topicName"),
        },
        binding: binding.name,
    })
}

/// The deployment sets `EvictServiceBus__fullyQualifiedNamespace` and nothing else, so another name would not connect.
fn check_connection(binding: &BindingJson) -> anyhow::Result<()> {
    let connection = binding
        .connection
        .as_deref()
        .unwrap_or("AzureWebJobsServiceBus");
    ensure!(
        connection == super::CONNECTION,
        "connection {connection:?} has no setting; the app has one for {:?}",
        super::CONNECTION
    );
    Ok(())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut reader).with_context(|| format!("in {}", path.display()))
}

/// Reads a time span such as `00:05:00`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let parts: Vec<u64> = text
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{text:?} is no time span such as 00:05:00"))?;
    let [hours, minutes, seconds] = parts[..] else {
        bail!("{text:?} is no time span such as 00:05:00");
    };
    Ok(Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
}
