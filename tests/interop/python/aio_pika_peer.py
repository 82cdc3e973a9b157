"""A service that uses clients/python/rabbitmq_client.py: one role per process, driven over stdin and stdout (see ../README.md)."""

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, AsyncIterator

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "clients" / "python"))

from rabbitmq_client import PublishFailed, RabbitMQClient, RpcError, RpcTimeout  # noqa: E402


def emit(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


async def lines() -> AsyncIterator[Any]:
    """What the test sends, until it closes stdin."""
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def until_eof() -> None:
    async for _ in lines():
        pass


async def publish(client: RabbitMQClient, options: argparse.Namespace) -> None:
    emit("ready")
    async for line in lines():
        try:
            message_id = await client.publish_message(
                exchange=line.get("exchange", options.exchange), routing_key=line.get("routing_key", options.routing_key), message=line["body"]
            )
            emit("published", message_id=message_id)
        except PublishFailed as error:
            emit("error", type=error.reason, message=str(error))


async def consume(client: RabbitMQClient, options: argparse.Namespace) -> None:
    async def handle(body: Any) -> None:
        if isinstance(body, dict) and body.get("fail"):
            raise ValueError("the test asked for a failure")
        emit("message", body=body)

    await client.consume_messages(queue=options.queue, callback=handle, exchange=options.exchange, routing_key=options.routing_key)
    emit("ready")
    await until_eof()


async def rpc_call(client: RabbitMQClient, options: argparse.Namespace) -> None:
    emit("ready")
    async for line in lines():
        try:
            emit("reply", body=await client.rpc_call(queue=options.queue, message=line["body"], timeout=line.get("timeout", options.timeout)))
        except RpcTimeout as error:
            emit("error", type="timeout", message=str(error))
        except RpcError as error:
            emit("error", type=error.type, message=error.message)


async def rpc_serve(client: RabbitMQClient, options: argparse.Namespace) -> None:
    async def handle(request: Any) -> Any:
        emit("request", body=request)
        user_id = request["user_id"]
        if user_id == 0:
            await asyncio.Event().wait()  # Never answers: the caller's timeout is tested.
        if user_id < 0:
            raise LookupError(f"no user {user_id}")
        return {"user_id": user_id, "username": "ada"}

    await client.setup_rpc_server(queue=options.queue, handler=handle)
    emit("ready")
    await until_eof()


async def listen(client: RabbitMQClient, options: argparse.Namespace) -> None:
    async def forward(updates: Any) -> None:
        async for body in updates:
            emit("message", body=body)

    async with client.listen(options.exchange, options.routing_key) as updates:
        forwarding = asyncio.ensure_future(forward(updates))
        emit("ready")
        await until_eof()
        forwarding.cancel()


ROLES = {"publish": publish, "consume": consume, "rpc-call": rpc_call, "rpc-serve": rpc_serve, "listen": listen}


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=sorted(ROLES))
    parser.add_argument("--queue")
    parser.add_argument("--exchange")
    parser.add_argument("--routing-key")
    parser.add_argument("--timeout", type=float, default=10)
    options = parser.parse_args()
    logging.basicConfig(level=os.environ.get("PEER_LOG_LEVEL", "WARNING"), stream=sys.stderr)
    client = RabbitMQClient(name="aio-pika peer", shutdown_timeout=1)
    await client.connect()
    try:
        await ROLES[options.role](client, options)
    finally:
        await client.close()


asyncio.run(main())
