"""pika by itself on a broker: one scenario per process, told as JSON lines (see ../README.md)."""

import datetime
from decimal import Decimal
from typing import Any, Callable, List, Optional

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, NackError, UnroutableError

from scenario import URL, command, emit, start


def connect(**parameters: Any) -> BlockingConnection:
    url = pika.URLParameters(URL)
    for name, value in parameters.items():
        setattr(url, name, value)
    return BlockingConnection(url)


def get(channel: BlockingChannel, queue: str) -> Any:
    """The first message of a queue, once there is one."""
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            return method, properties, body
        channel.connection.sleep(0.01)


def confirms() -> None:
    connection = connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("inbox", durable=True)
    for number in range(100):
        channel.basic_publish("", "inbox", b"%d" % number, pika.BasicProperties(delivery_mode=2))
    emit("confirmed", messages=channel.queue_declare("inbox", passive=True).method.message_count)

    try:
        channel.basic_publish("amq.direct", "nobody", b"lost", mandatory=True)
    except UnroutableError as error:
        (returned,) = error.messages
        emit("returned", body=returned.body.decode(), exchange=returned.method.exchange, code=returned.method.reply_code, text=returned.method.reply_text)

    channel.queue_declare("small", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.basic_publish("", "small", b"fits")
    try:
        channel.basic_publish("", "small", b"does not fit")
    except NackError as error:
        emit("nacked", messages=len(error.messages))
    connection.close()


def consuming() -> None:
    """Pull and push, prefetch, requeue, and what a cancelled consumer leaves."""
    connection = connect()
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    emit("declared", generated=queue.startswith("amq.gen-"), empty=channel.basic_get(queue) == (None, None, None))
    for number in range(6):
        channel.basic_publish("", queue, b"%d" % number)

    method, _, body = get(channel, queue)
    emit("got", body=body.decode(), left=method.message_count, redelivered=method.redelivered)
    channel.basic_nack(method.delivery_tag, requeue=True)
    method, _, body = get(channel, queue)
    emit("got", body=body.decode(), left=method.message_count, redelivered=method.redelivered)
    channel.basic_ack(method.delivery_tag)

    # Two consumers that hold two each: the broker gives no more until they settle.
    holding: List[Any] = []
    channels = [connection.channel(), connection.channel()]
    for one in channels:
        one.basic_qos(prefetch_count=2)
        one.basic_consume(queue, lambda ch, method, _, body: holding.append((ch, method.delivery_tag, body.decode())))
    while len(holding) < 4:
        connection.process_data_events(time_limit=1)
    emit("holding", bodies=sorted(body for _, _, body in holding), left=channel.queue_declare(queue, passive=True).method.message_count)
    ch, tag, _ = holding[0]
    ch.basic_ack(tag)
    while len(holding) < 5:
        connection.process_data_events(time_limit=1)
    emit("then", body=holding[4][2])
    for one in channels:
        one.close()
    bodies = []
    for method, _, body in channel.consume(queue, inactivity_timeout=30):
        channel.basic_ack(method.delivery_tag)
        bodies.append((body.decode(), method.redelivered))
        if len(bodies) == 4:
            break
    emit("returned", bodies=sorted(body for body, _ in bodies), redelivered=all(again for _, again in bodies), pending=channel.cancel())
    connection.close()


def refusals() -> None:
    """What the broker closes a channel over, with its code and its words."""
    connection = connect()
    other = connect()
    other.channel().queue_declare("theirs", exclusive=True)
    setup = connection.channel()
    setup.queue_declare("plain", durable=True)
    setup.exchange_declare("direct", "direct")
    attempts: List[Callable[[BlockingChannel], Any]] = [
        lambda channel: channel.queue_declare("missing", passive=True),
        lambda channel: channel.exchange_declare("missing", passive=True),
        lambda channel: channel.queue_declare("plain", durable=False),
        lambda channel: channel.exchange_declare("direct", "fanout"),
        lambda channel: channel.queue_declare("theirs", passive=True),
        lambda channel: channel.queue_declare("amq.mine"),
        lambda channel: channel.queue_bind("plain", "missing"),
        lambda channel: channel.basic_consume("missing", print),
        lambda channel: (channel.basic_ack(99), channel.queue_declare("plain", passive=True)),
        lambda channel: (channel.basic_publish("missing", "", b""), channel.queue_declare("plain", passive=True)),
        lambda channel: channel.queue_declare("ttl", arguments={"x-message-ttl": -1}),
    ]
    for attempt in attempts:
        channel = connection.channel()
        try:
            attempt(channel)
        except ChannelClosedByBroker as closed:
            emit("refused", code=closed.reply_code, text=closed.reply_text)
        else:
            emit("accepted")
    connection.close()
    other.close()


def properties() -> None:
    connection = connect()
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    headers = {
        "text": "ädà", "true": True, "int": 7, "negative": -40_000, "long": 2**40, "decimal": Decimal("3.14"), "none": None,
        "time": datetime.datetime(2030, 1, 2, 3, 4, 5), "list": [1, "two", [3]], "table": {"a": {"b": 1}}, "bytes": b"\x00\x01",
    }
    sent = pika.BasicProperties(
        "text/plain", "utf-8", headers, 2, 3, "c", "r", "60000", "m", 1_900_000_000, "t", "guest", "a",
    )
    for size in (0, 1, 131_064, 131_065, 3_000_000):
        channel.basic_publish("", queue, bytes(size), sent)
        method, found, body = get(channel, queue)
        channel.basic_ack(method.delivery_tag)
        emit("mirrored", size=len(body), same=found == sent, body=body == bytes(size))
    connection.close()


def heartbeats() -> None:
    """A client that answers stays, however long; one that is busy with something else is dropped."""
    # The broker drops who is silent for two beats; one of a second might be late on a busy machine.
    lively = connect(heartbeat=3)
    lively.sleep(9)
    emit("alive", queue=lively.channel().queue_declare("", exclusive=True).method.queue != "")
    lively.close()
    dead = connect(heartbeat=1)
    emit("silent")
    command()
    try:
        dead.channel().queue_declare("late")
    except AMQPConnectionError as error:
        emit("dropped", type=type(error).__name__)


def blocked() -> None:
    """The broker is short of memory: it says so to who publishes, and says when it is over."""
    connection = connect()
    events: List[str] = []
    connection.add_on_connection_blocked_callback(lambda _, frame: emit("blocked", reason=frame.method.reason) or events.append("blocked"))
    connection.add_on_connection_unblocked_callback(lambda _, frame: emit("unblocked") or events.append("unblocked"))
    channel = connection.channel()
    channel.queue_declare("inbox")
    emit("ready")
    command()
    channel.basic_publish("", "inbox", b"held")
    while len(events) < 2:
        connection.process_data_events(time_limit=1)
    emit("received", body=get(channel, "inbox")[2].decode())
    connection.close()


def closed_by_broker() -> None:
    """The loop pika's documentation shows: connect again when the broker has closed the connection."""
    handled = 0
    while handled < 2:
        connection = connect()
        channel = connection.channel()
        channel.queue_declare("work", durable=True)

        def handle(channel: BlockingChannel, method: Any, _: Any, body: bytes) -> None:
            nonlocal handled
            channel.basic_ack(method.delivery_tag)
            handled += 1
            emit("handled", body=body.decode())
            if handled == 2:
                channel.stop_consuming()

        channel.basic_consume("work", handle)
        if handled == 0:
            channel.basic_publish("", "work", b"first", pika.BasicProperties(delivery_mode=2))
        else:
            channel.basic_publish("", "work", b"second", pika.BasicProperties(delivery_mode=2))
        try:
            channel.start_consuming()
        except pika.exceptions.ConnectionClosedByBroker as closed:
            emit("closed", code=closed.reply_code, text=closed.reply_text)
    connection.close()


class Callbacks:
    """Publishes with confirms and consumes what it publishes, on a connection that calls back."""

    MESSAGES = 1000

    def __init__(self) -> None:
        self.confirmed = 0
        self.nacked = 0
        self.multiple = False
        self.bodies: List[int] = []
        self.connection: Any = None
        self.channel: Any = None
        self.stop: Optional[Callable[[], None]] = None
        self.error: Any = None

    def opened(self, connection: Any) -> None:
        self.connection = connection
        connection.channel(on_open_callback=self.channel_opened)

    def failed(self, connection: Any, error: Any) -> None:
        raise SystemExit(f"could not connect: {error!r}")

    def channel_opened(self, channel: Any) -> None:
        self.channel = channel
        channel.exchange_declare("numbers", "topic", callback=lambda _: channel.queue_declare("", exclusive=True, callback=self.declared))

    def declared(self, frame: Any) -> None:
        self.queue = frame.method.queue
        self.channel.queue_bind(self.queue, "numbers", "*.odd", callback=lambda _: self.channel.basic_qos(prefetch_count=50, callback=self.bound))

    def bound(self, _: Any) -> None:
        self.channel.basic_consume(self.queue, self.received, callback=lambda _: self.channel.confirm_delivery(self.settled, callback=self.publish))

    def publish(self, _: Any) -> None:
        for number in range(self.MESSAGES):
            self.channel.basic_publish("numbers", "number.odd" if number % 2 else "number.even", b"%d" % number)

    def settled(self, frame: Any) -> None:
        method = frame.method
        if isinstance(method, pika.spec.Basic.Nack):
            self.nacked += 1
        self.confirmed = max(self.confirmed, method.delivery_tag)
        self.finish()

    def received(self, channel: Any, method: Any, _: Any, body: bytes) -> None:
        self.bodies.append(int(body))
        channel.basic_ack(method.delivery_tag)
        self.finish()

    def finish(self) -> None:
        if self.confirmed == self.MESSAGES and len(self.bodies) == self.MESSAGES // 2:
            self.connection.close()

    def closed(self, connection: Any, reason: Any) -> None:
        emit("closed", reason=type(reason).__name__, confirmed=self.confirmed, nacked=self.nacked, in_order=self.bodies == list(range(1, self.MESSAGES, 2)))
        assert self.stop is not None
        self.stop()


def run(adapter: Any) -> None:
    calls = Callbacks()
    connection = adapter(
        pika.URLParameters(URL), on_open_callback=calls.opened, on_open_error_callback=calls.failed, on_close_callback=calls.closed)
    calls.stop = connection.ioloop.stop
    connection.ioloop.run_forever() if hasattr(connection.ioloop, "run_forever") else connection.ioloop.start()


def select_adapter() -> None:
    run(pika.SelectConnection)


def asyncio_adapter() -> None:
    from pika.adapters.asyncio_connection import AsyncioConnection

    run(AsyncioConnection)


def dead_letters() -> None:
    connection = connect()
    channel = connection.channel()
    channel.exchange_declare("dlx", "topic")
    channel.queue_declare("dead")
    channel.queue_bind("dead", "dlx", "#")
    channel.queue_declare("work", durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 2, "x-dead-letter-exchange": "dlx"})
    channel.basic_publish("", "work", b"poison", pika.BasicProperties(delivery_mode=2))
    counts = []
    for _ in range(3):
        method, found, _ = get(channel, "work")
        counts.append((found.headers or {}).get("x-delivery-count"))
        channel.basic_nack(method.delivery_tag, requeue=True)
    method, found, body = get(channel, "dead")
    channel.basic_ack(method.delivery_tag)
    (death,) = found.headers["x-death"]
    emit("dead", body=body.decode(), counts=counts, reason=death["reason"], queue=death["queue"], count=death["count"], timed=type(death["time"]).__name__)
    connection.close()


SCENARIOS = [
    confirms, consuming, refusals, properties, heartbeats, blocked, closed_by_broker, select_adapter, asyncio_adapter, dead_letters,
]
start({scenario.__name__: scenario for scenario in SCENARIOS})
