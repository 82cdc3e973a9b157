"""One shared RabbitMQ client for asyncio services: events, request/response and live updates.

Copy this file into a service. It needs only aio-pika (8.2.5 or 9.x) and Python 3.9 or later::

    client = RabbitMQClient()                       # reads RABBITMQ_URL
    await client.connect()
    await client.publish_message(exchange="user.events", routing_key="user.created", message={"user_id": 42})
    await client.consume_messages(queue="matching.user_events", callback=handle, exchange="user.events", routing_key="user.created")
    profile = await client.rpc_call(queue="user.profile.get", message={"user_id": 42})
    await client.setup_rpc_server(queue="user.profile.get", handler=handle_profile_request)
    await client.close()

What it promises:

* ``publish_message`` ends when the broker has confirmed the message; through a lost connection it is sent again with
  the same message id until the deadline. A message is never lost silently: the call returns or raises.
* A consumer comes back after a lost connection, a closed channel, a cancelled consumer and a broker restart. A message
  is acknowledged after its callback has ended, so it may come twice (see its ``message_id``), but not never.
* A message whose callback raises, or that cannot be decoded, goes to ``<queue>.dead`` with headers that say why.
* Passwords are never logged.

The format on the wire is the one of Warren: docs/reference/wire.md.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import random
import uuid
import zlib
from collections import deque
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any, AsyncIterator, Awaitable, Callable, Deque, Dict, List, Optional, Set, Tuple
from weakref import WeakValueDictionary

import aio_pika
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import (
    AuthenticationError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ConnectionNotAllowed,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)
from yarl import URL

__all__ = [
    "RabbitMQClient",
    "Consumer",
    "LiveUpdates",
    "RabbitMQError",
    "ConnectFailed",
    "ContentError",
    "PublishFailed",
    "QueueFailed",
    "RpcError",
    "RpcTimeout",
]

DEFAULT_URL = "amqp://guest:guest@localhost:5672/"
MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024

Callback = Callable[[Any], Any]
logger = logging.getLogger("rabbitmq_client")

# Python keeps only weak references to tasks: a client that is a local variable of a function that started a consumer
# would be collected together with its consumer. Here it stays until close().
_consuming_clients: Set["RabbitMQClient"] = set()


class RabbitMQError(Exception):
    """The root of what this client raises."""


class ConnectFailed(RabbitMQError):
    """The broker could not be reached, or refused the user."""


class QueueFailed(RabbitMQError):
    """A queue or exchange could not be declared, bound or consumed."""


class PublishFailed(RabbitMQError):
    """A message was not confirmed. ``reason`` is unroutable, nacked, timed_out, not_connected, refused or closed."""

    def __init__(self, reason: str, message: str, message_id: Optional[str] = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message_id = message_id


class RpcError(RabbitMQError):
    """A request failed: ``type`` is the remote error's type, or unroutable, connection_lost, refused, invalid_reply, closed."""

    def __init__(self, type: str, message: str) -> None:  # noqa: A002 - the name of the header's meaning
        super().__init__(f"{type}: {message}")
        self.type = type
        self.message = message


class RpcTimeout(RabbitMQError, asyncio.TimeoutError):
    """No reply came in time. The other side may still handle the request if it had already taken it."""


