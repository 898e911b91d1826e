// The Service Bus namespace: the queue that alerts arrive on, the queue for what could not be done, and the topic that
// receipts are published to. Nobody signs in to it with a key.
//
// The numbers belong together. One delivery of a message takes at most EVICT_QUEUE_DEADLINE_SECONDS (240 s) and the wait
// before it is given back (60 s): five minutes. functionTimeout in host.json does not cut that short, and the host renews the
// lock for longer (maxAutoLockRenewalDuration). Ten deliveries are within an hour, and a message lives for a week.

import { tagsOfResources } from 'types.bicep'

@description('The region of the namespace.')
param location string

@description('The name of the namespace.')
param name string

@description('The tier. Basic has no topics; Premium has private endpoints and messages above 256 KB.')
param skuName 'Standard' | 'Premium'

@description('Whether the namespace is reached by its private endpoint alone. It takes Premium.')
param isPrivate bool

@description('How often a message of the queue `evict` is delivered before Service Bus dead-letters it.')
@minValue(1)
@maxValue(2000)
param maxDeliveryCount int

@description('Whether a message that bears the id of another of the last ten minutes is dropped. Service Bus settles it when the queue is made.')
param detectsDuplicates bool

@description('The resource id of the workspace that receives the logs.')
param workspaceId string

@description('Tags of the namespace.')
param tags tagsOfResources

// The most that Service Bus takes. Who looks at a message without ending it gives it back, which counts as a delivery: after the
// usual ten looks it would be dead-lettered, and no longer be where people look for it.
var manyLooks = 2000

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: skuName
    tier: skuName
  }
  properties: {
    // No connection string works: callers need an Entra token and a role.
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate
      ? (skuName == 'Premium'
          ? 'Disabled'
          : fail('privateNetworking needs serviceBusSku=Premium: Standard has no private endpoints.'))
      : 'Enabled'
  }

  // What RevokeFromQueue is triggered by: alerts, and what RevokeFromAlert could not finish in its caller's time.
  resource alerts 'queues' = {
    name: 'evict'
    properties: {
      // The host renews the lock while the handler works, so this is only how long a message of an instance that died
      // waits for the next one.
      lockDuration: 'PT1M'
      maxDeliveryCount: maxDeliveryCount
      // A weekend in which the app stands still loses no alert, and a cut that comes late is better than none. What
      // expires is dead-lettered, and a rule reports it.
      defaultMessageTimeToLive: 'P7D'
      deadLetteringOnMessageExpiration: true
      // A playbook that is run twice for one change of an incident sends one message. What the app hands over bears no id of its
      // own, and what `evict rejected replay` puts back bears a new one, so neither is taken for something that was there before.
      requiresDuplicateDetection: detectsDuplicates
      duplicateDetectionHistoryTimeWindow: 'PT10M'
    }
  }

  // What could not be done or read, each as a message that can be put back on `evict`. People read it, not a function.
  resource rejected 'queues' = {
    name: 'evict-rejected'
    properties: {
      lockDuration: 'PT5M'
      maxDeliveryCount: manyLooks
      defaultMessageTimeToLive: 'P30D'
      deadLetteringOnMessageExpiration: true
    }
  }

  resource receipts 'topics' = {
    name: 'evict-receipts'
    properties: {
      defaultMessageTimeToLive: 'P14D'
      // The largest that costs nothing more: a topic that is full refuses receipts, and with them the whole invocation.
      maxSizeInMegabytes: 5120
    }

    // One subscription, so that receipts are kept for their readers. Unread ones are dropped after a
    // fortnight and not dead-lettered: dead letters count towards the topic's size, and a full topic would refuse
    // receipts, and the host then gives the alert's message back and the work is done again. The receipts also stand
    // in the log.
    resource all 'subscriptions' = {
      name: 'all'
      properties: {
        lockDuration: 'PT1M'
        maxDeliveryCount: manyLooks
        defaultMessageTimeToLive: 'P14D'
        deadLetteringOnMessageExpiration: false
      }
    }
  }
}

// Which logs there are depends on the tier, and the group holds those that the tier has. Metrics stay where the platform keeps them,
// for 93 days and for nothing.
#disable-next-line use-recent-api-versions // the only later one than 2016-09-01
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

@description('The name of the namespace.')
output name string = namespace.name

@description('The resource id of the namespace.')
output id string = namespace.id

// The endpoint is such as https://<name>.servicebus.windows.net:443/ and the suffix differs between clouds.
@description('The host name of the namespace.')
output fullyQualifiedNamespace string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]
