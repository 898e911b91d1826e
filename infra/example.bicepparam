// What a first week looks like: nothing is cut, everything is reported. Copy it, and fill in the ids.
//
// az deployment group create --resource-group <group> --parameters infra/example.bicepparam

using 'main.bicep'

param mode = 'observe'

// The break-glass accounts, by object id or user principal name, and the group that holds them.
param protectedUsers = []
param protectedGroups = []

// One instance waits for alerts, so that none waits for a cold start.
param alwaysReadyQueueInstances = 1

// The SOC's own workspace, if there is one.
param existingWorkspaceId = ''

// The playbooks' identities: by the queue, by HTTP, or both.
param senderApplicationIds = []
param httpAudience = ''
param allowedCallers = []