class ContentError(RabbitMQError):
    """A body that cannot be read. ``reason`` is undecodable, unknown_content_type, unknown_encoding or too_large."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class RabbitMQClient:
    """Events, request/response and live updates over RabbitMQ. Use one per service, not one per call, where you can.

    Args:
        url: The broker. Default: ``RABBITMQ_URL``, else ``amqp://guest:guest@localhost:5672/``.
        name: The connection's name in the broker's lists.
        connect_attempts: How often ``connect`` tries, with 1, 2, 4 … seconds between. Later reconnects never end.
        connect_timeout: Seconds that one attempt may take.
        reconnect_max_delay: The longest pause between two attempts to reconnect, in seconds.
        publish_timeout: Seconds that a publish may take, over reconnects.
        shutdown_timeout: Seconds that ``close`` waits for running callbacks and unconfirmed messages.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        name: Optional[str] = None,
        connect_attempts: int = 5,
        connect_timeout: float = 30.0,
        reconnect_max_delay: float = 30.0,
        publish_timeout: float = 30.0,
        shutdown_timeout: float = 30.0,
    ) -> None:
        self._url = url or os.environ.get("RABBITMQ_URL") or DEFAULT_URL
        self._name = name or os.path.basename(os.environ.get("HOSTNAME") or "python")
        self._connect_attempts = connect_attempts
        self._connect_timeout = connect_timeout
        self._reconnect_max_delay = reconnect_max_delay
        self._publish_timeout = publish_timeout
        self._shutdown_timeout = shutdown_timeout
        self._publishing: Optional[_Link] = None
        self._consuming: Optional[_Link] = None
        self._publisher: Optional[_Publisher] = None
        self._caller: Optional[_RpcCaller] = None
        self._consumers: List[Consumer] = []
        self._live: List[LiveUpdates] = []
        self._lock: Optional[asyncio.Lock] = None

    async def __aenter__(self) -> "RabbitMQClient":
        await self.connect()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects. Gives up after ``connect_attempts``; once connected it reconnects for ever by itself.

        Raises:
            ConnectFailed: Nobody answered, or the broker refused user, password or virtual host.
        """
        if self._publishing is not None:
            return
        link = self._link("publish")
        await link.open(self._connect_attempts)
        self._lock = asyncio.Lock()
        self._publishing = link
        self._publisher = _Publisher(link)
        self._caller = _RpcCaller(link)

    async def publish_message(
        self,
        exchange: str,
        routing_key: str,
        message: Any,
        *,
        mandatory: bool = False,
        message_id: Optional[str] = None,
        headers: Optional[Dict[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> str:
        """Publishes a persistent message; returns its id when the broker has confirmed it.

        The exchange is declared as a durable topic exchange if it does not exist. With ``exchange=""`` the routing key
        is a queue's name, and a queue that does not exist is an error; an event nobody listens to is none unless
        ``mandatory``. ``message`` is anything JSON can say; ``bytes`` are sent as they are.

        Raises:
            PublishFailed: The message was not confirmed; publishing again with the same ``message_id`` is safe for a
                receiver that looks at it.
        """
        outgoing = _encode(message, message_id=message_id or uuid.uuid4().hex, headers=headers, persistent=True)
        await self._ready_publisher().publish(
            exchange, routing_key, outgoing, mandatory=mandatory or exchange == "", timeout=timeout or self._publish_timeout
        )
        return str(outgoing.message_id)

    async def consume_messages(
        self,
        queue: str,
        callback: Callback,
        exchange: Optional[str] = None,
        routing_key: Optional[str] = None,
        *,
        concurrency: int = 1,
    ) -> "Consumer":
        """Calls ``callback`` with each decoded message of a queue; returns when the broker has accepted the consumer.

        Queue, dead-letter queue ``<queue>.dead`` and exchange are declared if they do not exist; what exists is used as
        it is. Without ``exchange`` the queue is a work queue. ``callback`` may be a coroutine function or a plain one
        (which then blocks the event loop while it runs). Its end acknowledges the message; what it raises makes the
        message a dead letter. ``concurrency`` 1 keeps the queue's order.

        Raises:
            QueueFailed: The broker refused to declare, bind or consume.
        """
        dead = f"{queue}.dead"

        async def declare(connection: AbstractConnection, channel: AbstractChannel) -> AbstractQueue:
            if exchange:
                await _ensure_exchange(connection, exchange)
            await _ensure_queue(connection, dead, _DEAD_LETTER_ARGUMENTS)
            await _ensure_queue(connection, queue, _work_queue_arguments(dead))
            declared = await channel.get_queue(queue, ensure=False)
            if exchange:
                await declared.bind(exchange, "#" if routing_key is None else routing_key)
            return declared

        async def handle(message: AbstractIncomingMessage) -> None:
            try:
                body = _decode(message)
            except ContentError as error:
                await self._give_up(message, queue, error.reason, error)
                return
            try:
                await _call(callback, body)
            except Exception as error:  # Whatever the callback raises is the message's end, not the consumer's.
                # There is no second attempt here: what may pass with time is for the callback to try again.
                await self._give_up(message, queue, "attempts_exhausted", error)

        return await self._start_consumer(queue, declare, handle, concurrency)

    async def rpc_call(self, queue: str, message: Any, timeout: float = 30.0) -> Any:
        """Sends a request to a queue and returns the decoded reply.

        Raises:
            RpcTimeout: No reply within ``timeout`` seconds (an ``asyncio.TimeoutError``).
            RpcError: The other side failed, the queue does not exist, or the connection was lost while waiting.
        """
        self._ready_publisher()
        assert self._caller is not None
        return await self._caller.call(queue, message, timeout)

    async def setup_rpc_server(self, queue: str, handler: Callback, *, concurrency: int = 16) -> "Consumer":
        """Answers the requests of a queue with what ``handler`` returns; what it raises reaches the caller as an error.

        Raises:
            QueueFailed: The broker refused to declare or consume.
        """

        async def declare(connection: AbstractConnection, channel: AbstractChannel) -> AbstractQueue:
            await _ensure_queue(connection, queue, None)
            return await channel.get_queue(queue, ensure=False)

        async def handle(message: AbstractIncomingMessage) -> None:
            error: Optional[Exception] = None
            reply: Any = None
            try:
                reply = _encode(await _call(handler, _decode(message)), message_id=uuid.uuid4().hex)
            except Exception as caught:  # A failing request must not end the server; the caller is told.
                error = caught
                _log(logging.WARNING, "request failed", queue=queue, error=_type_name(caught))
            if not message.reply_to:
                if error is not None:  # Nobody waits who could be told, so it must not vanish.
                    reason = error.reason if isinstance(error, ContentError) else "attempts_exhausted"
                    await self._give_up(message, queue, reason, error)
                return
            if error is not None:
                kind = error.reason if isinstance(error, ContentError) else _type_name(error)
                reply = _encode({"error": str(error)}, message_id=uuid.uuid4().hex, headers={"x-warren-error": kind})
            reply.correlation_id = message.correlation_id
            try:
                # Not mandatory: the broker would return a direct reply although it delivers it.
                await self._ready_publisher().publish("", message.reply_to, reply, mandatory=False, timeout=self._publish_timeout)
            except PublishFailed as failed:
                # The caller learns it by its timeout; handling the request again would not help it.
                _log(logging.ERROR, "reply not sent", queue=queue, reason=failed.reason)

        return await self._start_consumer(queue, declare, handle, concurrency)

    def listen(self, exchange: str, pattern: str, *, capacity: int = 1024) -> "LiveUpdates":
        """Reads events live through an exclusive queue of its own; what is published during a reconnect is missed.

        ``async for event in client.listen("collaboration.events", "session.7.*")``, or
        ``async with client.listen(...) as events`` to be bound before the first event is awaited. A reader slower than
        the broker loses the oldest of ``capacity`` waiting events.
        """
        self._ready_publisher()
        return LiveUpdates(self, exchange, pattern, capacity)

    async def close(self) -> None:
        """Stops consuming, waits for running callbacks and unconfirmed messages, then disconnects. May be called twice."""
        live, self._live = self._live, []
        consumers, self._consumers = self._consumers, []
        await asyncio.gather(*(updates.aclose() for updates in live), *(consumer.close() for consumer in consumers))
        _consuming_clients.discard(self)
        if self._caller is not None:
            self._caller.fail_all("closed", "The client was closed")
        if self._publisher is not None:
            await self._publisher.close(self._shutdown_timeout)
        for link in (self._consuming, self._publishing):
            if link is not None:
                await link.close()
        self._publishing = self._consuming = self._publisher = self._caller = None

    def _link(self, purpose: str) -> "_Link":
        return _Link(self._url, f"{self._name} ({purpose})", self._connect_timeout, self._reconnect_max_delay)

    def _ready_publisher(self) -> "_Publisher":
        if self._publisher is None:
            raise RabbitMQError("The client is not connected: await connect() first, and use it before close().")
        return self._publisher

    async def _start_consumer(self, queue: str, declare: "_Declare", handle: "_Handle", concurrency: int, no_ack: bool = False) -> "Consumer":
        self._ready_publisher()
        assert self._lock is not None
        async with self._lock:
            # A connection of its own: a broker short of memory stops reading from connections that publish, and
            # acknowledgements must still pass.
            if self._consuming is None:
                link = self._link("consume")
                await link.open(self._connect_attempts)
                self._consuming = link
        consumer = Consumer(self._consuming, queue, declare, handle, concurrency, no_ack, self._shutdown_timeout)
        _consuming_clients.add(self)
        self._consumers.append(consumer)
        try:
            await consumer.start()
        except BaseException:
            await self._stop_consumer(consumer)
            raise
        return consumer

    async def _stop_consumer(self, consumer: "Consumer") -> None:
        with suppress(ValueError):
            self._consumers.remove(consumer)
        await consumer.close()
        if not self._consumers:
            _consuming_clients.discard(self)

    async def _give_up(self, message: AbstractIncomingMessage, queue: str, reason: str, error: Exception) -> None:
        """Moves a message to the dead-letter queue; the caller acknowledges it afterwards."""
        dead = f"{queue}.dead"
        _log(logging.ERROR, "message given up", queue=queue, message_id=message.message_id, reason=reason, error=_type_name(error))
        moved = _dead_letter(message, queue, reason, error)
        publisher = self._ready_publisher()
        try:
            await publisher.publish("", dead, moved, mandatory=True, timeout=self._publish_timeout)
        except PublishFailed as failed:
            if failed.reason != "unroutable":
                raise
            # Somebody deleted the dead-letter queue after the consumer had made sure of it.
            await _ensure_queue(await publisher.link.connection(), dead, _DEAD_LETTER_ARGUMENTS)
            await publisher.publish("", dead, moved, mandatory=True, timeout=self._publish_timeout)


_Declare = Callable[[AbstractConnection, AbstractChannel], Awaitable[AbstractQueue]]
_Handle = Callable[[AbstractIncomingMessage], Awaitable[None]]


class Consumer:
    """A running consumer; it ends with ``close`` or with its client."""

    _WATCH_SECONDS = 1.0

    def __init__(
        self, link: "_Link", queue: str, declare: _Declare, handle: _Handle, concurrency: int, no_ack: bool, shutdown_timeout: float
    ) -> None:
        self.queue = queue
        self._link = link
        self._declare = declare
        self._handle = handle
        self._concurrency = max(1, concurrency)
        self._no_ack = no_ack
        self._shutdown_timeout = shutdown_timeout
        self._inbox: "asyncio.Queue[Tuple[AbstractChannel, AbstractIncomingMessage]]" = asyncio.Queue()
        self._channel: Optional[AbstractChannel] = None
        self._consuming: Optional[AbstractQueue] = None
        self._tag = ""
        self._channel_closed = asyncio.Event()
        self._closed = asyncio.Event()
        self._stopping = False
        self._busy: Set["asyncio.Task[None]"] = set()
        self._tasks: List["asyncio.Task[None]"] = []

    async def start(self) -> None:
        """Starts; returns when the broker serves this consumer. A broker that refuses is an error, a lost connection is not."""
        while not await self._open(first=True):
            await asyncio.sleep(0.1)
        self._tasks = [asyncio.ensure_future(self._watch())]
        self._tasks += [asyncio.ensure_future(self._work()) for _ in range(self._concurrency)]

    async def wait(self) -> None:
        """Returns when the consumer was closed: for programs that do nothing else."""
        await self._closed.wait()

    async def close(self) -> None:
        """Stops consuming and waits for running callbacks; what was not finished goes back to the queue."""
        if self._stopping:
            await self._closed.wait()
            return
        self._stopping = True
        channel, queue = self._channel, self._consuming
        if channel is not None and queue is not None and not channel.is_closed:
            with suppress(Exception):  # The connection may go at the same moment, which stops the consumer as well.
                await asyncio.wait_for(queue.cancel(self._tag), 5)
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=self._shutdown_timeout)
        for task in [*self._tasks, *self._busy]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._busy, return_exceptions=True)
        await _close_channel(channel)
        self._closed.set()

    async def _open(self, first: bool = False) -> bool:
        channel: Optional[AbstractChannel] = None
        try:
            connection = await self._link.connection()
            channel = await connection.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=self._concurrency)
            queue = await self._declare(connection, channel)
            closed = asyncio.Event()
            channel.close_callbacks.add(lambda *_: closed.set())

            async def receive(message: AbstractIncomingMessage, channel: AbstractChannel = channel) -> None:
                # Only handed over: aio-pika would cancel a callback that runs here when the connection is lost.
                self._inbox.put_nowait((channel, message))

            self._tag = await queue.consume(receive, no_ack=self._no_ack)
            self._channel, self._consuming, self._channel_closed = channel, queue, closed
            _log(logging.INFO, "consuming", queue=self.queue or queue.name, broker=self._link.broker)
            return True
        except ChannelClosed as error:
            await _close_channel(channel)
            if first:
                raise QueueFailed(f"Cannot consume queue '{self.queue}' on {self._link.broker}: {_text(error)}") from error
            _log(logging.ERROR, "consuming refused", queue=self.queue, error=_text(error))
        except QueueFailed:
            await _close_channel(channel)
            if first:
                raise
            _log(logging.ERROR, "consuming refused", queue=self.queue)
        except Exception as error:  # The connection was lost in the middle; the loop tries again on the next one.
            await _close_channel(channel)
            _log(logging.WARNING, "consuming interrupted", queue=self.queue, error=_type_name(error))
        return False

    async def _watch(self) -> None:
        """Keeps the consumer alive: the broker may close the channel, cancel the consumer, or go away."""
        while not self._stopping:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._channel_closed.wait(), self._WATCH_SECONDS)
            # A cancel by the broker (queue deleted, node lost) is told to nobody by aio-pika; it only forgets the tag.
            channel = self._channel
            if self._stopping or (channel is not None and not channel.is_closed and self._tag in (await _raw(channel)).consumers):
                continue
            await _close_channel(channel)
            _log(logging.WARNING, "consumer lost", queue=self.queue)
            delay = 0.1
            while not self._stopping and not await self._open():
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
                delay = min(delay * 2, 10.0)

    async def _work(self) -> None:
        while True:
            channel, message = await self._inbox.get()
            if self._stopping or (channel.is_closed and not self._no_ack):
                continue  # Not begun and no longer ours: the broker delivers it again.
            # In a task of its own, so that a callback that is cancelled is not mistaken for this loop's end.
            task = asyncio.ensure_future(self._handle(message))
            self._busy.add(task)
            try:
                await asyncio.wait({task})
            finally:
                self._busy.discard(task)
                if not task.done():
                    task.cancel()
            await self._settle(channel, message, task)

    async def _settle(self, channel: AbstractChannel, message: AbstractIncomingMessage, task: "asyncio.Task[None]") -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed:
            error = "cancelled" if task.cancelled() else _type_name(task.exception())
            _log(logging.ERROR, "message not settled, it will be delivered again", queue=self.queue, message_id=message.message_id, error=error)
        if self._no_ack or channel.is_closed:
            return
        try:
            if failed:
                await asyncio.sleep(1)  # Not at once: what hindered it (no dead-letter queue, no broker) needs time.
            # aio-pika waits for ever on a channel that closes while the acknowledgement is being written.
            await asyncio.wait_for(message.nack(requeue=True) if failed else message.ack(), 10)
        except Exception as error:  # The channel is gone: the broker delivers the message again.
            _log(logging.WARNING, "acknowledgement lost", queue=self.queue, message_id=message.message_id, error=_type_name(error))


class LiveUpdates:
    """An asynchronous iterator over live events, and a context manager around it."""

    def __init__(self, client: RabbitMQClient, exchange: str, pattern: str, capacity: int) -> None:
        self._client = client
        self._exchange = exchange
        self._pattern = pattern
        self._buffer: Deque[Any] = deque(maxlen=max(1, capacity))
        self._arrived = asyncio.Event()
        self._consumer: Optional[Consumer] = None
        self._closed = False

    async def __aenter__(self) -> "LiveUpdates":
        if self._consumer is None and not self._closed:
            self._client._live.append(self)
            self._consumer = await self._client._start_consumer("", self._declare, self._receive, 1, no_ack=True)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        await self.__aenter__()
        while not self._buffer:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._buffer.popleft()

    async def aclose(self) -> None:
        """Ends the iteration; the exclusive queue goes."""
        self._closed = True
        self._arrived.set()
        with suppress(ValueError):
            self._client._live.remove(self)
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await self._client._stop_consumer(consumer)

    async def _declare(self, connection: AbstractConnection, channel: AbstractChannel) -> AbstractQueue:
        await _ensure_exchange(connection, self._exchange)
        queue = await channel.declare_queue("", exclusive=True, auto_delete=True)
        await queue.bind(self._exchange, self._pattern)
        return queue

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        try:
            self._buffer.append(_decode(message))
        except ContentError as error:
            _log(logging.WARNING, "live event skipped", exchange=self._exchange, reason=error.reason)
            return
        self._arrived.set()


class _Link:
    """One connection that comes back by itself."""

    def __init__(self, url: str, name: str, timeout: float, max_delay: float) -> None:
        parsed = URL(url)
        if "heartbeat" not in parsed.query:
            parsed = parsed.update_query(heartbeat="30")
        self._url = parsed.update_query(name=name)
        self.broker = f"{parsed.host}:{parsed.port or (5671 if parsed.scheme == 'amqps' else 5672)} vhost={parsed.path[1:] or '/'} user={parsed.user or 'guest'}"
        self._timeout = timeout
        self._max_delay = max_delay
        self._connection: Optional[AbstractConnection] = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._task: Optional["asyncio.Task[None]"] = None

    async def open(self, attempts: int) -> None:
        """Connects for the first time, or gives up."""
        for attempt in range(1, attempts + 1):
            try:
                await self._connect()
                break
            except (AuthenticationError, ProbableAuthenticationError, ConnectionNotAllowed) as error:
                # Trying again does not change a password.
                raise ConnectFailed(f"{self.broker} refused the connection: {_text(error)}. Look at RABBITMQ_URL.") from error
            except Exception as error:
                _log(logging.WARNING, "connect failed", broker=self.broker, attempt=attempt, error=_text(error))
                if attempt == attempts:
                    raise ConnectFailed(f"No broker at {self.broker} after {attempt} attempts: {_text(error)}. Look at RABBITMQ_URL.") from error
                await asyncio.sleep(2 ** (attempt - 1))
        self._task = asyncio.ensure_future(self._supervise())

    async def connection(self) -> AbstractConnection:
        """The connection, when there is one."""
        while True:
            await self._up.wait()
            if self._connection is not None:
                return self._connection

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            with suppress(Exception):  # It may be dead already.
                await asyncio.wait_for(self._connection.close(), 10)

    async def _connect(self) -> None:
        connection = await aio_pika.connect(self._url, timeout=self._timeout)
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        self._connection, self._lost = connection, lost
        self._up.set()
        _log(logging.INFO, "connected", broker=self.broker)

    async def _supervise(self) -> None:
        while True:
            await self._lost.wait()
            self._up.clear()
            self._connection = None
            _log(logging.WARNING, "connection lost", broker=self.broker)
            attempt = 0
            while not self._up.is_set():
                attempt += 1
                delay = min(self._max_delay, 0.1 * 2 ** min(attempt, 20)) * random.uniform(0.5, 1.0)
                await asyncio.sleep(delay)
                try:
                    await self._connect()
                except Exception as error:  # For ever: a service must outlive its broker's holidays.
                    _log(logging.WARNING, "reconnect failed", broker=self.broker, attempt=attempt, error=_text(error))


class _Publisher:
    """Confirmed publishing on one channel, over reconnects."""

    def __init__(self, link: _Link) -> None:
        self.link = link
        self._channel: Optional[AbstractChannel] = None
        self._opening = asyncio.Lock()
        self._exchanges: Set[str] = set()
        self._running: Set["asyncio.Future[Any]"] = set()
        self._closed = False
        self._ids: "WeakValueDictionary[str, asyncio.Lock]" = WeakValueDictionary()

    async def publish(self, exchange: str, routing_key: str, message: Message, *, mandatory: bool, timeout: float) -> None:
        """Returns when the broker has the message; a lost connection sends it again with the same id."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        where = f"exchange '{exchange}', routing key '{routing_key}'"
        message_id = str(message.message_id)
        # The library tells returned messages apart by their id alone: two of the same id must not be under way at once.
        same_id = self._ids.setdefault(message_id, asyncio.Lock())
        async with same_id:
            while True:
                if self._closed:
                    raise PublishFailed("closed", f"The client was closed before a confirm for {where}", message_id)
                if deadline <= loop.time():
                    raise PublishFailed("not_connected", f"No connection to {self.link.broker} within {timeout} s for {where}", message_id)
                channel = await self._open(deadline)
                if channel is None:
                    continue
                try:
                    if exchange and exchange not in self._exchanges:
                        await _ensure_exchange(await self.link.connection(), exchange)
                        self._exchanges.add(exchange)
                    if await self._attempt(channel, exchange, routing_key, message, mandatory, deadline):
                        return
                    raise PublishFailed("timed_out", f"No confirm from {self.link.broker} within {timeout} s for {where}", message_id)
                except PublishError as error:
                    raise PublishFailed("unroutable", f"No queue took the message: {where}", message_id) from error
                except DeliveryError as error:
                    raise PublishFailed("nacked", f"The broker did not take the message: {where}", message_id) from error
                except ChannelNotFoundEntity:
                    self._exchanges.clear()  # Deleted since we looked; declared again on the next turn.
                except ChannelClosed as error:
                    raise PublishFailed("refused", f"The broker refused the message: {where}: {_text(error)}", message_id) from error
                except (PublishFailed, QueueFailed, ValueError, TypeError):
                    raise
                except Exception as error:  # Channel or connection went in the middle: unknown outcome, so send it again.
                    _log(logging.WARNING, "publish interrupted", broker=self.link.broker, message_id=message_id, error=_type_name(error))
                await asyncio.sleep(0.05)

    async def close(self, timeout: float) -> None:
        """Waits for the messages under way, then refuses further ones."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=timeout)
        self._closed = True
        await _close_channel(self._channel)

    async def _open(self, deadline: float) -> Optional[AbstractChannel]:
        async with self._opening:
            if self._channel is not None and not self._channel.is_closed:
                return self._channel
            remaining = deadline - asyncio.get_running_loop().time()
            try:
                self._channel = await asyncio.wait_for(self._new_channel(), max(0.001, remaining))
            except Exception:  # No connection yet, or lost again while opening; the deadline decides how often to try.
                await asyncio.sleep(0.05)
                return None
            self._exchanges.clear()
            return self._channel

    async def _new_channel(self) -> AbstractChannel:
        connection = await self.link.connection()
        return await connection.channel(publisher_confirms=True, on_return_raises=True)

    async def _attempt(
        self, channel: AbstractChannel, exchange: str, routing_key: str, message: Message, mandatory: bool, deadline: float
    ) -> bool:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        # In a task that a cancelled caller leaves alone: a publish cut short in the middle would leave the channel's
        # count of messages ahead of the broker's, and later confirms would be taken for the wrong messages.
        publish = asyncio.ensure_future(target.publish(message, routing_key, mandatory=mandatory))
        self._running.add(publish)
        publish.add_done_callback(self._forget)
        done, _ = await asyncio.wait({publish}, timeout=max(0.001, deadline - asyncio.get_running_loop().time()))
        if not done:
            asyncio.ensure_future(_close_channel(channel))  # Its count can no longer be trusted once we stop waiting.
            return False
        if publish.cancelled():
            raise ConnectionError("The connection was closed")
        publish.result()
        return True

    def _forget(self, publish: "asyncio.Future[Any]") -> None:
        self._running.discard(publish)
        if not publish.cancelled():
            publish.exception()  # Whoever still waits has it; nobody else needs a warning.


class _RpcCaller:
    """Requests of one client over one channel; replies come by direct reply-to."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._channel: Optional[AbstractChannel] = None
        self._opening = asyncio.Lock()
        self._pending: Dict[str, "asyncio.Future[AbstractIncomingMessage]"] = {}

    async def call(self, queue: str, body: Any, timeout: float) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        # Not persistent, and gone with its caller: a request that nobody waits for is not worth handling.
        request = _encode(body, message_id=uuid.uuid4().hex, expiration=timeout)
        request.correlation_id = request.message_id
        request.reply_to = "amq.rabbitmq.reply-to"
        late = RpcTimeout(f"No reply from queue '{queue}' on {self._link.broker} within {timeout} s")
        try:
            channel = await asyncio.wait_for(self._open(), timeout)
        except asyncio.TimeoutError:
            raise late from None
        reply: "asyncio.Future[AbstractIncomingMessage]" = loop.create_future()
        self._pending[str(request.correlation_id)] = reply
        publish = asyncio.ensure_future(channel.default_exchange.publish(request, queue, mandatory=True))
        publish.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait({publish, reply}, timeout=max(0.001, deadline - loop.time()), return_when=asyncio.FIRST_COMPLETED)
            if publish.done():
                self._raise_if_not_sent(publish, queue)
            await asyncio.wait({reply}, timeout=max(0.001, deadline - loop.time()))
            if not reply.done():
                raise late
            return self._read(reply.result(), queue)
        finally:
            del self._pending[str(request.correlation_id)]
            reply.cancel()
            if not publish.done():
                asyncio.ensure_future(_close_channel(channel))  # See _Publisher._attempt.

    def fail_all(self, type: str, message: str) -> None:  # noqa: A002
        for reply in list(self._pending.values()):
            if not reply.done():
                reply.set_exception(RpcError(type, message))

    def _raise_if_not_sent(self, publish: "asyncio.Future[Any]", queue: str) -> None:
        error = ConnectionError("The connection was closed") if publish.cancelled() else publish.exception()
        if error is None:
            return
        if isinstance(error, PublishError):
            raise RpcError("unroutable", f"Queue '{queue}' does not exist on {self._link.broker}") from error
        if isinstance(error, (DeliveryError, ChannelClosed)):
            raise RpcError("refused", f"The broker refused the request to queue '{queue}': {_text(error)}") from error
        if isinstance(error, (ValueError, TypeError)):
            raise error
        raise RpcError("connection_lost", f"The connection to {self._link.broker} was lost") from error

    @staticmethod
    def _read(reply: AbstractIncomingMessage, queue: str) -> Any:
        kind = reply.headers.get("x-warren-error")
        try:
            body = _decode(reply)
        except ContentError as error:
            if kind is None:
                raise RpcError("invalid_reply", f"The reply from queue '{queue}' cannot be read: {error}") from error
            body = None
        if kind is not None:
            text = body.get("error") if isinstance(body, dict) else body
            raise RpcError(str(kind), str(text or ""))
        return body

    async def _open(self) -> AbstractChannel:
        async with self._opening:
            while self._channel is None or self._channel.is_closed:
                connection = await self._link.connection()
                try:
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    replies = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
                    await replies.consume(self._receive, no_ack=True)
                except Exception as error:  # The connection went in the middle; the caller's timeout bounds this loop.
                    _log(logging.WARNING, "request channel interrupted", broker=self._link.broker, error=_type_name(error))
                    await asyncio.sleep(0.05)
                    continue
                channel.close_callbacks.add(lambda *_: self.fail_all("connection_lost", f"The connection to {self._link.broker} was lost"))
                self._channel = channel
            return self._channel

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        reply = self._pending.get(str(message.correlation_id))
        if reply is None or reply.done():
            _log(logging.DEBUG, "late reply dropped", correlation_id=message.correlation_id)
            return
        reply.set_result(message)


