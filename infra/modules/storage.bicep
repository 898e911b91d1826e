// The storage account of the Functions host: the deployed package, the host's locks and its keys; and the ledger of how many
// users were cut this hour. Nobody signs in to it with a key. It holds no alert, no receipt and no user's name.

import { tagsOfResources } from 'types.bicep'

@description('The region of the account.')
param location string

@description('The name of the account: 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('The redundancy of the account.')
param skuName 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS'

@description('Whether the account is reached by its private endpoint alone.')
param isPrivate bool

@description('Whether the workspace gets a row for each read and write. The host renews its locks every few seconds, for ever.')
param auditReads bool

@description('The resource id of the workspace that receives the audit of the blobs.')
param workspaceId string

@description('Tags of the account.')
param tags tagsOfResources

// Where `az functionapp deployment` puts the package, and where instances fetch it.
var deploymentContainer = 'deployments'

// Where all instances of the app count how many users were cut this hour. The handler makes the blob itself.
var ledgerContainer = 'evict-ledger'

resource account 'Microsoft.Storage/storageAccounts@2026-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // No account key and no shared access signature works: callers need an Entra token and a role.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // Nothing of it applies while public access is off. Policies ask for it, and it holds if somebody switches that on again.
    networkAcls: isPrivate
      ? {
          defaultAction: 'Deny'
          bypass: 'AzureServices'
        }
      : null
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      // A package that was overwritten or deleted by mistake can be had back within the week.
      deleteRetentionPolicy: {
        enabled: true
        days: 7
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: 7
      }
    }

    resource deployments 'containers' = {
      name: deploymentContainer
      properties: {
        publicAccess: 'None'
      }
    }

    resource ledger 'containers' = {
      name: ledgerContainer
      properties: {
        publicAccess: 'None'
      }
    }
  }
}

// Who deleted the package that runs; with `auditReads` also who wrote it, and who read the host's keys (container
// azure-webjobs-secrets). Log Analytics takes all of a category or nothing of it.
#disable-next-line use-recent-api-versions // the only later one than 2016-09-01
resource blobAudit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: auditReads
      }
      {
        category: 'StorageWrite'
        enabled: auditReads
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

@description('The name of the account.')
output name string = account.name

@description('The resource id of the account.')
output id string = account.id

@description('The address of the ledger\'s blob.')
output ledgerUrl string = uri(account.properties.primaryEndpoints.blob, '${ledgerContainer}/hour.json')

@description('The address of the container with the package.')
output deploymentContainerUri string = uri(account.properties.primaryEndpoints.blob, deploymentContainer)
