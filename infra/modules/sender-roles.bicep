// Who may put alerts on the queue `evict`: Logic Apps, pipelines, people on call. They may send there, and nothing else:
// not read the queue, not see receipts.

@description('The name of the Service Bus namespace.')
param serviceBusNamespaceName string

@description('Object ids of service principals and managed identities that may send.')
param applicationIds array

@description('Object ids of Entra groups whose members may send.')
param groupIds array

// Azure Service Bus Data Sender
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusNamespaceName

  resource alerts 'queues' existing = {
    name: 'evict'
  }
}

// Sending an alert by an application: a playbook's Service Bus action, a pipeline.
resource applications 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for applicationId in applicationIds: {
  name: guid(serviceBus::alerts.id, applicationId, serviceBusDataSender)
  scope: serviceBus::alerts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
    principalId: applicationId
    principalType: 'ServicePrincipal'
    description: 'Evict: may put alerts on the queue'
  }
}]

// Sending an alert by hand. A group and no single person, so that who is on call changes without a deployment.
resource groups 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for groupId in groupIds: {
  name: guid(serviceBus::alerts.id, groupId, serviceBusDataSender)
  scope: serviceBus::alerts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
    principalId: groupId
    principalType: 'Group'
    description: 'Evict: members may put alerts on the queue'
  }
}]
