// Everything that Evict needs in Azure, in one resource group: the function app, its storage, the Service Bus namespace,
// the logs, and who may do what. Every connection is by identity; the template asks for no secret and returns none.
//
// az deployment group create --resource-group <group> --name evict --parameters infra/main.bicepparam
//
// The deployer needs Contributor and Role Based Access Control Administrator on the resource group. The Graph permissions of the
// app's identity are no part of it: graph-permissions.bicep, or the script grant-graph-permissions, by somebody who may.

targetScope = 'resourceGroup'

import { appSettings, checkedPrefix, guidText, tagsOfResources } from 'modules/types.bicep'

// What has to be said

@description('enforce or observe (EVICT_MODE). Use observe for the first week: every receipt says what would be done, and nothing is changed. It has no default, so that a later deployment cannot change it by leaving it out.')
param mode 'enforce' | 'observe'

@description('Object ids or user principal names of users who are never cut, such as break-glass accounts (EVICT_PROTECTED_USERS). An empty list protects nobody. It has no default, so that a later deployment cannot drop it by leaving it out.')
param protectedUsers string[]

// Where things are, and what they are called

@description('The region of everything that is made. Flex Consumption is not offered in all of them: `az functionapp list-flexconsumption-locations` tells.')
param location string = resourceGroup().location

@description('What the names of the resources begin with: a letter, then letters, digits and hyphens. A text that is unique to the resource group follows.')
@minLength(3)
@maxLength(10)
param namePrefix string = 'evict'

@description('Tags of every resource.')
param tags tagsOfResources = {}

@description('Tags of the function app alone, such as azd-service-name.')
param appTags tagsOfResources = {}

// What runs, and how much of it

