"""The same job as a custom handler in Python, written as a user would write it with Microsoft's own SDKs.

It reads the invocation, takes the accounts out of a Sentinel incident, and for each: finds the user, revokes the sessions,
reads back, and says so in the answer. It guards nothing, retries what the SDK retries, and keeps no promise beyond that.

With `--parse FILE SECONDS` it measures only how fast it reads an incident.
"""

import asyncio
import json
import os
import statistics
import sys
import time

from aiohttp import web
from azure.identity.aio import ManagedIdentityCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder

# How many users are worked on at the same time, whatever the number of alerts: more would only wait for each other.
CONCURRENCY = 16

Parameters = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters
READ = UserItemRequestBuilder.UserItemRequestBuilderGetRequestConfiguration(
    query_parameters=Parameters(
        select=["id", "userPrincipalName", "signInSessionsValidFromDateTime"]
    )
)


def client() -> GraphServiceClient:
    endpoint = os.environ["EVICT_GRAPH_ENDPOINT"]
    provider = AzureIdentityAuthenticationProvider(
        ManagedIdentityCredential(),
        scopes=["https://graph.microsoft.com/.default"],
        allowed_hosts=["127.0.0.1"],
    )
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{endpoint}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def accounts(message: str) -> list[str]:
    """The users whom a Sentinel incident names: by object id, else by name."""
    incident = json.loads(message)
    names = []
    for entity in incident["object"]["properties"]["relatedEntities"]:
        if entity["kind"] == "Account":
            account = entity["properties"]
            name = account.get("aadUserId") or f"{account['accountName']}@{account['upnSuffix']}"
            names.append(name)
    return names


async def revoke(graph: GraphServiceClient, limit: asyncio.Semaphore, name: str) -> dict:
    async with limit:
        user = await graph.users.by_user_id(name).get(READ)
        same = graph.users.by_user_id(user.id)
        await same.revoke_sign_in_sessions.post()
        after = await same.get(READ)
        return {
            "user": user.user_principal_name,
            "before": str(user.sign_in_sessions_valid_from_date_time),
            "after": str(after.sign_in_sessions_valid_from_date_time),
        }


async def revoke_from_queue(request: web.Request) -> web.Response:
    invocation = await request.json()
    # The host writes a text as its JSON text.
    names = accounts(json.loads(invocation["Data"]["message"]))
    graph, limit = request.app[GRAPH], request.app[LIMIT]
    receipts = await asyncio.gather(*(revoke(graph, limit, name) for name in names))
    return web.json_response({"Outputs": {"receipts": receipts}, "Logs": [], "ReturnValue": None})


async def ready(_: web.Request) -> web.Response:
    return web.Response()


GRAPH: web.AppKey[GraphServiceClient] = web.AppKey("graph", GraphServiceClient)
LIMIT: web.AppKey[asyncio.Semaphore] = web.AppKey("limit", asyncio.Semaphore)


def serve() -> None:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_get("/", ready)
    app.router.add_post("/RevokeFromQueue", revoke_from_queue)

    async def connect(app: web.Application) -> None:
        app[GRAPH] = client()
        app[LIMIT] = asyncio.Semaphore(CONCURRENCY)

    app.on_startup.append(connect)
    port = int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def measure_parsing(path: str, seconds: float) -> None:
    with open(path, "rb") as file:
        body = file.read()
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        accounts(body.decode())
        times.append(time.perf_counter() - began)
    print(len(body) / statistics.median(times) / 1e6)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--parse"]:
        measure_parsing(sys.argv[2], float(sys.argv[3]))
    else:
        serve()
