"""A plain pika program that knows only docs/reference/wire.md: one role per process, driven over stdin and stdout (see ../README.md)."""

import argparse
import json
import os
import sys
import threading
import time
import uuid
from typing import Any, Callable, Dict, Optional

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ChannelClosedByBroker, NackError, UnroutableError

DEAD_LETTERS = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
lock = threading.Lock()


def work_queue(queue: str) -> Dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": f"{queue}.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def emit(event: str, **fields: Any) -> None:
    with lock:
        print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


def passively(connection: BlockingConnection, look: Callable[[BlockingChannel], Any], make: Callable[[BlockingChannel], Any]) -> None:
    """Uses what exists as it is; makes it on 404, on a new channel because the broker has closed the first."""
    channel = connection.channel()
    try:
        look(channel)
    except ChannelClosedByBroker as closed:
        if closed.reply_code != 404:
            raise
        channel = connection.channel()
        make(channel)
    channel.close()


def ensure_queue(connection: BlockingConnection, queue: str, arguments: Optional[Dict[str, Any]]) -> None:
    passively(
        connection,
        lambda channel: channel.queue_declare(queue, passive=True),
        lambda channel: channel.queue_declare(queue, durable=True, arguments=arguments),
    )


def ensure_exchange(connection: BlockingConnection, exchange: str) -> None:
    passively(
        connection,
        lambda channel: channel.exchange_declare(exchange, passive=True),
        lambda channel: channel.exchange_declare(exchange, "topic", durable=True),
    )


def properties(**more: Any) -> pika.BasicProperties:
    return pika.BasicProperties(content_type="application/json", message_id=str(uuid.uuid4()), timestamp=int(time.time()), **more)


def describe(method: Any, props: pika.BasicProperties, body: bytes) -> Dict[str, Any]:
    headers = {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value for name, value in (props.headers or {}).items()}
    try:
        decoded: Any = json.loads(body)
    except ValueError:
        decoded = None
    return {
        "body": decoded,
        "raw": body.hex(),
        "exchange": method.exchange,
        "routing_key": method.routing_key,
        "message_id": props.message_id,
        "content_type": props.content_type,
        "content_encoding": props.content_encoding,
        "delivery_mode": props.delivery_mode,
        "timestamp": props.timestamp,
        "correlation_id": props.correlation_id,
        "headers": json.loads(json.dumps(headers, default=str)),
    }


def publish(connection: BlockingConnection, options: argparse.Namespace) -> None:
    channel = connection.channel()
    channel.confirm_delivery()
    emit("ready")
    for line in sys.stdin:
        command = json.loads(line)
        exchange = command.get("exchange", options.exchange)
        key = command.get("routing_key", options.routing_key)
        if exchange:
            ensure_exchange(connection, exchange)
        props = properties(delivery_mode=2, headers=command.get("headers"))
        body = bytes.fromhex(command["raw"]) if "raw" in command else json.dumps(command["body"]).encode()
        try:
            channel.basic_publish(exchange, key, body, props, mandatory=exchange == "")
            emit("published", message_id=props.message_id)
        except UnroutableError:
            emit("error", type="unroutable", message=key)
        except NackError:
            emit("error", type="nacked", message=key)


def consume(connection: BlockingConnection, options: argparse.Namespace) -> None:
    if options.exchange:
        ensure_exchange(connection, options.exchange)
    if not options.queue.endswith(".dead"):
        ensure_queue(connection, f"{options.queue}.dead", DEAD_LETTERS)
        ensure_queue(connection, options.queue, work_queue(options.queue))
    else:
        ensure_queue(connection, options.queue, DEAD_LETTERS)
    channel = connection.channel()
    if options.exchange:
        channel.queue_bind(options.queue, options.exchange, options.routing_key)
    channel.basic_qos(prefetch_count=16)

    def handle(channel: BlockingChannel, method: Any, props: pika.BasicProperties, body: bytes) -> None:
        seen = describe(method, props, body)
        if isinstance(seen["body"], dict) and seen["body"].get("fail") and not options.queue.endswith(".dead"):
            channel.basic_nack(method.delivery_tag, requeue=False)  # The queue's arguments send it to the dead letters.
            return
        emit("message", **seen)
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(options.queue, handle)
    run(connection, channel)


