// Who may put alerts on the queue `evict`: Logic Apps, pipelines, people on call. They may send there, and nothing else:
// not read the queue, not see receipts.

import { guidText } from 'types.bicep'

@description('The name of the Service Bus namespace.')
param serviceBusNamespaceName string

@description('Object ids of service principals and managed identities that may send.')
param applicationIds guidText[]

@description('Object ids of Entra groups whose members may send.')
param groupIds guidText[]

// Azure Service Bus Data Sender
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

// An id that is written twice, in either case, gets one role. Azure refuses a second assignment of the same role.
var applications = union([], map(applicationIds, id => toLower(id)))
var groups = filter(union([], map(groupIds, id => toLower(id))), id => !contains(applications, id))

resource serviceBus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusNamespaceName

  resource alerts 'queues' existing = {
    name: 'evict'
  }
}

// Sending an alert by an application: a playbook's Service Bus action, a pipeline.
resource applicationsSend 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in applications: {
    name: guid(serviceBus::alerts.id, id, serviceBusDataSender)
    scope: serviceBus::alerts
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
      principalId: id
      principalType: 'ServicePrincipal'
      description: 'Evict: may put alerts on the queue'
    }
  }
]

// Sending an alert by hand. A group and no single person, so that who is on call changes without a deployment.
resource groupsSend 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in groups: {
    name: guid(serviceBus::alerts.id, id, serviceBusDataSender)
    scope: serviceBus::alerts
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
      principalId: id
      principalType: 'Group'
      description: 'Evict: members may put alerts on the queue'
    }
  }
]
