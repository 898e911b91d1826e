// The function app and its plan: Flex Consumption on Linux, with a custom handler. It signs in everywhere as its own identity:
// there is no connection string and no key among its settings.
//
// Azure refuses a Flex Consumption app whose siteConfig names what this plan settles otherwise (error 51021: AlwaysOn, FtpsState,
// LinuxFxVersion and others), and app settings that name the runtime. So neither stands here.

import { appSettings, tagsOfResources } from 'types.bicep'

@description('The region of the app. Flex Consumption is not offered in all of them.')
param location string

@description('The name of the app, which becomes its host name.')
param name string

@description('The name of the plan. A Flex Consumption plan holds one app.')
param planName string

@description('Whether instances are spread over availability zones.')
param zoneRedundant bool

@description('The name of the storage account of the Functions host.')
param storageAccountName string

@description('The address of the container with the package.')
param deploymentContainerUri string

@description('The host name of the Service Bus namespace.')
param serviceBusNamespace string

@description('Where Application Insights takes data.')
param applicationInsightsConnectionString string

@description('The EVICT_ settings.')
param settings appSettings

@description('The resource id of the identity that the app uses; empty: a system-assigned one, which comes and goes with the app.')
param userAssignedIdentityId string

@description('The application id of that identity; empty without one.')
param userAssignedClientId string

@description('How many instances always run for the two HTTP functions.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int

@description('How many instances always run for the queue function.')
@minValue(0)
@maxValue(20)
param alwaysReadyQueueInstances int

@description('The memory of one instance, in MB.')
param instanceMemoryMB 512 | 2048 | 4096

@description('The most instances of each scale group.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('How instances are replaced when the package or a setting changes.')
param siteUpdateStrategy 'Recreate' | 'RollingUpdate'

@description('Whether /admin of the Functions host is closed to every key.')
param isolateAdminEndpoints bool

@description('The address ranges, or names of service tags, that may call over HTTP; empty: all of them.')
param callerRanges string[]

@description('The resource id of the subnet that the app sends from; empty: none.')
param subnetId string

@description('Whether the host\'s log is written to the workspace a second time, as FunctionAppLogs.')
param functionAppLogs bool

@description('The resource id of the workspace that receives the log.')
param workspaceId string

@description('Tags of the app and its plan.')
param tags tagsOfResources

@description('Tags of the app alone.')
param appTags tagsOfResources

var isUserAssigned = !empty(userAssignedIdentityId)

// The runtime stands in functionAppConfig, and the platform chooses the host.
var hostSettings = {
  // The host's locks and keys. `managedidentity` keeps it from trying other credentials first.
  // The name alone stands for the address in the global cloud; elsewhere the host wants AzureWebJobsStorage__blobServiceUri.
  AzureWebJobsStorage__accountName: storageAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  // The connection that function.json calls `EvictServiceBus`.
  EvictServiceBus__fullyQualifiedNamespace: serviceBusNamespace
  EvictServiceBus__credential: 'managedidentity'
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: isUserAssigned
    ? 'ClientId=${userAssignedClientId};Authorization=AAD'
    : 'Authorization=AAD'
}

var identitySettings = isUserAssigned
  ? {
      AzureWebJobsStorage__clientId: userAssignedClientId
      EvictServiceBus__clientId: userAssignedClientId
      EVICT_CLIENT_ID: userAssignedClientId
    }
  : {}

// The keys of the host exist whatever the functions ask for, and the master key alone runs any function through /admin.
var isolationSettings = isolateAdminEndpoints ? { FUNCTIONS_ADMIN_ISOLATION_ENABLED: '1' } : {}

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

// A range of addresses has a slash in it; anything else is the name of a service tag. Null is nothing said, as if the property did
// not stand there.
var callerRules = map(callerRanges, (range, index) => {
  name: 'caller-${index + 1}'
  action: 'Allow'
  priority: 100 + index
  tag: contains(range, '/') ? 'Default' : 'ServiceTag'
  ipAddress: range
})

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
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
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, appTags, marks)
  kind: 'functionapp,linux'
  identity: isUserAssigned
    ? {
        type: 'UserAssigned'
        userAssignedIdentities: {
          '${userAssignedIdentityId}': {}
        }
      }
    : {
        type: 'SystemAssigned'
      }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUri
          authentication: isUserAssigned
            ? {
                type: 'UserAssignedIdentity'
                userAssignedIdentityResourceId: userAssignedIdentityId
              }
            : {
                type: 'SystemAssignedIdentity'
              }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: concat(alwaysReadyHttp, alwaysReadyQueue)
      }
      // The platform's own way is not sent, since the property is in preview. The published type lacks it.
      #disable-next-line BCP037
      siteUpdateStrategy: siteUpdateStrategy == 'Recreate' ? null : { type: siteUpdateStrategy }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: empty(callerRanges) ? null : 'Deny'
      ipSecurityRestrictions: empty(callerRanges) ? null : callerRules
      appSettings: map(items(union(hostSettings, identitySettings, isolationSettings, settings)), setting => {
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

  // One after the other: two writes to one site at the same time may be answered with 409.
  resource scmCredentials 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
    dependsOn: [
      ftpCredentials
    ]
  }
}

// What the host and the handler write, one line each: all of it is in AppTraces too, and is paid for there. Metrics stay where the
// platform keeps them, for 93 days and for nothing.
#disable-next-line use-recent-api-versions // the only later one than 2016-09-01
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (functionAppLogs) {
  name: 'logs'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

@description('The name of the app.')
output name string = app.name

@description('The resource id of the app.')
output id string = app.id

@description('The host name of the app.')
output hostName string = app.properties.defaultHostName

@description('The object id of the system-assigned identity; empty if the app uses one that was given.')
output systemAssignedPrincipalId string = isUserAssigned ? '' : app.identity.principalId
