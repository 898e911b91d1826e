// A SOC that already lets Microsoft Sentinel start the playbooks of this group, and gives the queue's role itself.
using '../../../infra/sentinel/main.bicep'

param workspaceName = 'contoso-soc'
param functionAppHostName = 'evict-contoso.azurewebsites.net'
param httpAudience = 'api://6cace4d5-19d5-4695-92e7-000000000003'
param serviceBusNamespaceName = 'evict-contoso'
param serviceBusResourceGroup = 'evict'
param grantSentinelAutomation = false
param grantQueueSender = false
