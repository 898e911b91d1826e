// Whose identity the app uses if it gets one that exists already, in any group or subscription.

@description('The resource id of the user-assigned identity.')
param identityId string

// /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>
var parts = split(identityId, '/')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  scope: resourceGroup(parts[2], parts[4])
  name: parts[8]
}

@description('The application id of the identity (EVICT_CLIENT_ID).')
output clientId string = identity.properties.clientId

@description('The object id of the identity.')
output principalId string = identity.properties.principalId