@description('How many instances always run for the two HTTP functions. 0 costs nothing while nothing happens, and the first call waits for a cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int = 0

@description('How many instances always run for the queue function. With 0 the platform looks at an idle queue now and then, and the first alert may wait two minutes.')
@minValue(0)
@maxValue(20)
param alwaysReadyQueueInstances int = 1

@description('The memory of one instance, in MB, where the region offers it. The handler needs little; 2048 is the platform\'s own default and brings the share of CPU that keeps a cold start short.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('The most instances of each scale group: the HTTP functions are one, the queue function is the other. Graph\'s limit for writes bounds the work, not the CPU: more instances cut nobody sooner and only add answers 429. 40 is the lowest that the platform\'s own list of runtimes names; where a region takes less, less is enough.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('The redundancy of the storage account. It holds the package and the host\'s locks, which a new deployment makes again, and the ledger of the past hour.')
param storageSku 'Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' = 'Standard_LRS'

@description('Whether instances are spread over availability zones, where the region has them. It takes two always ready instances of each scale group that has any, and goes with storageSku=Standard_ZRS.')
param zoneRedundant bool = false

@description('How instances are replaced when the package or a setting changes. Recreate ends what runs (messages come again); RollingUpdate, in preview, lets it finish.')
param siteUpdateStrategy 'Recreate' | 'RollingUpdate' = 'Recreate'

@description('The tier of the Service Bus namespace.')
param serviceBusSku 'Standard' | 'Premium' = 'Standard'

@description('Whether the queue `evict` drops a message that bears the id of another of the last ten minutes. Service Bus settles it when it makes the queue: for a queue that was made without, say false, or delete it while it is empty.')
param detectDuplicates bool = true

@description('The resource id of a Log Analytics workspace to use, such as the one that Sentinel is on, in any group or subscription; empty makes one.')
param existingWorkspaceId string = ''

@description('Whether Microsoft Sentinel is on the workspace of existingWorkspaceId: the workbook then stands among Sentinel\'s.')
param workspaceHasSentinel bool = false

@description('The resource ids of workspaces whose Sentinel incidents Evict reads, and into which it writes what it did (EVICT_SENTINEL_WORKSPACES), in any groups and subscriptions. The app gets Microsoft Sentinel Responder on each. Empty: no incident is touched.')
param sentinelWorkspaceIds string[] = []

@description('The resource id of the action group that the alert rules notify. Without one the alerts stand in the portal alone.')
param actionGroupId string = ''

@description('For how many days a workspace that is made here keeps its logs.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Whether the log of the host is written a second time, as FunctionAppLogs. All of it is in AppTraces too.')
param functionAppLogs bool = false

@description('Whether each read and write of the storage account is written to the workspace. It tells who read the host\'s keys, and has a row for each time that the host renews its locks.')
param auditStorageReads bool = false

// The network and the identity

@description('Whether storage and Service Bus are reached by private endpoints alone, in a network that is made for it. It takes serviceBusSku=Premium.')
param privateNetworking bool = false

@description('The addresses of that network, in CIDR notation: 128 of them or more.')
param networkAddressPrefix string = '10.90.0.0/24'

@description('Address ranges in CIDR notation, or names of service tags such as LogicApps, that may call over HTTP. Empty: all of them, since every call needs a token.')
param callerRanges string[] = []

@description('Whether /admin of the Functions host is closed to every key (FUNCTIONS_ADMIN_ISOLATION_ENABLED). Try it before you rely on it: the portal\'s own pages use /admin.')
param isolateAdminEndpoints bool = false

@description('The resource id of a user-assigned identity for the app. It outlives the app, so that its Graph permissions are granted once, and before there is an app. Empty: a system-assigned one.')
param userAssignedIdentityId string = ''

// Who may ask

@description('Object ids of service principals and managed identities that may put alerts on the queue `evict`.')
param senderApplicationIds guidText[] = []

@description('Object ids of Entra groups whose members may put alerts on the queue `evict`.')
param senderGroupIds guidText[] = []

@description('The audience of the tokens by which HTTP callers prove themselves, such as api://<application id> (EVICT_HTTP_AUDIENCE). Needed with a package that takes no function keys.')
param httpAudience string = ''

@description('Object ids or application ids of those who may call over HTTP (EVICT_ALLOWED_CALLERS).')
param allowedCallers guidText[] = []

// The guard

@description('The one tenant in which Evict may act (EVICT_TENANT_ID).')
param tenantId string = tenant().tenantId

@description('The Microsoft cloud of the tenant (EVICT_CLOUD). Flex Consumption is offered in the global one alone: the others are for a handler that runs elsewhere.')
param cloud 'global' | 'usgov' | 'usgovdod' | 'china' = 'global'

@description('Object ids of groups whose members, also by nesting, are never cut (EVICT_PROTECTED_GROUPS).')
param protectedGroups guidText[] = []

@description('The most users that one alert may cut; the rest are withheld (EVICT_MAX_USERS_PER_ALERT).')
@minValue(0)
@maxValue(100000)
param maxUsersPerAlert int = 25

@description('The most users that may be cut within a rolling hour; the rest are withheld (EVICT_MAX_USERS_PER_HOUR).')
@minValue(0)
@maxValue(100000)
param maxUsersPerHour int = 250

@description('The least severity of an automated alert that is acted on; empty means all (EVICT_MIN_SEVERITY).')
param minSeverity '' | 'informational' | 'low' | 'medium' | 'high' = ''

// How it works

@description('How many users of one alert are worked on at the same time (EVICT_CONCURRENCY).')
@minValue(1)
@maxValue(64)
param concurrency int = 16

@description('How often a message is delivered before Service Bus dead-letters it. It is the queue\'s count and the handler\'s (EVICT_MAX_DELIVERIES) at once, so that the handler knows its last chance.')
@minValue(1)
@maxValue(2000)
param maxDeliveryCount int = 10

@description('How long an HTTP caller waits at most; what is not finished by then is handed to the queue (EVICT_HTTP_DEADLINE_SECONDS).')
@minValue(5)
@maxValue(220)
param httpDeadlineSeconds int = 100

@description('How long one delivery of a message is worked on (EVICT_QUEUE_DEADLINE_SECONDS).')
@minValue(5)
@maxValue(240)
param queueDeadlineSeconds int = 240

@description('How long the first delivery that could not be finished waits before it is given back (EVICT_REDELIVERY_WAIT_SECONDS).')
@minValue(0)
@maxValue(60)
param redeliveryWaitSeconds int = 5

@description('How long a cut is read back until it shows (EVICT_VERIFY_SECONDS).')
@minValue(0)
@maxValue(60)
param verifySeconds int = 15

@description('The least important log lines that are written (EVICT_LOG). The alert rules read lines of info, so that warn and error are not offered here.')
param logLevel 'info' | 'debug' = 'info'

var suffix = uniqueString(resourceGroup().id)
var prefix = checkedPrefix(namePrefix)
var name = '${prefix}-${suffix}'

// Every setting stands here, also where it is the handler's own default, so that the app's settings can be read in the
// portal without knowing the handler. An empty text counts as not set.
var settings appSettings = {
  EVICT_TENANT_ID: tenantId
  EVICT_CLOUD: cloud
  EVICT_MODE: mode
  EVICT_PROTECTED_USERS: join(protectedUsers, ',')
  EVICT_PROTECTED_GROUPS: join(protectedGroups, ',')
  EVICT_MAX_USERS_PER_ALERT: string(maxUsersPerAlert)
  EVICT_MAX_USERS_PER_HOUR: string(maxUsersPerHour)
  EVICT_LEDGER_URL: storage.outputs.ledgerUrl
  EVICT_MIN_SEVERITY: minSeverity
  EVICT_CONCURRENCY: string(concurrency)
  EVICT_MAX_DELIVERIES: string(maxDeliveryCount)
  EVICT_HTTP_DEADLINE_SECONDS: string(httpDeadlineSeconds)
  EVICT_QUEUE_DEADLINE_SECONDS: string(queueDeadlineSeconds)
  EVICT_REDELIVERY_WAIT_SECONDS: string(redeliveryWaitSeconds)
  EVICT_VERIFY_SECONDS: string(verifySeconds)
  EVICT_LOG: logLevel
  EVICT_HTTP_AUDIENCE: httpAudience
  EVICT_ALLOWED_CALLERS: join(allowedCallers, ',')
  EVICT_SENTINEL_WORKSPACES: join(sentinelWorkspaceIds, ',')
}

module workspace 'modules/workspace.bicep' = {
  params: {
    location: location
    name: name
    existingWorkspaceId: existingWorkspaceId
    retentionInDays: logRetentionDays
    tags: tags
  }
}

module applicationInsights 'modules/application-insights.bicep' = {
  params: {
    location: location
    name: name
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    location: location
    name: toLower(replace('${prefix}${suffix}', '-', ''))
    skuName: storageSku
    isPrivate: privateNetworking
    auditReads: auditStorageReads
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  params: {
    location: location
    name: name
    skuName: serviceBusSku
    isPrivate: privateNetworking
    detectsDuplicates: detectDuplicates
    maxDeliveryCount: maxDeliveryCount
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  params: {
    location: location
    name: name
    addressPrefix: networkAddressPrefix
    tags: tags
  }
}

module blobEndpoint 'modules/private-endpoint.bicep' = if (privateNetworking) {
  params: {
    location: location
    name: '${name}-blob'
    targetId: storage.outputs.id
    part: 'blob'
    zoneName: 'privatelink.blob.${environment().suffixes.storage}'
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.networkId
    tags: tags
  }
}

module queueEndpoint 'modules/private-endpoint.bicep' = if (privateNetworking) {
  params: {
    location: location
    name: '${name}-service-bus'
    targetId: serviceBus.outputs.id
    part: 'namespace'
    zoneName: 'privatelink.servicebus.windows.net'
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.networkId
    tags: tags
  }
}

module identity 'modules/identity.bicep' = if (!empty(userAssignedIdentityId)) {
  params: {
    identityId: userAssignedIdentityId
  }
}

module functionApp 'modules/function-app.bicep' = {
  params: {
    location: location
    name: name
    planName: '${name}-plan'
    zoneRedundant: zoneRedundant
    storageAccountName: storage.outputs.name
    deploymentContainerUri: storage.outputs.deploymentContainerUri
    serviceBusNamespace: serviceBus.outputs.fullyQualifiedNamespace
    applicationInsightsConnectionString: applicationInsights.outputs.connectionString
    settings: settings
    userAssignedIdentityId: userAssignedIdentityId
    userAssignedClientId: empty(userAssignedIdentityId) ? '' : identity!.outputs.clientId
    alwaysReadyHttpInstances: alwaysReadyHttpInstances
    alwaysReadyQueueInstances: alwaysReadyQueueInstances
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    siteUpdateStrategy: siteUpdateStrategy
    isolateAdminEndpoints: isolateAdminEndpoints
    callerRanges: callerRanges
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    functionAppLogs: functionAppLogs
    workspaceId: workspace.outputs.id
    tags: tags
    appTags: appTags
  }
  // The host looks for its storage and its queue as soon as it starts.
  dependsOn: [
    blobEndpoint
    queueEndpoint
  ]
}

var principalId = empty(userAssignedIdentityId)
  ? functionApp.outputs.systemAssignedPrincipalId
  : identity!.outputs.principalId

module appRoles 'modules/app-roles.bicep' = {
  params: {
    principalId: principalId
    serviceBusNamespaceName: serviceBus.outputs.name
    storageAccountName: storage.outputs.name
    applicationInsightsName: applicationInsights.outputs.name
  }
}

// /subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.OperationalInsights/workspaces/{name}
module incidentRoles 'modules/incident-roles.bicep' = [
  for id in sentinelWorkspaceIds: {
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: {
      workspaceName: split(id, '/')[8]
      principalId: principalId
    }
  }
]

module senderRoles 'modules/sender-roles.bicep' = {
  params: {
    serviceBusNamespaceName: serviceBus.outputs.name
    applicationIds: senderApplicationIds
    groupIds: senderGroupIds
  }
}

module alerts 'modules/alerts.bicep' = {
  params: {
    location: workspace.outputs.location
    tags: tags
    functionAppName: functionApp.outputs.name
    serviceBusNamespaceName: serviceBus.outputs.name
    workspaceId: workspace.outputs.id
    applicationInsightsName: applicationInsights.outputs.name
    actionGroupId: actionGroupId
  }
}

module workbook 'modules/workbook.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceId: workspace.outputs.id
    workspaceHasSentinel: workspaceHasSentinel
    applicationInsightsName: applicationInsights.outputs.name
    serviceBusNamespaceName: serviceBus.outputs.name
  }
}

@description('The name of the function app, to deploy the package to.')
output functionAppName string = functionApp.outputs.name

@description('The host name of the function app: https://<this>/api/revoke.')
output functionAppHostName string = functionApp.outputs.hostName

@description('The object id of the app\'s identity, to grant the Graph permissions to.')
output principalId string = principalId

@description('The name of the Service Bus namespace.')
output serviceBusNamespaceName string = serviceBus.outputs.name

@description('The name of the Application Insights component.')
output applicationInsightsName string = applicationInsights.outputs.name

@description('The resource id of the workspace with the logs.')
output workspaceId string = workspace.outputs.id
