// Alerts: what a person must know without looking. Metric alerts watch the places where messages wait, log alerts run the files of
// infra/queries that begin with "alert-", and one watches the activity log. Each description ends with the next step.

import { tagsOfResources } from 'types.bicep'

@description('Region of the log alert rules, which is that of the workspace. The other rules are global.')
param location string

@description('Tags of every rule.')
param tags tagsOfResources

@description('Name of the function app. It stands in the names of the rules, so that two deployments can share a group.')
param functionAppName string

@description('Name of the Service Bus namespace in this resource group.')
param serviceBusNamespaceName string

@description('Resource id of the Log Analytics workspace that holds the Application Insights tables.')
param workspaceId string

@description('Name of the Application Insights component. The queries read its rows alone, since others may share the workspace.')
param applicationInsightsName string

@description('Resource id of the action group that the rules notify. Without one the alerts stand in the portal alone.')
param actionGroupId string

// Rules of metrics and of the activity log have no region.
var everywhere = 'global'

var notified = empty(actionGroupId)
  ? []
  : [
      {
        actionGroupId: actionGroupId
      }
    ]

resource serviceBus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusNamespaceName
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

// These metrics know Average, Minimum and Maximum, the dimension EntityName and a grain of a minute, and none can be sent to a
// workspace (supported metrics of Microsoft.ServiceBus/namespaces), so that these are metric alerts. A rule that fires when the
// least of a quarter of an hour is above zero fires when the queue was never empty in it.
var metricRules = [
  {
    name: 'not-worked-off'
    metric: 'ActiveMessages'
    entities: ['evict']
    least: 0
    aggregation: 'Minimum'
    frequency: 'PT5M'
    window: 'PT15M'
    severity: 1
    description: 'The queue evict was never empty for a quarter of an hour: alerts wait, and their users are not cut. Next: GET /api/check; see that the function app runs, has its package and its roles, and that the queue is Active; run infra/queries/throttling.kql, since Graph may be slowing it down. If it is urgent, cut the users in the Entra admin center.'
  }
  {
    name: 'dead-lettered'
    metric: 'DeadletteredMessages'
    entities: ['evict']
    least: 0
    aggregation: 'Maximum'
    frequency: 'PT1M'
    window: 'PT5M'
    severity: 1
    description: 'Messages are in the dead-letter queue of evict: nobody finishes them, and their users may not be cut. Next: evict dead-letters list says why each is there; mend that (the rules failed-invocations, handler-stopped and permission-lost tell more), then evict dead-letters replay.'
  }
  {
    name: 'rejected'
    metric: 'ActiveMessages'
    entities: ['evict-rejected']
    least: 0
    aggregation: 'Maximum'
    frequency: 'PT1M'
    window: 'PT5M'
    severity: 2
    description: 'Messages are on the queue evict-rejected: they could not be read, or not be finished in time. Next: evict rejected list says why each is there, and infra/queries/rejected.kql when; mend that, then evict rejected replay; evict rejected drop for those that are obsolete.'
  }
  {
    name: 'rejected-dead-lettered'
    metric: 'DeadletteredMessages'
    entities: ['evict-rejected', 'evict-receipts']
    least: 0
    aggregation: 'Maximum'
    frequency: 'PT1M'
    window: 'PT5M'
    severity: 2
    description: 'Messages of evict-rejected, or receipts, were dead-lettered: they were kept for 30 days, or looked at 2000 times, and nobody ended them. Next: evict rejected list shows those of evict-rejected too; replay or drop them. Receipts are read in Service Bus Explorer.'
  }
  {
    name: 'receipts-full'
    metric: 'Size'
    entities: ['evict-receipts']
    // Four fifths of the topic's size, in bytes.
    least: 4294967296
    aggregation: 'Maximum'
    frequency: 'PT5M'
    window: 'PT15M'
    severity: 2
    description: 'The topic evict-receipts holds more than 4 of its 5 GB. When it is full it refuses receipts, every invocation fails, and alerts are worked on again and again. Next: read or purge the subscription all; see what made so many receipts in infra/queries/outcomes.kql.'
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for rule in metricRules: {
    name: '${functionAppName}-${rule.name}'
    location: everywhere
    tags: tags
    properties: {
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [
        serviceBus.id
      ]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: rule.name
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            metricName: rule.metric
            dimensions: [
              {
                name: 'EntityName'
                operator: 'Include'
                values: rule.entities
              }
            ]
            timeAggregation: rule.aggregation
            operator: 'GreaterThan'
            threshold: rule.least
          }
        ]
      }
      autoMitigate: true
      actions: notified
    }
  }
]

