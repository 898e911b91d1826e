// Lets one playbook read, comment on and tag incidents of the workspace.

@description('Name of the Log Analytics workspace with Microsoft Sentinel.')
param workspaceName string

@description('Object id of the playbook\'s identity.')
param principalId string

// Microsoft Sentinel Responder: the least built-in role that may write incidents (Microsoft.SecurityInsights/incidents/*).
var responderRoleId = '3e150937-b8fe-4cfb-8069-0eaf05ecd056'

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, principalId, responderRoleId)
  scope: workspace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', responderRoleId)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'An Evict playbook comments on incidents and tags them.'
  }
}
