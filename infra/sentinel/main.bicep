// Microsoft Sentinel's side of Evict: three playbooks, what they may do, and the automation rules that start one of them.
// Deploy it in the resource group of the workspace, after infra/main.bicep. README.md beside it has the command.

targetScope = 'resourceGroup'

@description('Region of the playbooks.')
param location string = resourceGroup().location

@description('Name of the Log Analytics workspace with Microsoft Sentinel, in this resource group.')
param workspaceName string

@description('Host name of the function app, such as evict-contoso.azurewebsites.net.')
param functionAppHostName string

@description('The audience of the callers\' tokens, the same as the function app\'s EVICT_HTTP_AUDIENCE, such as api://<application id>.')
param httpAudience string

@description('Name of the Service Bus namespace with the queue evict.')
param serviceBusNamespaceName string

@description('Resource group of the Service Bus namespace, in this subscription.')
param serviceBusResourceGroup string

@description('Host name of the Service Bus namespace. Other clouds than the global one have another suffix.')
param serviceBusHost string = '${serviceBusNamespaceName}.servicebus.windows.net'

// az ad sp show --id 98785600-1bb7-4fb9-b9fa-19afe2c8a360 --query id --output tsv
// The application id is Microsoft's and the same in every tenant; the object id is not. Not the application id itself: a role
// assignment to it is accepted by nobody.
@description('Object id of the service principal Azure Security Insights in this tenant.')
param azureSecurityInsightsObjectId string

@description('The playbook that the automation rules start. The queue is the durable way; the other one writes the outcome on the incident.')
@allowed([
  'to-the-queue'
  'ask-and-comment'
])
param automatedPlaybook string = 'to-the-queue'

@description('Resource ids of the analytics rules whose incidents start the playbook. Empty: of all rules, if severities are given.')
param analyticsRuleIds array = []

@description('Severities (High, Medium, Low, Informational) of incidents that start the playbook. Empty: all, if analytics rules are given.')
param severities array = []

@description('Whether alerts that are added to an incident later start the playbook as well. They may name other users; users of the earlier alerts are cut once more.')
param alsoWhenAlertsAreAdded bool = true

@description('Whether the automation rules are in force. Set it to true when the first playbook that was run by hand has done what it should.')
param automationIsEnabled bool = false

@description('Place of the automation rules among those of the workspace. The second one has the next number.')
@minValue(1)
@maxValue(999)
param automationOrder int = 100

@description('What the names of the playbooks and of their connection begin with.')
param namePrefix string = 'evict'

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
  name: 'evict-sentinel-connection'
  params: {
    name: '${namePrefix}-sentinel'
    location: location
  }
}

module toTheQueue 'playbook.bicep' = {
  name: 'evict-playbook-to-the-queue'
  params: {
    name: '${namePrefix}-to-the-queue'
    location: location
    definition: loadJsonContent('playbooks/to-the-queue.json')
    connections: connection.outputs.connections
    values: {
      serviceBusHost: {
        value: serviceBusHost
      }
    }
  }
}

module askAndComment 'playbook.bicep' = {
  name: 'evict-playbook-ask-and-comment'
  params: {
    name: '${namePrefix}-ask-and-comment'
    location: location
    definition: loadJsonContent('playbooks/ask-and-comment.json')
    connections: connection.outputs.connections
    values: asking
  }
}

module revokeEntity 'playbook.bicep' = {
  name: 'evict-playbook-revoke-entity'
  params: {
    name: '${namePrefix}-revoke-entity'
    location: location
    definition: loadJsonContent('playbooks/revoke-entity.json')
    connections: connection.outputs.connections
    values: asking
  }
}

module toTheQueueComments 'responder-role.bicep' = {
  name: 'evict-responder-to-the-queue'
  params: {
    workspaceName: workspaceName
    principalId: toTheQueue.outputs.principalId
  }
}

module askAndCommentComments 'responder-role.bicep' = {
  name: 'evict-responder-ask-and-comment'
  params: {
    workspaceName: workspaceName
    principalId: askAndComment.outputs.principalId
  }
}

module revokeEntityComments 'responder-role.bicep' = {
  name: 'evict-responder-revoke-entity'
  params: {
    workspaceName: workspaceName
    principalId: revokeEntity.outputs.principalId
  }
}

module toTheQueueSends 'queue-sender-role.bicep' = {
  name: 'evict-sender-to-the-queue'
  scope: resourceGroup(serviceBusResourceGroup)
  params: {
    namespaceName: serviceBusNamespaceName
    principalId: toTheQueue.outputs.principalId
  }
}

module sentinelStarts 'automation-role.bicep' = {
  name: 'evict-sentinel-starts-playbooks'
  params: {
    azureSecurityInsightsObjectId: azureSecurityInsightsObjectId
  }
}

var automatedPlaybookId = automatedPlaybook == 'to-the-queue' ? toTheQueue.outputs.id : askAndComment.outputs.id

module whenCreated 'automation-rule.bicep' = if (hasConditions) {
  name: 'evict-rule-created'
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
  name: 'evict-rule-alerts-added'
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
output allowedCallers array = [
  askAndComment.outputs.principalId
  revokeEntity.outputs.principalId
]
