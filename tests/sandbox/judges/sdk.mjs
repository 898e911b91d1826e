// Microsoft's own SDKs use the sandbox as they would use Azure: the managed identity credential of @azure/identity takes a
// token from the identity endpoint, and the Graph client calls Graph. If they cannot, the sandbox is wrong.
//
// Reads IDENTITY_ENDPOINT and IDENTITY_HEADER (by the SDK itself) and SANDBOX_GRAPH_ENDPOINT. Prints one JSON document.

import { ManagedIdentityCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const GRAPH = "https://graph.microsoft.com";
const SCOPE = `${GRAPH}/.default`;
const PROTECTED_GROUP = "f448435d-3ca7-4073-8152-a1fd73c0fd09";

// The Graph client gives tokens to https addresses of Graph only. It keeps believing that it talks to one: only the
// bytes go elsewhere.
const realFetch = globalThis.fetch;
globalThis.fetch = (url, options) =>
  realFetch(String(url).replace(GRAPH, process.env.SANDBOX_GRAPH_ENDPOINT), options);

const report = {};

const credential = new ManagedIdentityCredential();
const token = await credential.getToken(SCOPE);
report.tokenLivesSeconds = Math.round((token.expiresOnTimestamp - Date.now()) / 1000);

const client = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [SCOPE] }),
});

const alice = await client
  .api("/users/alice@contoso.com")
  .select(["id", "userPrincipalName", "signInSessionsValidFromDateTime"])
  .get();
report.user = alice;

const found = await client
  .api("/users")
  .header("ConsistencyLevel", "eventual")
  .filter("onPremisesSamAccountName eq 'svc_backup'")
  .count(true)
  .select("userPrincipalName")
  .get();
report.found = found.value.map((user) => user.userPrincipalName);

const groups = await client
  .api("/users/break.glass@contoso.onmicrosoft.com/checkMemberGroups")
  .post({ groupIds: [PROTECTED_GROUP] });
report.groups = groups.value;

report.revoked = await client.api(`/users/${alice.id}/revokeSignInSessions`).post();
const after = await client.api(`/users/${alice.id}`).select("signInSessionsValidFromDateTime").get();
report.validFrom = after.signInSessionsValidFromDateTime;

// The caller has put a fault on Bob: throttled once, with Retry-After.
const started = Date.now();
report.throttled = await client.api("/users/bob.stone@contoso.com/revokeSignInSessions").post();
report.throttledMilliseconds = Date.now() - started;

try {
  await client.api("/users/nobody@contoso.com").get();
} catch (error) {
  report.notFound = { statusCode: error.statusCode, code: error.code, requestId: error.requestId };
}

try {
  const stranger = new ManagedIdentityCredential("00000000-0000-0000-0000-000000000001");
  await stranger.getToken(SCOPE);
} catch (error) {
  report.strangerRefused = error.name;
}

console.log(JSON.stringify(report));
