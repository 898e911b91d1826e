// Application Insights, where the Functions host writes traces and requests. It takes data only from callers with an
// Entra token: the key within the connection string alone lets nobody write.

import { tagsOfResources } from 'types.bicep'

@description('The region of the component.')
param location string

@description('The name of the component.')
param name string

@description('The resource id of the workspace that holds the data.')
param workspaceId string

@description('Tags of the component.')
param tags tagsOfResources

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    DisableLocalAuth: true
  }
}

@description('The name of the component.')
output name string = component.name

@description('Where data is sent. It holds no secret: without an Entra token the service refuses data.')
output connectionString string = component.properties.ConnectionString
