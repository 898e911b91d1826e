// The Graph permissions of the function app's identity, as app role assignments on Microsoft Graph. Which ones they are
// stands in ../graph-permissions.json alone.
//
// Who deploys this needs the Entra role Privileged Role Administrator (a deployment's own rights in Azure are not enough:
// whoever may grant app roles may grant any). Where that is another person, main.bicep leaves this out, and that person
// runs ../grant-graph-permissions or deploys this file by itself.

extension microsoftGraphV1

@description('The object id of the identity of the function app.')
param principalId string

var permissions = loadJsonContent('../graph-permissions.json')

// The service principal of Microsoft Graph in this tenant; its application id is the same in every tenant.
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for permission in permissions: {
  principalId: principalId
  resourceId: graph.id
  appRoleId: permission.id
}]
