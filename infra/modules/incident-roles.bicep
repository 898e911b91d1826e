// Lets the app write comments on the incidents of one workspace. Deployed in the workspace's own group and subscription.

@description('Name of the Log Analytics workspace with Microsoft Sentinel.')
param workspaceName string

@description('The object id of the app\'s identity.')
param principalId string

// Microsoft Sentinel Responder: the least built-in role that may write incidents (Microsoft.SecurityInsights/incidents/*).
var responder = '3e150937-b8fe-4cfb-8069-0eaf05ecd056'

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource writesIncidents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, principalId, responder)
  scope: workspace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', responder)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'Evict: writes into incidents what it did'
  }
}