def rpc_call(connection: BlockingConnection, options: argparse.Namespace) -> None:
    channel = connection.channel()
    channel.confirm_delivery()
    replies: Dict[str, Any] = {}
    channel.basic_consume("amq.rabbitmq.reply-to", lambda _, __, props, body: replies.update({props.correlation_id: (props, body)}), auto_ack=True)
    emit("ready")
    for line in sys.stdin:
        command = json.loads(line)
        timeout = command.get("timeout", options.timeout)
        correlation = str(uuid.uuid4())
        props = properties(reply_to="amq.rabbitmq.reply-to", correlation_id=correlation, expiration=str(int(timeout * 1000)), delivery_mode=1)
        try:
            channel.basic_publish("", options.queue, json.dumps(command["body"]).encode(), props, mandatory=True)
        except UnroutableError:
            emit("error", type="unroutable", message=options.queue)
            continue
        deadline = time.monotonic() + timeout
        while correlation not in replies and time.monotonic() < deadline:
            connection.process_data_events(time_limit=max(0.0, deadline - time.monotonic()))
        if correlation not in replies:
            emit("error", type="timeout", message=options.queue)
            continue
        answer, body = replies.pop(correlation)
        error = (answer.headers or {}).get("x-warren-error")
        if error is None:
            emit("reply", body=json.loads(body), content_type=answer.content_type)
        else:
            emit("error", type=error, message=json.loads(body)["error"])


def rpc_serve(connection: BlockingConnection, options: argparse.Namespace) -> None:
    ensure_queue(connection, options.queue, None)
    channel = connection.channel()
    channel.basic_qos(prefetch_count=16)

    def handle(channel: BlockingChannel, method: Any, props: pika.BasicProperties, body: bytes) -> None:
        request = json.loads(body)
        emit("request", **describe(method, props, body))
        user_id = request["user_id"]
        if user_id != 0:  # 0 is never answered: the caller's timeout is tested.
            failed = user_id < 0
            reply = {"error": f"no user {user_id}"} if failed else {"user_id": user_id, "username": "ada"}
            answer = properties(correlation_id=props.correlation_id, delivery_mode=1, headers={"x-warren-error": "LookupError"} if failed else None)
            channel.basic_publish("", props.reply_to, json.dumps(reply).encode(), answer)
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(options.queue, handle)
    run(connection, channel)


def listen(connection: BlockingConnection, options: argparse.Namespace) -> None:
    ensure_exchange(connection, options.exchange)
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
    channel.queue_bind(queue, options.exchange, options.routing_key)
    channel.basic_consume(queue, lambda _, method, props, body: emit("message", **describe(method, props, body)), auto_ack=True)
    run(connection, channel)


def run(connection: BlockingConnection, channel: BlockingChannel) -> None:
    """Consumes until the test closes stdin."""

    def wait_for_eof() -> None:
        sys.stdin.read()
        connection.add_callback_threadsafe(channel.stop_consuming)

    threading.Thread(target=wait_for_eof, daemon=True).start()
    emit("ready")
    channel.start_consuming()


ROLES = {"publish": publish, "consume": consume, "rpc-call": rpc_call, "rpc-serve": rpc_serve, "listen": listen}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=sorted(ROLES))
    parser.add_argument("--queue")
    parser.add_argument("--exchange")
    parser.add_argument("--routing-key")
    parser.add_argument("--timeout", type=float, default=10)
    options = parser.parse_args()
    url = os.environ["RABBITMQ_URL"]
    # pika reads no path and "/" as a virtual host without a name.
    parameters = pika.URLParameters(url if url.rstrip("/").count("/") > 2 else url.rstrip("/") + "/%2F")
    connection = pika.BlockingConnection(parameters)
    try:
        ROLES[options.role](connection, options)
    finally:
        connection.close()


main()
