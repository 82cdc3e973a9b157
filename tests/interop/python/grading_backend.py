"""A backend of grading on aio-pika: essays and recordings as lines of JSON in, results as lines of JSON out.

    RABBITMQ_URL=amqp://localhost/ python grading_backend.py < essays.jsonl

A line has task_type, prompt, student_answer and target_level, or part_number, audio_url and target_level; job_id is made where it is
missing. It ends when its input has ended and every job has its result.
"""

import asyncio
import json
import os
import sys
import uuid
from typing import Any, Dict, Set

import aio_pika
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection

URL = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@localhost/")
QUEUES = {
    "writing": os.environ.get("WRITING_QUEUE", "writing_queue"),
    "speaking": os.environ.get("SPEAKING_QUEUE", "speaking_queue"),
    "result": os.environ.get("RESULT_QUEUE", "result_queue"),
}


async def connect() -> AbstractRobustConnection:
    """A connection that comes back by itself. The first one has to be waited for."""
    while True:
        try:
            return await aio_pika.connect_robust(URL, reconnect_interval=1)
        except ConnectionError as error:
            print(f"There is no broker yet: {error}", file=sys.stderr)
            await asyncio.sleep(1)


async def declare(channel: AbstractChannel) -> "tuple[AbstractExchange, AbstractQueue]":
    """The exchange and the three queues, as the grading declares them too: whoever comes first."""
    exchange = await channel.declare_exchange("ai_grading", ExchangeType.DIRECT, durable=True)
    for routing_key, name in QUEUES.items():
        queue = await channel.declare_queue(name, durable=True)
        await queue.bind(exchange, routing_key)
    return exchange, queue


async def publish(exchange: AbstractExchange, job: Dict[str, Any]) -> None:
    """Returns when the broker has the job on disk; publishes it again if the connection is lost before."""
    message = Message(json.dumps(job).encode(), content_type="application/json", delivery_mode=DeliveryMode.PERSISTENT, message_id=job["job_id"])
    while True:
        try:
            await exchange.publish(message, routing_key="speaking" if "audio_url" in job else "writing")
            return
        except Exception as error:  # Whatever has ended the connection is raised here as it is.
            print(f"{job['job_id']} is published again: {error!r}", file=sys.stderr)
            await asyncio.sleep(0.5)


class Backend:
    """Which jobs wait for their results."""

    def __init__(self) -> None:
        self.waiting: Set[str] = set()
        self.is_read = False
        self.done = asyncio.Event()

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Takes a result once: after a crash it may come again, word for word."""
        async with message.process():
            result = json.loads(message.body)
            if result["job_id"] in self.waiting:
                self.waiting.remove(result["job_id"])
                print(json.dumps(result), flush=True)
        self.end_if_done()

    def end_if_done(self) -> None:
        if self.is_read and not self.waiting:
            self.done.set()


async def main() -> None:
    backend = Backend()
    async with await connect() as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.set_qos(prefetch_count=10)
        exchange, results = await declare(channel)
        await results.consume(backend.take)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            job = {"job_id": str(uuid.uuid4()), "user_id": 1, "attempt_id": 1, "question_id": 1, "callback_url": "", **json.loads(line)}
            backend.waiting.add(job["job_id"])
            await publish(exchange, job)
        backend.is_read = True
        backend.end_if_done()
        await backend.done.wait()


if __name__ == "__main__":
    asyncio.run(main())
