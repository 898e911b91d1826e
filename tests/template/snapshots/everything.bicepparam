// Every option that makes something, and lists with an id that stands in them twice.
using '../../../infra/main.bicep'

param mode = 'enforce'
param protectedUsers = ['breakglass@contoso.com', '6cace4d5-19d5-4695-92e7-000000000001']
param protectedGroups = ['6cace4d5-19d5-4695-92e7-000000000002']
param tags = { owner: 'soc' }
param appTags = { 'azd-service-name': 'evict' }
param namePrefix = 'Ev-Contoso'
param alwaysReadyHttpInstances = 2
param alwaysReadyQueueInstances = 2
param zoneRedundant = true
param siteUpdateStrategy = 'RollingUpdate'
param storageSku = 'Standard_ZRS'
param serviceBusSku = 'Premium'
param privateNetworking = true
param networkAddressPrefix = '10.90.1.0/25'
param callerRanges = ['LogicApps', '203.0.113.0/24']
param isolateAdminEndpoints = true
param userAssignedIdentityId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/evict'
param existingWorkspaceId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc'
param workspaceHasSentinel = true
param sentinelWorkspaceIds = [existingWorkspaceId, '/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/soc-eu/providers/Microsoft.OperationalInsights/workspaces/contoso-eu']
param actionGroupId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/soc/providers/Microsoft.Insights/actionGroups/oncall'
param functionAppLogs = true
param auditStorageReads = true
param httpAudience = 'api://6cace4d5-19d5-4695-92e7-000000000003'
param allowedCallers = ['6cace4d5-19d5-4695-92e7-000000000004', '6cace4d5-19d5-4695-92e7-000000000005']
param senderApplicationIds = [
  '6cace4d5-19d5-4695-92e7-00000000000a'
  '6CACE4D5-19D5-4695-92E7-00000000000A'
]
param senderGroupIds = [
  '6cace4d5-19d5-4695-92e7-00000000000b'
  '6cace4d5-19d5-4695-92e7-00000000000A'
]