# As Warren declares them, so that whoever comes first makes the same queue.
_DEAD_LETTER_ARGUMENTS: Dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}


def _work_queue_arguments(dead: str) -> Dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


async def _ensure_exchange(connection: AbstractConnection, name: str) -> None:
    """Uses an exchange as it is, or makes a durable topic exchange."""
    await _ensure(
        connection,
        f"exchange '{name}'",
        lambda channel: channel.declare_exchange(name, passive=True),
        lambda channel: channel.declare_exchange(name, ExchangeType.TOPIC, durable=True),
    )


async def _ensure_queue(connection: AbstractConnection, name: str, arguments: Optional[Dict[str, Any]]) -> None:
    """Uses a queue as it is, or makes a durable one."""
    await _ensure(
        connection,
        f"queue '{name}'",
        lambda channel: channel.declare_queue(name, passive=True),
        lambda channel: channel.declare_queue(name, durable=True, arguments=arguments),
    )


async def _ensure(
    connection: AbstractConnection,
    what: str,
    look: Callable[[AbstractChannel], Awaitable[Any]],
    make: Callable[[AbstractChannel], Awaitable[Any]],
) -> None:
    for declare in (look, make):
        # A channel of its own each time: the broker closes the channel on which something is not found.
        channel = await connection.channel(publisher_confirms=False)
        try:
            await declare(channel)
            return
        except ChannelNotFoundEntity as error:
            if declare is make:
                raise QueueFailed(f"Cannot declare {what}: {_text(error)}") from error
        except ChannelClosed as error:
            raise QueueFailed(f"Cannot use {what}: {_text(error)}") from error
        finally:
            await _close_channel(channel)


