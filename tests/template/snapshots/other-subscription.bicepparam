// The log goes to a workspace of another subscription.
using '../../../infra/main.bicep'

param mode = 'observe'
param protectedUsers = ['breakglass@contoso.com']
param existingWorkspaceId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc'
