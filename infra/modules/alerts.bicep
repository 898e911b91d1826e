// Alerts: what a person must know without looking. Metric alerts watch the two places where messages wait for a person,
// log alerts run the files of infra/queries that begin with "alert-". Each description ends with the next step.

@description('Region of the log alert rules. Metric alert rules are global.')
param location string

@description('Tags of every rule.')
param tags object = {}

@description('Name of the function app. It stands in the names of the rules, so that two deployments can share a group.')
param functionAppName string

@description('Name of the Service Bus namespace in this resource group.')
param serviceBusNamespaceName string

@description('Resource id of the Log Analytics workspace that holds the Application Insights tables.')
param workspaceId string

@description('Name of the Application Insights component. The queries read its rows alone, since others may share the workspace.')
param applicationInsightsName string

@description('Resource id of the action group that is told. Without one the alerts stand in the portal and nobody is told.')
param actionGroupId string = ''

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusNamespaceName
}

// Both metrics know Average, Minimum and Maximum, the dimension EntityName and a grain of a minute, and neither can be sent to
// a workspace (supported metrics of Microsoft.ServiceBus/namespaces), hence metric alerts and no query.
var metricRules = [
  {
    name: 'dead-lettered'
    metric: 'DeadletteredMessages'
    queue: 'evict'
    severity: 1
    description: 'Messages are in the dead-letter queue of evict: nobody finishes them, and their users may not be cut. Next: read the reason of each in Service Bus Explorer, mend it (alert rules "failed invocations" and "permission lost" tell more), and resubmit them to evict.'
  }
  {
    name: 'rejected'
    metric: 'ActiveMessages'
    queue: 'evict-rejected'
    severity: 2
    description: 'Messages are on the queue evict-rejected: they could not be read, or not be finished in time. Next: run infra/queries/rejected.kql, mend what it names, then move the messages back to evict as they are; delete those that are obsolete.'
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in metricRules: {
    name: '${functionAppName}-${rule.name}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [
        serviceBus.id
      ]
      evaluationFrequency: 'PT1M'
      windowSize: 'PT5M'
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
                values: [
                  rule.queue
                ]
              }
            ]
            timeAggregation: 'Maximum'
            operator: 'GreaterThan'
            threshold: 0
          }
        ]
      }
      autoMitigate: true
      actions: empty(actionGroupId)
        ? []
        : [
            {
              actionGroupId: actionGroupId
            }
          ]
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
    name: 'permission-lost'
    query: loadTextContent('../queries/alert-permission-lost.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'Microsoft Graph refuses the managed identity, or its token is missing: nobody can be cut. Next: GET /api/check says which permission is missing; run infra/grant-graph-permissions, wait for a new token (up to a day), then move what is on evict-rejected back to evict.'
  }
  {
    name: 'blast-radius'
    query: loadTextContent('../queries/alert-blast-radius.kql')
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    description: 'An alert named more users than EVICT_MAX_USERS_PER_ALERT or EVICT_MAX_USERS_PER_HOUR allows; the rest were withheld and are not cut. Next: look at the analytics rule. If it misfires, switch it off. If the users are meant, send the message that stands in the incident comment or under alert.confirm in the reply.'
  }
  {
    name: 'unfinished'
    query: loadTextContent('../queries/alert-unfinished.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT6H'
    description: 'Users whose containment began more than 15 minutes ago are not cut yet: Graph throttles or is down, or the queue is not worked off. Next: run infra/queries/throttling.kql; if it is empty, see whether the function RevokeFromQueue runs; if it is urgent, cut the users in the Entra admin center.'
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
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
      // The workspace may be minutes old and not know the tables yet, which must not fail the deployment.
      skipQueryValidation: true
      actions: {
        actionGroups: empty(actionGroupId) ? [] : [actionGroupId]
      }
    }
  }
]
