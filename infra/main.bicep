// Everything that Evict needs in Azure, in one resource group: the function app, its storage, the Service Bus namespace,
// the logs, and who may do what. Every connection is by identity; the template asks for no secret and returns none.
//
// az deployment group create --resource-group <group> --template-file infra/main.bicep --parameters mode=observe
//
// The deployer needs Contributor and Role Based Access Control Administrator on the resource group.

targetScope = 'resourceGroup'

// Where things are, and what they are called

@description('The region of everything that is made. Flex Consumption is not offered in all of them: `az functionapp list-flexconsumption-locations` tells.')
param location string = resourceGroup().location

@description('What the names of the resources begin with; a text that is unique to the resource group follows.')
@minLength(3)
@maxLength(10)
param namePrefix string = 'evict'

@description('Tags of every resource.')
param tags object = {}

// What runs, and how much of it

@description('How many instances always run for the two HTTP functions. 0 costs nothing while nothing happens, and the first alert waits for a cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int = 0

@description('How many instances always run for the queue function. With 1 an alert on the queue waits for no cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyQueueInstances int = 0

@description('The memory of one instance, in MB. The handler needs little; 2048 is the platform\'s own default and brings the share of CPU that keeps a cold start short.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('The most instances that the app may have. Graph\'s limit for writes bounds the work, not the CPU: more instances cut nobody sooner and only add answers 429. 40 is the lowest that the platform\'s own list of runtimes names; where a region takes less, less is enough.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('The redundancy of the storage account. It holds the package and the host\'s locks, which a new deployment makes anew, and the ledger of the past hour.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageSku string = 'Standard_LRS'

@description('The tier of the Service Bus namespace.')
@allowed([
  'Standard'
  'Premium'
])
param serviceBusSku string = 'Standard'

@description('The resource id of a Log Analytics workspace to use, such as the one that Sentinel is on; empty makes one.')
param existingWorkspaceId string = ''

@description('The resource id of the action group that the alert rules tell. Without one the alerts stand in the portal and nobody is told.')
param actionGroupId string = ''

@description('For how many days a workspace that is made here keeps its logs.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

// Who may ask

@description('Object ids of service principals and managed identities that may put alerts on the queue `evict`.')
param senderApplicationIds array = []

@description('Object ids of Entra groups whose members may put alerts on the queue `evict`.')
param senderGroupIds array = []

@description('The audience of the tokens by which HTTP callers prove themselves, such as api://<application id> (EVICT_HTTP_AUDIENCE). Needed with a package that takes no function keys.')
param httpAudience string = ''

@description('Object ids or application ids of those who may call over HTTP (EVICT_ALLOWED_CALLERS).')
param allowedCallers array = []

@description('Whether to grant the Graph permissions with this deployment. That needs a deployer who is Privileged Role Administrator; otherwise leave it false, and have one run infra/grant-graph-permissions.')
param grantGraphPermissions bool = false

// The guard

@description('The one tenant in which Evict may act (EVICT_TENANT_ID).')
param tenantId string = tenant().tenantId

@description('The Microsoft cloud of the tenant (EVICT_CLOUD).')
@allowed([
  'global'
  'usgov'
  'usgovdod'
  'china'
])
param cloud string = 'global'

@description('enforce or observe (EVICT_MODE). Use observe for the first week: every receipt says what would be done, and nothing is changed.')
@allowed([
  'enforce'
  'observe'
])
param mode string = 'enforce'

@description('Object ids or user principal names of users who are never cut, such as break-glass accounts (EVICT_PROTECTED_USERS). An empty list protects nobody.')
param protectedUsers array = []

@description('Object ids of groups whose members, also by nesting, are never cut (EVICT_PROTECTED_GROUPS).')
param protectedGroups array = []

@description('The most users that one alert may cut; the rest are withheld (EVICT_MAX_USERS_PER_ALERT).')
@minValue(0)
@maxValue(100000)
param maxUsersPerAlert int = 25

@description('The most users that may be cut within a rolling hour; the rest are withheld (EVICT_MAX_USERS_PER_HOUR).')
@minValue(0)
@maxValue(100000)
param maxUsersPerHour int = 250

@description('The least severity of an automated alert that is acted on; empty means all (EVICT_MIN_SEVERITY).')
@allowed([
  ''
  'informational'
  'low'
  'medium'
  'high'
])
param minSeverity string = ''

// How it works

@description('How many users of one alert are worked on at the same time (EVICT_CONCURRENCY).')
@minValue(1)
@maxValue(64)
param concurrency int = 16

@description('How often a message is delivered before Service Bus dead-letters it. It is the queue\'s count and EVICT_MAX_DELIVERIES at once, so that the handler knows its last chance.')
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

@description('The least important log lines that are written (EVICT_LOG).')
@allowed([
  'error'
  'warn'
  'info'
  'debug'
])
param logLevel string = 'info'

var suffix = uniqueString(resourceGroup().id)
var name = '${namePrefix}-${suffix}'

// Every setting stands here, also where it is the handler's own default, so that the app's settings can be read in the
// portal without knowing the handler. An empty text counts as not set.
var settings = {
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
}

module workspace 'modules/workspace.bicep' = {
  name: 'workspace'
  params: {
    location: location
    name: name
    existingWorkspaceId: existingWorkspaceId
    retentionInDays: logRetentionDays
    tags: tags
  }
}

module applicationInsights 'modules/application-insights.bicep' = {
  name: 'application-insights'
  params: {
    location: location
    name: name
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    name: toLower(replace('${namePrefix}${suffix}', '-', ''))
    skuName: storageSku
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  name: 'service-bus'
  params: {
    location: location
    name: name
    skuName: serviceBusSku
    maxDeliveryCount: maxDeliveryCount
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    location: location
    name: name
    planName: '${name}-plan'
    storageAccountName: storage.outputs.name
    deploymentContainerUri: storage.outputs.deploymentContainerUri
    serviceBusNamespace: serviceBus.outputs.fullyQualifiedNamespace
    applicationInsightsConnectionString: applicationInsights.outputs.connectionString
    settings: settings
    alwaysReadyHttpInstances: alwaysReadyHttpInstances
    alwaysReadyQueueInstances: alwaysReadyQueueInstances
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    workspaceId: workspace.outputs.id
    tags: tags
  }
}

module appRoles 'modules/app-roles.bicep' = {
  name: 'app-roles'
  params: {
    principalId: functionApp.outputs.principalId
    serviceBusNamespaceName: serviceBus.outputs.name
    storageAccountName: storage.outputs.name
    applicationInsightsName: applicationInsights.outputs.name
  }
}

module senderRoles 'modules/sender-roles.bicep' = {
  name: 'sender-roles'
  params: {
    serviceBusNamespaceName: serviceBus.outputs.name
    applicationIds: senderApplicationIds
    groupIds: senderGroupIds
  }
}

module graphPermissions 'modules/graph-permissions.bicep' = if (grantGraphPermissions) {
  name: 'graph-permissions'
  params: {
    principalId: functionApp.outputs.principalId
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    functionAppName: functionApp.outputs.name
    serviceBusNamespaceName: serviceBus.outputs.name
    workspaceId: workspace.outputs.id
    applicationInsightsName: applicationInsights.outputs.name
    actionGroupId: actionGroupId
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    workspaceId: workspace.outputs.id
    applicationInsightsName: applicationInsights.outputs.name
    serviceBusNamespaceName: serviceBus.outputs.name
  }
}

@description('The name of the function app, to deploy the package to.')
output functionAppName string = functionApp.outputs.name

@description('The host name of the function app: https://<this>/api/revoke.')
output functionAppHostName string = functionApp.outputs.hostName

@description('The object id of the app\'s identity, to grant the Graph permissions to.')
output principalId string = functionApp.outputs.principalId

@description('The name of the Service Bus namespace.')
output serviceBusNamespaceName string = serviceBus.outputs.name

@description('The name of the Application Insights component.')
output applicationInsightsName string = applicationInsights.outputs.name

@description('The resource id of the workspace with the logs.')
output workspaceId string = workspace.outputs.id
