// The Graph permissions of the function app's identity, as app role assignments on Microsoft Graph. Which ones they are
// stands in graph-permissions.json alone. A template of its own, so that main.bicep needs neither this extension nor the
// registry that it comes from, and so that `what-if`, which does not know the extension, works there.
//
// az deployment group create --resource-group <group> --template-file infra/graph-permissions.bicep --parameters principalId=<id>
//
// Who deploys this needs the Entra role Privileged Role Administrator (a deployment's own rights in Azure are not enough:
// who may grant app roles may grant any), and Bicep 0.36.1 or later. grant-graph-permissions does the same by az alone.

targetScope = 'resourceGroup'

extension microsoftGraphV1

@description('The object id of the identity of the function app, an output of main.bicep.')
@minLength(36)
@maxLength(36)
param principalId string

var permissions = loadJsonContent('graph-permissions.json')

// The service principal of Microsoft Graph in this tenant; its application id is the same in every tenant.
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    principalId: principalId
    resourceId: graph.id
    appRoleId: permission.id
  }
]
