// One playbook: a Logic App (Consumption) with an identity of its own, so that each may do only what it needs, and an alert rule
// that tells of runs that failed.

import { tagsOfResources } from '../modules/types.bicep'

@description('Name of the playbook, as analysts see it.')
param name string

@description('Region of the playbook.')
param location string

@description('Tags of the playbook.')
param tags tagsOfResources

@description('The workflow definition, from playbooks/*.json.')
#disable-next-line use-user-defined-types // it is what the Workflow Definition Language allows
param definition object

@description('The value of $connections, from connection.bicep.')
#disable-next-line use-user-defined-types // it is what the connector asks for
param connections object

@description('The other parameters of the definition: each name with an object that has its value.')
param values {
  *: {
    value: string
  }
}

@description('Resource id of the action group that is notified of failed runs; empty: none.')
param actionGroupId string

// Rules of metrics have no region.
var everywhere = 'global'

resource playbook 'Microsoft.Logic/workflows@2019-05-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    state: 'Enabled'
    definition: definition
    parameters: union(values, {
      '$connections': {
        value: connections
      }
    })
  }
}

resource failed 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${name}-failed'
  location: everywhere
  tags: tags
  properties: {
    description: 'A run of the playbook ${name} failed: an incident may not have reached Evict, or named nobody. Next: open the run in the history of the playbook; its last action says which of the two. The comment on the incident says what to do.'
    severity: 2
    enabled: true
    scopes: [
      playbook.id
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'failed'
          metricNamespace: 'Microsoft.Logic/workflows'
          metricName: 'RunsFailed'
          timeAggregation: 'Total'
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

@description('Resource id, for an automation rule.')
output id string = playbook.id

@description('Object id of the identity, for role assignments and EVICT_ALLOWED_CALLERS.')
output principalId string = playbook.identity.principalId
