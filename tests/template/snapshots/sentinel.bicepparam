// Playbooks in a group of their own, the workspace and Evict each in another subscription.
using '../../../infra/sentinel/main.bicep'

param tags = { owner: 'soc' }
param workspaceName = 'contoso-soc'
param workspaceResourceGroup = 'soc'
param workspaceSubscriptionId = '33333333-3333-4333-8333-333333333333'
param functionAppHostName = 'evict-contoso.azurewebsites.net'
param httpAudience = 'api://6cace4d5-19d5-4695-92e7-000000000003'
param serviceBusNamespaceName = 'evict-contoso'
param serviceBusResourceGroup = 'evict'
param serviceBusSubscriptionId = '44444444-4444-4444-8444-444444444444'
param azureSecurityInsightsObjectId = '6cace4d5-19d5-4695-92e7-000000000006'
param analyticsRuleIds = ['/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/contoso-soc/providers/Microsoft.SecurityInsights/alertRules/6cace4d5-19d5-4695-92e7-000000000007']
param severities = ['High', 'Medium']
param actionGroupId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/soc/providers/Microsoft.Insights/actionGroups/oncall'
