// Microsoft's own client of Microsoft Sentinel (@azure/arm-securityinsight) reads and writes an incident of the sandbox as it would in
// Azure: status, entities, comments and labels. It knows no tasks. If it cannot, the sandbox is wrong.
//
// Reads IDENTITY_ENDPOINT and IDENTITY_HEADER (by the SDK itself), SANDBOX_ARM_ENDPOINT and SANDBOX_INCIDENT, the incident's resource
// id. Prints one JSON document.

import { ManagedIdentityCredential } from "@azure/identity";
import { SecurityInsights } from "@azure/arm-securityinsight";

const ARM = "https://management.azure.com";
const [, , subscription, , group, , , , workspace, , , , name] = process.env.SANDBOX_INCIDENT.split("/");
const COMMENT = "5d0c1f7e-6a3b-4d52-9b0e-2f8a7c4e1d90";

const client = new SecurityInsights(new ManagedIdentityCredential(), subscription, { apiVersion: "2025-09-01" });
// The client signs requests to https addresses alone. It keeps believing that it sends one: only the bytes go elsewhere.
client.pipeline.addPolicy(
  {
    name: "sandbox",
    sendRequest: (request, next) => {
      request.url = request.url.replace(ARM, process.env.SANDBOX_ARM_ENDPOINT);
      request.allowInsecureConnection = true;
      return next(request);
    },
  },
  { afterPhase: "Sign" },
);

const at = [group, workspace];
const refusal = (error) => ({ statusCode: error.statusCode, code: error.code, message: error.message });
const report = {};

report.incident = await client.incidents.get(...at, name);
report.entities = await client.incidents.listEntities(...at, name);

report.commentsBefore = [];
for await (const comment of client.incidentComments.list(...at, name)) {
  report.commentsBefore.push(comment);
}
await client.incidentComments.createOrUpdate(...at, name, COMMENT, { message: "first" });
report.comment = await client.incidentComments.createOrUpdate(...at, name, COMMENT, { message: "second" });
report.comments = [];
for await (const comment of client.incidentComments.list(...at, name)) {
  report.comments.push(comment.message);
}

const before = await client.incidents.get(...at, name);
const labelled = { ...before, labels: [...before.labels, { labelName: "judged" }] };
report.labelled = await client.incidents.createOrUpdate(...at, name, labelled);
try {
  // Under the ETag that was read before the label was added.
  await client.incidents.createOrUpdate(...at, name, { ...labelled, labels: [] });
} catch (error) {
  report.overtaken = refusal(error);
}
report.after = await client.incidents.get(...at, name);

try {
  await client.incidents.get(...at, "00000000-0000-4000-8000-000000000000");
} catch (error) {
  report.notFound = refusal(error);
}

console.log(JSON.stringify(report));