async def _close_channel(channel: Optional[AbstractChannel]) -> None:
    if channel is None or channel.is_closed:
        return
    with suppress(Exception):  # Closing what is dead is no failure.
        await asyncio.wait_for(channel.close(), 5)


async def _raw(channel: AbstractChannel) -> Any:
    """The aiormq channel below; aio-pika 9 asks for it with a coroutine, 8 with a property."""
    get = getattr(channel, "get_underlay_channel", None)
    return await get() if get is not None else channel.channel


async def _call(function: Callback, argument: Any) -> Any:
    result = function(argument)
    return await result if inspect.isawaitable(result) else result


def _encode(
    body: Any,
    *,
    message_id: str,
    headers: Optional[Dict[str, Any]] = None,
    persistent: bool = False,
    expiration: Optional[float] = None,
) -> Message:
    raw = isinstance(body, (bytes, bytearray))
    # NaN and Infinity are refused: they are not JSON, and no reader in another language takes them.
    data = bytes(body) if raw else json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_json_default).encode()
    return Message(
        data,
        content_type="application/octet-stream" if raw else "application/json",
        delivery_mode=DeliveryMode.PERSISTENT if persistent else DeliveryMode.NOT_PERSISTENT,
        message_id=message_id,
        timestamp=datetime.now(timezone.utc),
        headers=headers,
        expiration=expiration,
    )


