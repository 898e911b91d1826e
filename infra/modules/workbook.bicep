// The workbook of infra/workbook.json, as a resource: who was cut, what was withheld, how long it took, what waits for a person.
// What is written <like-this> in the file is put in here; everything else stands there as it is deployed.

import { tagsOfResources } from 'types.bicep'

@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags tagsOfResources

@description('Resource id of the Log Analytics workspace that holds the Application Insights tables.')
param workspaceId string

@description('Whether Microsoft Sentinel is on that workspace: the workbook then stands among Sentinel\'s.')
param workspaceHasSentinel bool

@description('Name of the Application Insights component whose rows are shown.')
param applicationInsightsName string

@description('Name of the Service Bus namespace in this resource group.')
param serviceBusNamespaceName string

resource serviceBus 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusNamespaceName
}

var withWorkspace = replace(loadTextContent('../workbook.json'), '<workspace-id>', workspaceId)
var withComponent = replace(withWorkspace, '<application-insights-name>', applicationInsightsName)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // The name of a workbook has to be a GUID: the same for every deployment of one Evict, so that it is updated in place, and
  // another one for a second Evict in this group.
  name: guid(resourceGroup().id, applicationInsightsName, 'evict-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Evict'
    description: 'Who was cut, what was withheld, how long it took, and what waits for a person.'
    category: workspaceHasSentinel ? 'sentinel' : 'workbook'
    sourceId: workspaceId
    version: 'Notebook/1.0'
    serializedData: replace(withComponent, '<service-bus-namespace-id>', serviceBus.id)
  }
}

@description('Resource id of the workbook.')
output workbookId string = workbook.id
