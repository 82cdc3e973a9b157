"""aio-pika by itself on a broker: one scenario per process, told as JSON lines (see ../README.md)."""

import asyncio
import datetime
from typing import Any, Awaitable, Callable, Dict, List

import aio_pika
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.exceptions import DeliveryError, MessageProcessError
from aio_pika.patterns import RPC

from scenario import URL, command, emit, start


async def next_command() -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, command)


async def connect() -> aio_pika.abc.AbstractRobustConnection:
    return await aio_pika.connect_robust(f"{URL}?reconnect_interval=0.2")


def death(headers: Dict[str, Any]) -> List[Dict[str, Any]]:
    return [{name: entry[name] for name in ("count", "reason", "queue", "exchange", "routing-keys")} for entry in headers["x-death"]]


async def robust_reconnect() -> None:
    """Exchange, queues, bindings, prefetch and consumers come back with the connection; each command publishes one message."""
    connection = await connect()
    reconnected = asyncio.Event()
    connection.reconnect_callbacks.add(lambda *_: reconnected.set())
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=5)
    events = await channel.declare_exchange("events", ExchangeType.TOPIC, auto_delete=True)
    stable = await channel.declare_queue("stable", durable=True)
    private = await channel.declare_queue("private", exclusive=True)
    for queue in (stable, private):
        await queue.bind(events, "number.#")

        async def received(message: aio_pika.abc.AbstractIncomingMessage, name: str = queue.name) -> None:
            async with message.process():
                emit("received", queue=name, body=message.body.decode())

        await queue.consume(received)
    emit("ready")
    while (line := await next_command()) != "end":
        if line == "reconnected":
            await reconnected.wait()
            reconnected.clear()
            emit("reconnected")
        else:
            await events.publish(Message(str(line).encode(), delivery_mode=DeliveryMode.PERSISTENT), f"number.{line}")
            emit("published", body=str(line))
    await connection.close()


async def confirms() -> None:
    connection = await connect()
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    await channel.declare_queue("inbox", durable=True)
    await asyncio.gather(*(channel.default_exchange.publish(Message(b"%d" % number, delivery_mode=2), "inbox") for number in range(500)))
    emit("confirmed", messages=(await channel.declare_queue("inbox", passive=True)).declaration_result.message_count)

    try:
        await channel.default_exchange.publish(Message(b"lost", message_id="lost"), "no.such.queue", mandatory=True)
    except DeliveryError as error:
        emit("returned", body=error.message.body.decode(), code=error.message.delivery.reply_code, text=error.message.delivery.reply_text)

    await channel.declare_queue("small", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    await channel.default_exchange.publish(Message(b"fits"), "small")
    try:
        await channel.default_exchange.publish(Message(b"does not fit"), "small")
    except DeliveryError as error:
        emit("nacked", by=type(error.frame).__name__)
    await connection.close()


async def rpc() -> None:
    """The library's own pattern: headers exchange, exclusive reply queue, returns, expired requests as dead letters."""
    connection = await connect()
    channel = await connection.channel()
    calls = await RPC.create(channel)

    async def double(*, number: int) -> int:
        return 2 * number

    async def fail() -> None:
        raise LookupError("no such user")

    await calls.register("double", double, auto_delete=True)
    await calls.register("fail", fail, auto_delete=True)
    emit("replies", numbers=await asyncio.gather(*(calls.call("double", {"number": number}) for number in range(50))))
    try:
        await calls.call("fail")
    except LookupError as error:
        emit("failed", message=str(error))
    try:
        await calls.call("unknown")
    except MessageProcessError as error:
        emit("unroutable", type=type(error).__name__)
    await channel.declare_queue("silent", auto_delete=True, arguments={"x-dead-letter-exchange": RPC.DLX_NAME})
    try:
        await calls.call("silent", expiration=0.1)
    except asyncio.TimeoutError:
        emit("expired")
    await calls.close()
    await connection.close()


async def priorities() -> None:
    connection = await connect()
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=1)
    queue = await channel.declare_queue("urgent", durable=True, arguments={"x-max-priority": 5})
    for number, priority in enumerate([1, 5, 3, 0, 5, 2]):
        await channel.default_exchange.publish(Message(f"{priority}-{number}".encode(), priority=priority), "urgent")
    taken = []
    async with queue.iterator() as messages:
        async for message in messages:
            async with message.process():
                taken.append(message.body.decode())
            if len(taken) == 6:
                break
    emit("taken", order=taken)

    first, second = asyncio.Queue(), asyncio.Queue()
    shared = await channel.declare_queue("shared")
    wide = await connection.channel()
    await wide.set_qos(prefetch_count=100)
    await (await wide.get_queue("shared")).consume(second.put, no_ack=True)
    await (await wide.get_queue("shared")).consume(first.put, no_ack=True, arguments={"x-priority": 10})
    for number in range(10):
        await channel.default_exchange.publish(Message(b"%d" % number), "shared")
    for _ in range(10):
        await first.get()
    emit("preferred", first=10, second=second.qsize())
    await shared.delete(if_unused=False)
    await connection.close()


