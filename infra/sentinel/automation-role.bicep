// Lets Microsoft Sentinel itself start the playbooks of this resource group from automation rules.

@description('Object id of the service principal Azure Security Insights in this tenant.')
param azureSecurityInsightsObjectId string

// Microsoft Sentinel Automation Contributor: may call the trigger of a playbook, and no more.
var automationContributorRoleId = 'f4c81013-99ee-4d62-a7ee-b3f1f648599a'

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, azureSecurityInsightsObjectId, automationContributorRoleId)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', automationContributorRoleId)
    principalId: azureSecurityInsightsObjectId
    principalType: 'ServicePrincipal'
    description: 'Microsoft Sentinel starts the Evict playbooks from automation rules.'
  }
}
