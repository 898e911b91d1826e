// One automation rule: it starts a playbook for the incidents that match. To be deployed in the resource group of the workspace.

import { sentinelSeverity } from '../modules/types.bicep'

@description('Name of the Log Analytics workspace with Microsoft Sentinel.')
param workspaceName string

@description('The moment that the rule waits for: an incident that is created, or alerts that are added to one.')
param moment 'Created' | 'AlertsAdded'

@description('Resource id of the playbook.')
param playbookId string

@description('Resource ids of analytics rules; an incident of any of them matches. Empty: of all of them.')
param analyticsRuleIds string[]

@description('Severities; an incident of any of them matches. Empty: of all of them.')
param severities sentinelSeverity[]

@description('Place of the rule among the automation rules of the workspace, from 1 to 1000.')
param order int

@description('Whether the rule is in force.')
param isEnabled bool

var ofAnalyticsRules = empty(analyticsRuleIds)
  ? []
  : [
      {
        conditionType: 'Property'
        conditionProperties: {
          propertyName: 'IncidentRelatedAnalyticRuleIds'
          operator: 'Contains'
          propertyValues: analyticsRuleIds
        }
      }
    ]

var ofSeverities = empty(severities)
  ? []
  : [
      {
        conditionType: 'Property'
        conditionProperties: {
          propertyName: 'IncidentSeverity'
          operator: 'Equals'
          propertyValues: severities
        }
      }
    ]

// The playbooks comment and tag, which updates the incident: a rule for any update would start them again and again. So the
// only update that counts is an alert that was added, which may name users who were not in the incident before.
var ofAddedAlerts = moment == 'Created'
  ? []
  : [
      {
        conditionType: 'PropertyArrayChanged'
        conditionProperties: {
          arrayType: 'Alerts'
          changeType: 'Added'
        }
      }
    ]

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource rule 'Microsoft.SecurityInsights/automationRules@2025-09-01' = {
  // Sentinel takes nothing but a GUID as the name.
  name: guid(workspace.id, 'evict', moment)
  scope: workspace
  properties: {
    displayName: moment == 'Created'
      ? 'Evict: cut the users of a new incident'
      : 'Evict: cut the users of an incident that got new alerts'
    order: order
    triggeringLogic: {
      isEnabled: isEnabled
      triggersOn: 'Incidents'
      triggersWhen: moment == 'Created' ? 'Created' : 'Updated'
      conditions: concat(ofAnalyticsRules, ofSeverities, ofAddedAlerts)
    }
    actions: [
      {
        order: 1
        actionType: 'RunPlaybook'
        actionConfiguration: {
          logicAppResourceId: playbookId
          tenantId: tenant().tenantId
        }
      }
    ]
  }
}
