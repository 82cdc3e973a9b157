"""The Celery application of the scenarios: the worker's program, and the tasks the scenarios send."""

import os
import time

from celery import Celery

app = Celery("warren", broker=os.environ["RABBITMQ_URL"], backend="rpc://")
app.conf.update(
    broker_connection_retry=True,
    result_expires=300,
    task_send_sent_event=True,
    worker_send_task_events=True,
    worker_prefetch_multiplier=1,
)


@app.task
def add(one: int, other: int) -> int:
    return one + other


@app.task
def total(numbers: list) -> int:
    return sum(numbers)


@app.task
def fail(message: str) -> None:
    raise LookupError(message)


@app.task(bind=True, max_retries=3)
def succeed_at(self, attempt: int) -> dict:
    if self.request.retries + 1 < attempt:
        raise self.retry(countdown=0.1)
    return {"attempts": self.request.retries + 1, "redelivered": self.request.delivery_info["redelivered"]}


@app.task
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "awake"


@app.task
def touch(path: str, seconds: float = 0) -> None:
    with open(path, "w", encoding="utf-8"):
        pass
    time.sleep(seconds)


@app.task(bind=True, acks_late=True, reject_on_worker_lost=True)
def late(self, path: str) -> dict:
    """The first time it writes the file and holds on; the second time, in whatever process, it finds it there."""
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as marks:
            marks.write(str(os.getpid()))
        time.sleep(600)
    return {"redelivered": self.request.delivery_info["redelivered"]}


@app.task(bind=True)
def progress(self, steps: int) -> int:
    for step in range(1, steps + 1):
        self.update_state(state="PROGRESS", meta={"step": step})
    return steps
