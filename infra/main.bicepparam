// The parameters of one Evict, for `az deployment group create` and for `azd up`. Keep it, with your values, where your other
// deployments are kept: every deployment decides by what stands here.
//
// az deployment group create --resource-group <group> --name evict --parameters infra/main.bicepparam
//
// What is read from the environment can be written here instead. Lists are separated by commas there.

using 'main.bicep'

// A first week in which nothing is cut and everything is reported; then 'enforce'.
param mode = 'observe'

// The break-glass accounts, by object id or user principal name, and the group that holds them.
var protectedUserNames = readEnvironmentVariable('PROTECTED_USERS', '')
param protectedUsers = empty(protectedUserNames) ? [] : split(protectedUserNames, ',')

var protectedGroupIds = readEnvironmentVariable('PROTECTED_GROUPS', '')
param protectedGroups = empty(protectedGroupIds) ? [] : split(protectedGroupIds, ',')

// Who may ask over HTTP, by object id or application id, with tokens for which audience. A package that takes Entra tokens does
// not start without both.
param httpAudience = readEnvironmentVariable('HTTP_AUDIENCE', '')

var callers = readEnvironmentVariable('ALLOWED_CALLERS', '')
param allowedCallers = empty(callers) ? [] : split(callers, ',')

// Who may put alerts on the queue, by object id.
var senders = readEnvironmentVariable('SENDERS', '')
param senderApplicationIds = empty(senders) ? [] : split(senders, ',')

// The SOC's own workspace, and whether Microsoft Sentinel is on it.
param existingWorkspaceId = readEnvironmentVariable('WORKSPACE_ID', '')
param workspaceHasSentinel = bool(readEnvironmentVariable('WORKSPACE_HAS_SENTINEL', 'false'))

// Who is notified when an alert rule fires. Without one nobody is.
param actionGroupId = readEnvironmentVariable('ACTION_GROUP_ID', '')

// How `azd deploy` finds the app.
param appTags = {
  'azd-service-name': 'evict'
}
