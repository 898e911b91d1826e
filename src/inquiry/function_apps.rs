//! Finds the deployments of Evict in Azure: the template tags its function app, and the tags name what belongs to it.
//!
//! Sources: the table `resources` of "Azure Resource Graph table and resource type reference"; `defaultHostName` of
//! "Microsoft.Web sites" (template reference).

use serde::Deserialize;

use super::access::{Azure, Listed, questions};
use crate::domain::Deadline;
use crate::graph::Tally;

/// The tags are those of `infra/modules/function-app.bicep`.
const QUERY: &str = "resources | where type =~ 'microsoft.web/sites' | where tostring(tags.application) =~ 'evict' | project id, \
                     name, host = tostring(properties.defaultHostName), namespace = tostring(tags.evictNamespace), audience = \
                     tostring(tags.evictAudience) | order by id asc";

/// A function app of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionApp {
    /// Its name.
    pub name: String,
    /// Its host name.
    pub host: String,
    /// The Service Bus namespace that it reads, if it is tagged.
    pub namespace: Option<String>,
    /// The application that callers get tokens for, if it is tagged.
    pub audience: Option<String>,
}

#[derive(Deserialize)]
struct WireApp {
    name: String,
    host: String,
    namespace: String,
    audience: String,
}

impl Azure {
    /// The function apps of the template, wherever the operator can see them.
    pub async fn function_apps(&self, tally: &Tally, deadline: Deadline) -> Listed<FunctionApp> {
        let about = &questions::FUNCTION_APPS;
        let rows: Listed<WireApp> = self.rows(about, QUERY, tally, deadline).await;
        let given = |text: String| (!text.is_empty()).then_some(text);
        rows.read(|wire| {
            Ok(FunctionApp {
                name: wire.name,
                host: wire.host,
                namespace: given(wire.namespace),
                audience: given(wire.audience),
            })
        })
    }
}
