// Lets one playbook put messages on Evict's queue, and on nothing else of the namespace. To be deployed in the resource
// group of the namespace.

@description('Name of the Service Bus namespace.')
param namespaceName string

@description('Object id of the playbook\'s identity.')
param principalId string

// Azure Service Bus Data Sender: may send, but neither read nor manage.
var senderRoleId = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: namespaceName
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' existing = {
  parent: namespace
  name: 'evict'
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(queue.id, principalId, senderRoleId)
  scope: queue
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', senderRoleId)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'An Evict playbook puts incidents on the queue evict.'
  }
}
