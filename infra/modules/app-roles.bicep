// What the function app's identity may do in Azure: each role on the one queue, topic or resource that a call needs it
// for. What it may do in Entra ID are the Graph permissions (../graph-permissions.bicep).

@description('The object id of the identity of the function app.')
param principalId string

@description('The name of the Service Bus namespace.')
param serviceBusNamespaceName string

@description('The name of the storage account of the Functions host.')
param storageAccountName string

@description('The name of the Application Insights component.')
param applicationInsightsName string

var roles = {
  // Azure Service Bus Data Receiver
  serviceBusDataReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  // Azure Service Bus Data Sender
  serviceBusDataSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  // Reader
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  // Storage Blob Data Owner
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  // Storage Blob Data Contributor
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  // Monitoring Metrics Publisher
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

resource serviceBus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusNamespaceName

  resource alerts 'queues' existing = {
    name: 'evict'
  }

  resource rejected 'queues' existing = {
    name: 'evict-rejected'
  }

  resource receipts 'topics' existing = {
    name: 'evict-receipts'
  }
}

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource ledger 'containers' existing = {
      name: 'evict-ledger'
    }
  }
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

// The trigger of RevokeFromQueue: the host receives, renews, completes and abandons messages.
resource receiveAlerts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serviceBus::alerts.id, principalId, roles.serviceBusDataReceiver)
  scope: serviceBus::alerts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataReceiver)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: trigger of RevokeFromQueue'
  }
}

// How many messages wait, by which the platform decides on instances. It takes Microsoft.ServiceBus/namespaces/queues/read, which
// Data Owner has with much else and Reader alone; without it the platform adds one instance at a time.
resource countAlerts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serviceBus::alerts.id, principalId, roles.reader)
  scope: serviceBus::alerts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: length of the queue, for scaling'
  }
}

// The output `handover`: what is not finished in a caller's time, or is left of a message, goes to the queue.
resource sendAlerts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serviceBus::alerts.id, principalId, roles.serviceBusDataSender)
  scope: serviceBus::alerts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: output handover of RevokeFromAlert'
  }
}

// The output `rejected` of RevokeFromQueue: what could not be done or read.
resource sendRejected 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serviceBus::rejected.id, principalId, roles.serviceBusDataSender)
  scope: serviceBus::rejected
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: output rejected of RevokeFromQueue'
  }
}

// The output `receipts` of both functions.
resource sendReceipts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(serviceBus::receipts.id, principalId, roles.serviceBusDataSender)
  scope: serviceBus::receipts
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: output receipts of RevokeFromQueue and RevokeFromAlert'
  }
}

// The connection AzureWebJobsStorage, and the container with the package. It is on the account and not on a container,
// because the host makes its own containers (azure-webjobs-hosts for locks, azure-webjobs-secrets for its keys), and
// it is Owner because that is the role that the Functions documentation asks for. Nothing but the app's own is in the
// account.
resource ownBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, roles.storageBlobDataOwner)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: host storage and deployment package'
  }
}

// The ledger of how many users were cut this hour (EVICT_LEDGER_URL). The role above covers it, and is the host's: with one of
// its own the ledger goes on if the host's is ever narrowed, or if the ledger moves to an account of its own.
resource writeLedger 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage::blobs::ledger.id, principalId, roles.storageBlobDataContributor)
  scope: storage::blobs::ledger
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: ledger of the hour'
  }
}

// Telemetry by Entra token (APPLICATIONINSIGHTS_AUTHENTICATION_STRING), since the component refuses its key.
resource publishTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(applicationInsights.id, principalId, roles.monitoringMetricsPublisher)
  scope: applicationInsights
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: telemetry of the Functions host'
  }
}
