// Lets the playbooks read, comment on and tag incidents of the workspace. To be deployed in the resource group of the workspace.

@description('Name of the Log Analytics workspace with Microsoft Sentinel.')
param workspaceName string

@description('Object id of the identity of the playbook to-the-queue.')
param toTheQueue string

@description('Object id of the identity of the playbook ask-and-comment.')
param askAndComment string

@description('Object id of the identity of the playbook revoke-entity.')
param revokeEntity string

// Microsoft Sentinel Responder: the least built-in role that may write incidents (Microsoft.SecurityInsights/incidents/*).
var responderRoleId = '3e150937-b8fe-4cfb-8069-0eaf05ecd056'

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in [toTheQueue, askAndComment, revokeEntity]: {
    name: guid(workspace.id, principalId, responderRoleId)
    scope: workspace
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', responderRoleId)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: 'An Evict playbook comments on incidents and tags them.'
    }
  }
]