// A window is three times its frequency or more, because rows arrive minutes after the time that they bear.
var logRules = [
  {
    name: 'failed-invocations'
    query: loadTextContent('../queries/alert-failed-invocations.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'Invocations failed, or the handler reports an error of its own (refused settings, a panic). Those that were only given back to the queue do not count. Next: GET /api/check, then run infra/queries/handler-errors.kql; settings.refused names the app setting to correct.'
  }
  {
    name: 'handler-stopped'
    query: loadTextContent('../queries/alert-handler-stopped.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'The handler ended by itself, or the host restarts it again and again: alerts wait or are lost meanwhile. Next: run infra/queries/handler-errors.kql for what it said last; if a package or a setting was changed just before, put the one before back; otherwise restart the app.'
  }
  {
    name: 'permission-lost'
    query: loadTextContent('../queries/alert-permission-lost.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'Microsoft Graph refuses the managed identity, or the identity gets no token: nobody can be cut. Next: GET /api/check says which permission is missing; run infra/grant-graph-permissions, wait for a new token (up to a day), then evict rejected replay.'
  }
  {
    name: 'unproved'
    query: loadTextContent('../queries/alert-unproved.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'Somebody started the function of the queue without the queue, with the key that starts any function of the app; it was refused, and nobody was cut. Next: renew the host keys (az functionapp keys set); the activity log tells who listed them. If a message of the queue is meant, rename the properties of its body that bear the names of Service Bus.'
  }
  {
    name: 'blast-radius'
    query: loadTextContent('../queries/alert-blast-radius.kql')
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'An alert named more users than EVICT_MAX_USERS_PER_ALERT or EVICT_MAX_USERS_PER_HOUR allows, the one that stands under Policy; the rest were withheld and are not cut. Next: look at the analytics rule. If it misfires, switch it off. If the users are meant, and the alert came over HTTP and met the first limit, send the message under alert.confirm of its reply; otherwise cut them by evict revoke, or raise the limit and send the alert again.'
  }
  {
    name: 'incident-untold'
    query: loadTextContent('../queries/alert-incident-untold.kql')
    severity: 3
    frequency: 'PT15M'
    window: 'PT45M'
    description: 'An incident of Microsoft Sentinel could not be told what became of its alert; the users were decided on as ever. Next: GET /api/check names the workspace on which the app lacks Microsoft Sentinel Responder, with the command that gives it; if all is well there, Problem tells what Azure answered. Until then the receipts tell (infra/queries/who-was-cut.kql).'
  }
  {
    name: 'unfinished'
    query: loadTextContent('../queries/alert-unfinished.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT6H'
    description: 'Users whose containment began more than 15 minutes ago are not cut yet: Graph throttles or is down. Next: run infra/queries/throttling.kql; if it is empty, see whether the function RevokeFromQueue runs; if it is urgent, cut the users in the Entra admin center.'
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in logRules: {
    name: '${functionAppName}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${functionAppName}-${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [
        workspaceId
      ]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: replace(rule.query, '{ApplicationInsights}', applicationInsightsName)
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      autoMitigate: true
      // A workspace knows AppTraces, AppRequests and AppExceptions only once a row has come, and every rule reads one of them: at
      // the first deployment each would be refused ("Failed to resolve table"; Azure/azure-rest-api-specs pull request 32650 says
      // that the property is for this). Some report that it did not help (hashicorp/terraform-provider-azurerm issue 28293), so each
      // query also reads such a table beside an empty one, which has (learntocloud/learn-to-cloud-app pull request 586). Microsoft's
      // language service judges the queries before a release.
      skipQueryValidation: true
      actions: {
        actionGroups: empty(actionGroupId) ? [] : [actionGroupId]
      }
    }
  }
]

// The master key of the host runs any function with any input, and who may list the keys has it. `az functionapp deployment` and the
// portal list them too, so that a deployment fires the rule too.
resource keysListed 'Microsoft.Insights/activityLogAlerts@2026-01-01' = {
  name: '${functionAppName}-keys-listed'
  location: everywhere
  tags: tags
  properties: {
    description: 'Somebody listed the keys of the Functions host. Who holds the master key can run RevokeFromQueue with any input. Next: see who it was in the activity log of the function app; if it was no deployment and no administrator, renew the keys (az functionapp keys set) and ask why the right was there.'
    enabled: true
    scopes: [
      app.id
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'Administrative'
        }
        {
          field: 'operationName'
          equals: 'Microsoft.Web/sites/host/listKeys/action'
        }
        {
          field: 'status'
          equals: 'Succeeded'
        }
      ]
    }
    actions: {
      actionGroups: notified
    }
  }
}