def _json_default(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


# Character sets are no encodings, but some clients put them there.
_PLAIN_ENCODINGS = frozenset({"", "identity", "utf-8", "utf8", "binary", "ascii", "us-ascii", "7bit", "8bit"})
_ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def _decode(message: AbstractIncomingMessage) -> Any:
    data = message.body
    encodings = [token.strip().lower() for token in (message.content_encoding or "").split(",")]
    for encoding in reversed([token for token in encodings if token not in _PLAIN_ENCODINGS]):
        if encoding not in _ZLIB_WINDOWS:
            raise ContentError("unknown_encoding", f"Content encoding '{encoding}' is not supported; gzip and deflate are")
        data = _inflate(data, _ZLIB_WINDOWS[encoding])
    media = (message.content_type or "application/json").split(";")[0].strip().lower()
    try:
        if media in ("application/json", "text/json") or media.endswith("+json"):
            return json.loads(data)
        if media.startswith("text/"):
            return data.decode("utf-8-sig")
    except (ValueError, RecursionError) as error:
        raise ContentError("undecodable", f"The body is not {media}: {error}") from error
    raise ContentError("unknown_content_type", f"Content type '{media}' is neither JSON nor text")


def _inflate(data: bytes, window: int) -> bytes:
    inflate = zlib.decompressobj(wbits=window)
    try:
        result = inflate.decompress(data, MAX_DECOMPRESSED_BYTES)
    except zlib.error as error:
        raise ContentError("undecodable", f"The compressed body is damaged: {error}") from error
    if inflate.unconsumed_tail:
        raise ContentError("too_large", f"The compressed body holds more than {MAX_DECOMPRESSED_BYTES} bytes")
    if not inflate.eof or inflate.unused_data:
        raise ContentError("undecodable", "The compressed body is truncated or followed by something else")
    return result


# These would act on the copy: close the channel, copy it again, let it expire. They are kept under another name.
_DROPPED_HEADERS = frozenset({"x-death", "CC", "BCC"})
# aio-pika 8 turns numbers like 1.5 into text, unless the headers are set below its surface.
_CONVERTS_HEADERS = "headers_raw" in getattr(Message, "__slots__", ())
_BROKER_HEADERS = frozenset(
    {"x-delivery-count", "x-acquired-count"} | {f"x-{which}-death-{what}" for which in ("first", "last") for what in ("exchange", "queue", "reason")}
)
_LONGEST_TEXT = 2000


def _dead_letter(message: AbstractIncomingMessage, queue: str, reason: str, error: BaseException) -> Message:
    received: Dict[str, Any] = dict(message.headers_raw if _CONVERTS_HEADERS else message.headers)
    headers = {name: value for name, value in received.items() if name not in _DROPPED_HEADERS | _BROKER_HEADERS}
    for name in _DROPPED_HEADERS & received.keys():
        headers.setdefault(f"x-warren-original-{name.lower()}", received[name])
    if message.user_id:
        headers.setdefault("x-warren-original-user-id", message.user_id)
    if message.expiration is not None and "x-warren-attempts" not in received:  # Else it is that of a wait between attempts.
        headers.setdefault("x-warren-original-expiration", str(round(float(message.expiration) * 1000)))  # type: ignore[arg-type]
    attempts = received.get("x-warren-attempts", 0)
    headers.update({
        "x-warren-attempts": (attempts if isinstance(attempts, int) else 0) + 1,
        "x-warren-reason": reason,
        "x-warren-exception-type": _type_name(error),
        "x-warren-exception-message": _shorten(str(error)),
        "x-warren-origin-queue": queue,
        "x-warren-time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    })
    # A message that was retried or replayed keeps where it first came from.
    headers.setdefault("x-warren-origin-exchange", message.exchange or "")
    headers.setdefault("x-warren-origin-routing-key", message.routing_key or "")
    moved = Message(
        message.body,
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        delivery_mode=DeliveryMode.PERSISTENT,
        priority=message.priority,
        correlation_id=message.correlation_id,
        reply_to=message.reply_to,
        message_id=message.message_id or uuid.uuid4().hex,
        timestamp=message.timestamp,
        type=message.type,
        app_id=message.app_id,
        headers=headers,
    )
    if _CONVERTS_HEADERS:
        moved.headers_raw = headers
    return moved


def _shorten(text: str) -> str:
    # All headers travel in one frame.
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _type_name(error: Optional[BaseException]) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"


def _text(error: BaseException) -> str:
    # A refused virtual host reaches us as the frame that refused it.
    parts = [str(getattr(part, "reply_text", None) or part) for part in error.args]
    return (" ".join(parts) or _type_name(error)).rstrip(".")


def _log(level: int, event: str, **fields: Any) -> None:
    """One event with named fields: readable as text, and as ``record.fields`` for a structured handler."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s %s", event, " ".join(f"{name}={value!r}" for name, value in fields.items()), extra={"event": event, "fields": fields})
