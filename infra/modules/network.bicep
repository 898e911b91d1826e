// A network of Evict's own, for subscriptions whose policies deny public endpoints: the app sends from one subnet, and the storage
// account and the Service Bus namespace are reached in another by private endpoints.

import { tagsOfResources } from 'types.bicep'

@description('The region of the network.')
param location string

@description('What the names of its parts begin with.')
param name string

@description('The addresses of the network, in CIDR notation: 128 of them or more.')
param addressPrefix string

@description('Tags of each part.')
param tags tagsOfResources

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: '${name}-network'
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

@description('The resource id of the subnet that the app sends from.')
output appSubnetId string = network.properties.subnets[0].id

@description('The resource id of the subnet of the private endpoints.')
output endpointSubnetId string = network.properties.subnets[1].id

@description('The resource id of the network.')
output networkId string = network.id
