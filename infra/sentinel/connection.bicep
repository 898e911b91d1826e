// The connection by which the playbooks speak to Microsoft Sentinel: their trigger, their comments and tags. It holds no
// account of its own; each playbook uses it under its own identity.

import { tagsOfResources } from '../modules/types.bicep'

@description('Name of the connection.')
param name string

@description('Region of the playbooks. A connection has to be where they are.')
param location string

@description('Tags of the connection.')
param tags tagsOfResources

var sentinelApi = subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'azuresentinel')

// The published type lacks `kind` and `parameterValueType` (Azure/bicep-types-az issues 2197 and 2715), and without them the
// connection would ask a person to sign in ("Authenticate access and connections to Azure resources with managed
// identities in Azure Logic Apps", API connections in templates).
resource connection 'Microsoft.Web/connections@2016-06-01' = {
  name: name
  location: location
  tags: tags
  #disable-next-line BCP187
  kind: 'V1'
  properties: {
    displayName: name
    api: {
      id: sentinelApi
    }
    #disable-next-line BCP037
    parameterValueType: 'Alternative'
  }
}

@description('What a workflow needs as the value of its parameter $connections.')
#disable-next-line use-user-defined-types // it is what the connector asks for
output connections object = {
  azuresentinel: {
    connectionId: connection.id
    connectionName: connection.name
    id: sentinelApi
    connectionProperties: {
      authentication: {
        type: 'ManagedServiceIdentity'
      }
    }
  }
}
