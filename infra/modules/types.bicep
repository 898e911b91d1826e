// The shapes of parameters that more than one file asks for, so that the compiler finds a slip of the hand.

@export()
@description('An object id, an application id or another identifier of Entra ID.')
@minLength(36)
@maxLength(36)
type guidText = string

@export()
@description('Tags of a resource: each name with its text.')
type tagsOfResources = {
  *: string
}

@export()
@description('What is written to an app setting: each name with its text.')
type appSettings = {
  *: string
}

@export()
@description('A severity of Microsoft Sentinel, as it is written there.')
type sentinelSeverity = 'High' | 'Medium' | 'Low' | 'Informational'

// Letters and digits, hyphens between them, a letter first: what a Service Bus namespace, a web site and, without the hyphens, a
// storage account take ("Naming rules and restrictions for Azure resources").
@export()
@description('The prefix, if the names of all resources may begin with it. Otherwise the deployment ends with a sentence that says so.')
func checkedPrefix(prefix string) string =>
  empty(filter(
      map(range(0, length(prefix)), at => substring(prefix, at, 1)),
      letter => !contains('abcdefghijklmnopqrstuvwxyz0123456789-', toLower(letter))
    )) && contains('abcdefghijklmnopqrstuvwxyz', toLower(substring(prefix, 0, 1))) && !endsWith(prefix, '-')
    ? prefix
    : fail('namePrefix is "${prefix}": it has to begin with a letter from a to z, to go on with such letters, digits and hyphens, and not to end with a hyphen.')