async def transactions() -> None:
    connection = await connect()
    channel = await connection.channel(publisher_confirms=False)
    queue = await channel.declare_queue("ledger", durable=True)

    async def publish(body: bytes) -> None:
        await channel.default_exchange.publish(Message(body, delivery_mode=2), "ledger")

    async def bodies() -> List[str]:
        found = []
        while (message := await queue.get(no_ack=True, fail=False)) is not None:
            found.append(message.body.decode())
        return found

    async with channel.transaction():
        await publish(b"kept")
        await publish(b"kept too")
    emit("committed", bodies=await bodies())
    transaction = channel.transaction()
    await transaction.select()
    await publish(b"dropped")
    await transaction.rollback()
    emit("rolled_back", bodies=await bodies())
    await connection.close()


async def dead_letters() -> None:
    """Rejected, expired and overflown messages, and the headers that tell it."""
    connection = await connect()
    channel = await connection.channel()
    dlx = await channel.declare_exchange("dlx", ExchangeType.FANOUT)
    dead = await channel.declare_queue("dead")
    await dead.bind(dlx)
    to_dlx = {"x-dead-letter-exchange": "dlx"}

    async def letter() -> None:
        message = await dead.get(timeout=10, fail=False)
        while message is None:
            await asyncio.sleep(0.01)
            message = await dead.get(fail=False)
        await message.ack()
        headers = {name: value for name, value in message.headers.items() if name.startswith("x-first-death")}
        emit("dead", body=message.body.decode(), exchange=message.exchange, routing_key=message.routing_key, death=death(message.headers), first=headers)

    publish = channel.default_exchange.publish
    work = await channel.declare_queue("work", arguments=to_dlx)
    await publish(Message(b"rejected"), "work")
    await (await work.get()).reject(requeue=False)
    await letter()
    await channel.declare_queue("short", arguments={**to_dlx, "x-max-length": 1, "x-dead-letter-routing-key": "too.many"})
    await publish(Message(b"first"), "short")
    await publish(Message(b"second"), "short")
    await letter()
    await channel.declare_queue("brief", arguments={**to_dlx, "x-message-ttl": 20})
    await publish(Message(b"expired"), "brief")
    await letter()

    # The same message around twice: its count grows, its entry stays one.
    await channel.declare_queue("wait", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "again", "x-message-ttl": 20})
    again = await channel.declare_queue("again", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "wait"})
    await publish(Message(b"round"), "again")
    async with again.iterator() as messages:
        async for message in messages:
            if message.headers.get("x-death") and message.headers["x-death"][0]["count"] == 2:
                emit("rounds", death=death(message.headers))
                await message.ack()
                break
            await message.reject(requeue=False)
    await connection.close()


async def properties() -> None:
    """Every property and every type of header comes back as it was sent."""
    connection = await connect()
    channel = await connection.channel()
    queue = await channel.declare_queue(exclusive=True)
    when = datetime.datetime(2030, 1, 2, 3, 4, 5)
    headers = {
        "text": "ädà", "true": True, "small": 7, "negative": -40_000, "large": 2**40, "none": None, "time": when,
        "bytes": b"\x00\xff", "list": [1, "two", [3]], "table": {"a": {"b": 1}},
    }
    sent = Message(
        b"body", headers=headers, content_type="text/plain", content_encoding="utf-8", delivery_mode=2, priority=3, correlation_id="c",
        reply_to="r", expiration=60, message_id="m", timestamp=when, type="t", user_id="guest", app_id="a",
    )
    await channel.default_exchange.publish(sent, queue.name)
    message = await queue.get()
    await message.ack()
    differing = [name for name, value in headers.items() if message.headers.get(name) != value]
    names = "content_type content_encoding delivery_mode priority correlation_id reply_to expiration message_id timestamp type user_id app_id".split()
    differing += [name for name in names if getattr(message, name) != getattr(sent, name)]
    emit("mirrored", differing=differing, headers=len(message.headers))
    await connection.close()


SCENARIOS: List[Callable[[], Awaitable[None]]] = [robust_reconnect, confirms, rpc, priorities, transactions, dead_letters, properties]
start({scenario.__name__: lambda scenario=scenario: asyncio.run(scenario()) for scenario in SCENARIOS})
