// The same job as a custom handler in JavaScript, written as a user would write it with Microsoft's own SDKs.
//
// It reads the invocation, takes the accounts out of a Sentinel incident, and for each: finds the user, revokes the sessions,
// reads back, and says so in the answer. It guards nothing, retries what the SDK retries, and keeps no promise beyond that.
//
// With `--parse FILE SECONDS` it measures only how fast it reads an incident.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { ManagedIdentityCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

// How many users are worked on at the same time, whatever the number of alerts: more would only wait for each other.
const CONCURRENCY = 16;
const GRAPH = "https://graph.microsoft.com";
const READ = ["id", "userPrincipalName", "signInSessionsValidFromDateTime"];

function connect() {
  // The Graph client gives tokens to https addresses of Graph only. It keeps believing that it talks to one: only the
  // bytes go elsewhere.
  const realFetch = globalThis.fetch;
  const endpoint = process.env.EVICT_GRAPH_ENDPOINT;
  globalThis.fetch = (url, options) => realFetch(String(url).replace(GRAPH, endpoint), options);
  const credential = new ManagedIdentityCredential();
  const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: [`${GRAPH}/.default`] });
  return Client.initWithMiddleware({ authProvider });
}

/** The users whom a Sentinel incident names: by object id, else by name. */
function accounts(message) {
  return JSON.parse(message)
    .object.properties.relatedEntities.filter((entity) => entity.kind === "Account")
    .map(({ properties }) => properties.aadUserId ?? `${properties.accountName}@${properties.upnSuffix}`);
}

async function revoke(graph, name) {
  const user = await graph.api(`/users/${name}`).select(READ).get();
  await graph.api(`/users/${user.id}/revokeSignInSessions`).post();
  const after = await graph.api(`/users/${user.id}`).select(READ).get();
  return {
    user: user.userPrincipalName,
    before: user.signInSessionsValidFromDateTime,
    after: after.signInSessionsValidFromDateTime,
  };
}

let free = CONCURRENCY;
const waiting = [];

async function inTurn(work) {
  if (free > 0) free--;
  else await new Promise((go) => waiting.push(go));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function serve() {
  const graph = connect();
  const server = createServer(async (request, response) => {
    if (request.method === "GET") {
      response.end();
      return;
    }
    try {
      const invocation = JSON.parse(await bodyOf(request));
      // The host writes a text as its JSON text.
      const names = accounts(JSON.parse(invocation.Data.message));
      const receipts = await Promise.all(names.map((name) => inTurn(() => revoke(graph, name))));
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ Outputs: { receipts }, Logs: [], ReturnValue: null }));
    } catch (error) {
      console.error(error);
      response.statusCode = 500;
      response.end();
    }
  });
  server.listen(Number(process.env.FUNCTIONS_CUSTOMHANDLER_PORT), "127.0.0.1");
}

function measureParsing(path, seconds) {
  const body = readFileSync(path);
  const times = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const began = performance.now();
    accounts(body.toString("utf8"));
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  console.log(body.length / times[times.length >> 1] / 1000);
}

if (process.argv[2] === "--parse") {
  measureParsing(process.argv[3], Number(process.argv[4]));
} else {
  serve();
}
