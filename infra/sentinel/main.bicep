// Microsoft Sentinel's side of Evict: three playbooks, what they may do, and the automation rules that start one of them.
// Deploy it after infra/main.bicep, in the resource group that is to hold the playbooks: that of the workspace, or another one.
// README.md beside it has the command.

targetScope = 'resourceGroup'

import { guidText, sentinelSeverity, tagsOfResources } from '../modules/types.bicep'

@description('Region of the playbooks.')
param location string = resourceGroup().location

@description('Tags of the playbooks and of their connection.')
param tags tagsOfResources = {}

@description('What the names of the playbooks and of their connection begin with.')
@minLength(1)
@maxLength(36)
param namePrefix string = 'evict'

// The workspace

@description('Name of the Log Analytics workspace with Microsoft Sentinel.')
param workspaceName string

@description('Resource group of the workspace.')
param workspaceResourceGroup string = resourceGroup().name

@description('Subscription of the workspace.')
param workspaceSubscriptionId guidText = subscription().subscriptionId

// Evict

@description('Host name of the function app, an output of infra/main.bicep.')
param functionAppHostName string

@description('The audience of the callers\' tokens, the same as the function app\'s EVICT_HTTP_AUDIENCE, such as api://<application id>.')
param httpAudience string

@description('Name of the Service Bus namespace with the queue evict, an output of infra/main.bicep.')
param serviceBusNamespaceName string

@description('Resource group of the Service Bus namespace.')
param serviceBusResourceGroup string

@description('Subscription of the Service Bus namespace.')
param serviceBusSubscriptionId guidText = subscription().subscriptionId

@description('Host name of the Service Bus namespace. Other clouds than the global one have another suffix.')
param serviceBusHost string = '${serviceBusNamespaceName}.servicebus.windows.net'

@description('Whether to let the playbook send to the queue evict. It takes a deployment in the resource group of the namespace; with false, give the output senderApplicationIds to infra/main.bicep.')
param grantQueueSender bool = true

// Who starts the playbooks

@description('Whether to let Microsoft Sentinel start the playbooks of this resource group. Say false where that was done in the portal before (Settings, Playbook permissions): Azure refuses a second role assignment (RoleAssignmentExists).')
param grantSentinelAutomation bool = true

// az ad sp show --id 98785600-1bb7-4fb9-b9fa-19afe2c8a360 --query id --output tsv
// The application id is Microsoft's and the same in every tenant; the object id is not. Not the application id itself: a role
// assignment to it is accepted by nobody.
@description('Object id of the service principal Azure Security Insights in this tenant. Needed with grantSentinelAutomation.')
param azureSecurityInsightsObjectId string = ''

@description('The playbook that the automation rules start. The queue is the durable way; the other one writes the outcome on the incident.')
param automatedPlaybook 'to-the-queue' | 'ask-and-comment' = 'to-the-queue'

@description('Who tells the incidents that to-the-queue hands over: evict where the function app reads and writes them itself (sentinelWorkspaceIds of infra/main.bicep), so that there are not two comments; the playbook then only sends.')
param commentBy 'playbook' | 'evict' = 'playbook'

@description('Resource ids of the analytics rules whose incidents start the playbook. Empty: of all rules, if severities are given.')
param analyticsRuleIds string[] = []

@description('Severities of incidents that start the playbook. Empty: all, if analytics rules are given.')
param severities sentinelSeverity[] = []

@description('Whether alerts that are added to an incident later start the playbook as well. They may name other users; users of the earlier alerts are cut once more.')
param alsoWhenAlertsAreAdded bool = true

@description('Whether the automation rules are in force. Set it to true when the first playbook that was run by hand has done what it should.')
param automationIsEnabled bool = false

@description('Place of the automation rules among those of the workspace. The second one has the next number.')
@minValue(1)
@maxValue(999)
param automationOrder int = 100

