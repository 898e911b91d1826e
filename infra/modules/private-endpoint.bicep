// One private endpoint: the service is reached at an address of the network, and its name leads there.

import { tagsOfResources } from 'types.bicep'

@description('The region of the endpoint, which is that of its subnet.')
param location string

@description('The name of the endpoint.')
param name string

@description('The resource id of what is reached by it.')
param targetId string

@description('Which part of it: blob of a storage account, namespace of Service Bus.')
param part 'blob' | 'namespace'

@description('The private zone of its names, such as privatelink.servicebus.windows.net.')
param zoneName string

@description('The resource id of the subnet.')
param subnetId string

@description('The resource id of the network that looks names up in the zone.')
param networkId string

@description('Tags of each part.')
param tags tagsOfResources

// Zones and their links have no region.
var everywhere = 'global'

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zoneName
  location: everywhere
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: name
    location: everywhere
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: networkId
      }
    }
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: name
        properties: {
          privateLinkServiceId: targetId
          groupIds: [
            part
          ]
        }
      }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: part
          properties: {
            privateDnsZoneId: zone.id
          }
        }
      ]
    }
  }
}
