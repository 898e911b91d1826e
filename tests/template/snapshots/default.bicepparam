// What has to be said, and nothing else.
using '../../../infra/main.bicep'

param mode = 'observe'
param protectedUsers = []