@description('Resource id of the action group that is notified when a run of a playbook fails. Without one the alert stands in the portal alone.')
param actionGroupId string = ''

// With neither list every incident of the workspace would start a playbook: no rule is made then.
var hasConditions = !empty(analyticsRuleIds) || !empty(severities)

var asking = {
  host: {
    value: functionAppHostName
  }
  audience: {
    value: httpAudience
  }
}

module connection 'connection.bicep' = {
  params: {
    name: '${namePrefix}-sentinel'
    location: location
    tags: tags
  }
}

module toTheQueue 'playbook.bicep' = {
  params: {
    name: '${namePrefix}-to-the-queue'
    location: location
    tags: tags
    definition: loadJsonContent('playbooks/to-the-queue.json')
    connections: connection.outputs.connections
    values: {
      serviceBusHost: {
        value: serviceBusHost
      }
      commentBy: {
        value: commentBy
      }
    }
    actionGroupId: actionGroupId
  }
}

module askAndComment 'playbook.bicep' = {
  params: {
    name: '${namePrefix}-ask-and-comment'
    location: location
    tags: tags
    definition: loadJsonContent('playbooks/ask-and-comment.json')
    connections: connection.outputs.connections
    values: asking
    actionGroupId: actionGroupId
  }
}

module revokeEntity 'playbook.bicep' = {
  params: {
    name: '${namePrefix}-revoke-entity'
    location: location
    tags: tags
    definition: loadJsonContent('playbooks/revoke-entity.json')
    connections: connection.outputs.connections
    values: asking
    actionGroupId: actionGroupId
  }
}

module comment 'responder-roles.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    toTheQueue: toTheQueue.outputs.principalId
    askAndComment: askAndComment.outputs.principalId
    revokeEntity: revokeEntity.outputs.principalId
  }
}

module toTheQueueSends 'queue-sender-role.bicep' = if (grantQueueSender) {
  scope: resourceGroup(serviceBusSubscriptionId, serviceBusResourceGroup)
  params: {
    namespaceName: serviceBusNamespaceName
    principalId: toTheQueue.outputs.principalId
  }
}

module sentinelStarts 'automation-role.bicep' = if (grantSentinelAutomation) {
  params: {
    azureSecurityInsightsObjectId: empty(azureSecurityInsightsObjectId)
      ? fail('azureSecurityInsightsObjectId is missing: give it, or say grantSentinelAutomation=false.')
      : azureSecurityInsightsObjectId
  }
}

var automatedPlaybookId = automatedPlaybook == 'to-the-queue' ? toTheQueue.outputs.id : askAndComment.outputs.id

module whenCreated 'automation-rule.bicep' = if (hasConditions) {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    moment: 'Created'
    playbookId: automatedPlaybookId
    analyticsRuleIds: analyticsRuleIds
    severities: severities
    order: automationOrder
    isEnabled: automationIsEnabled
  }
  // Sentinel refuses a rule whose playbook it may not start.
  dependsOn: [
    sentinelStarts
  ]
}

module whenAlertsAreAdded 'automation-rule.bicep' = if (hasConditions && alsoWhenAlertsAreAdded) {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    moment: 'AlertsAdded'
    playbookId: automatedPlaybookId
    analyticsRuleIds: analyticsRuleIds
    severities: severities
    order: automationOrder + 1
    isEnabled: automationIsEnabled
  }
  dependsOn: [
    sentinelStarts
  ]
}

@description('Object ids of the playbooks that call Evict over HTTP: they belong into the parameter allowedCallers of infra/main.bicep.')
output allowedCallers guidText[] = [
  askAndComment.outputs.principalId
  revokeEntity.outputs.principalId
]

@description('Object id of the playbook that sends to the queue: with grantQueueSender=false it belongs into the parameter senderApplicationIds of infra/main.bicep.')
output senderApplicationIds guidText[] = [
  toTheQueue.outputs.principalId
]
