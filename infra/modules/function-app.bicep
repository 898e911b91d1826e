// The function app and its plan: Flex Consumption on Linux, with a custom handler. It signs in everywhere as its own
// system-assigned identity; there is no connection string and no key among its settings.

@description('The region of the app. Flex Consumption is not offered in all of them.')
param location string

@description('The name of the app, which becomes its host name.')
param name string

@description('The name of the plan. A Flex Consumption plan holds one app.')
param planName string

@description('The name of the storage account of the Functions host.')
param storageAccountName string

@description('The address of the container with the package.')
param deploymentContainerUri string

@description('The host name of the Service Bus namespace.')
param serviceBusNamespace string

@description('Where Application Insights takes data.')
param applicationInsightsConnectionString string

@description('The EVICT_ settings, as an object of name and text.')
param settings object

@description('How many instances always run for the two HTTP functions.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int

@description('How many instances always run for the queue function.')
@minValue(0)
@maxValue(20)
param alwaysReadyQueueInstances int

@description('The memory of one instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int

@description('The most instances that the app may have.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('The resource id of the workspace that receives the log and the metrics.')
param workspaceId string

@description('Tags of the app and its plan.')
param tags object

// On Flex Consumption the app may not have FUNCTIONS_WORKER_RUNTIME and FUNCTIONS_EXTENSION_VERSION: the runtime stands
// in functionAppConfig, and the platform chooses the host.
var hostSettings = {
  // The host's locks and function keys. `managedidentity` keeps it from trying other credentials first.
  // The name alone stands for the address in the global cloud; elsewhere the host wants AzureWebJobsStorage__blobServiceUri.
  AzureWebJobsStorage__accountName: storageAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  // The connection that function.json calls `EvictServiceBus`.
  EvictServiceBus__fullyQualifiedNamespace: serviceBusNamespace
  EvictServiceBus__credential: 'managedidentity'
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
}

// Flex Consumption scales the HTTP functions as one group and each other function by itself.
var alwaysReadyHttp = alwaysReadyHttpInstances == 0
  ? []
  : [
      {
        name: 'http'
        instanceCount: alwaysReadyHttpInstances
      }
    ]
var alwaysReadyQueue = alwaysReadyQueueInstances == 0
  ? []
  : [
      {
        name: 'function:RevokeFromQueue'
        instanceCount: alwaysReadyQueueInstances
      }
    ]

// By these tags `evict profile add` finds the app, and what belongs to it.
var marks = {
  application: 'evict'
  evictNamespace: serviceBusNamespace
  evictAudience: settings.EVICT_HTTP_AUDIENCE
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    // Linux.
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, marks)
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    functionAppConfig: {
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUri
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: concat(alwaysReadyHttp, alwaysReadyQueue)
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: map(items(union(hostSettings, settings)), setting => {
        name: setting.key
        value: setting.value
      })
    }
  }

  // No user name with a password publishes to the app, by FTP or by the deployment site: publishers need an Entra token.
  resource ftpCredentials 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scmCredentials 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        // What the host and the handler write, one line each.
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('The name of the app.')
output name string = app.name

@description('The host name of the app.')
output hostName string = app.properties.defaultHostName

@description('The object id of the system-assigned identity.')
output principalId string = app.identity.principalId
