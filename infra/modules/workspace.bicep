// The Log Analytics workspace that holds logs and the audit of who used what. With `existingWorkspaceId` no
// workspace is made, and everything goes to that one, in any group or subscription: a SOC keeps Evict's log where
// its other logs are.

import { tagsOfResources } from 'types.bicep'

@description('The region of the workspace.')
param location string

@description('The name of the workspace to make.')
param name string

@description('The resource id of a workspace to use instead; empty makes one.')
param existingWorkspaceId string

@description('For how many days a workspace that is made here keeps its logs.')
@minValue(30)
@maxValue(730)
param retentionInDays int

@description('Tags of the workspace.')
param tags tagsOfResources

// /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.OperationalInsights/workspaces/<name>
var parts = split(
  empty(existingWorkspaceId) ? resourceId('Microsoft.OperationalInsights/workspaces', name) : existingWorkspaceId,
  '/'
)

resource given 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = if (!empty(existingWorkspaceId)) {
  scope: resourceGroup(parts[2], parts[4])
  name: parts[8]
}

resource made 'Microsoft.OperationalInsights/workspaces@2026-03-01' = if (empty(existingWorkspaceId)) {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionInDays
    features: {
      // Who may read a resource may read that resource's logs, and no others.
      enableLogAccessUsingOnlyResourcePermissions: true
      // Logs come by Azure's own pipeline and by Entra tokens; the workspace's shared keys are not used.
      disableLocalAuth: true
    }
  }
}

@description('The resource id of the workspace in use.')
output id string = empty(existingWorkspaceId) ? made.id : existingWorkspaceId

// A log alert rule has to be where the workspace is that it reads.
@description('The region of the workspace in use.')
output location string = empty(existingWorkspaceId) ? location : given!.location
