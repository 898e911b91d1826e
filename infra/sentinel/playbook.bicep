// One playbook: a Logic App (Consumption) with an identity of its own, so that each may do only what it needs.

@description('Name of the playbook, as analysts see it.')
param name string

@description('Region of the playbook.')
param location string

@description('The workflow definition, from playbooks/*.json.')
param definition object

@description('The value of $connections, from connection.bicep.')
param connections object

@description('The other parameters of the definition: each name with an object that has its value.')
param values object

resource playbook 'Microsoft.Logic/workflows@2019-05-01' = {
  name: name
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    state: 'Enabled'
    definition: definition
    parameters: union(values, {
      '$connections': {
        value: connections
      }
    })
  }
}

@description('Resource id, for an automation rule.')
output id string = playbook.id

@description('Object id of the identity, for role assignments and EVICT_ALLOWED_CALLERS.')
output principalId string = playbook.identity.principalId
