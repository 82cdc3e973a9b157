"""Celery by itself on a broker, a prefork worker and its clients: one scenario per process, told as JSON lines (see ../README.md)."""

import datetime
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Callable, List

from celery import Celery, chain, group
from celery.exceptions import TaskRevokedError

from celery_app import add, app, fail, late, progress, sleep, succeed_at, total, touch
from scenario import URL, command, emit, start

PATIENCE = 60
workers: List["subprocess.Popen[bytes]"] = []


def until(ask: Callable[[], Any]) -> Any:
    """Asks until there is an answer; the scenario's own limit ends it."""
    waiting = threading.Event()
    while not (answer := ask()):
        waiting.wait(0.05)
    return answer


def begin_worker(name: str = "one", processes: int = 2) -> "subprocess.Popen[bytes]":
    # Its own group, so that the children of a killed worker are killed with it.
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-n", f"{name}@test", "-P", "prefork", "-c", str(processes), "-l", "INFO"],
        cwd=Path(__file__).parent, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True)
    workers.append(worker)
    until(lambda: app.control.ping([f"{name}@test"], timeout=1))
    emit("worker", name=name)
    return worker


def kill(worker: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # It has ended by itself.


def end() -> None:
    for worker in workers:
        kill(worker)


def tasks() -> None:
    begin_worker()
    emit("ping", replies=until(lambda: app.control.ping(timeout=1, limit=1)))
    emit("delay", result=add.delay(2, 3).get(timeout=PATIENCE))
    emit("many", right=sum(result.get(timeout=PATIENCE) == 2 * number for number, result in enumerate([add.delay(n, n) for n in range(100)])))
    sent = datetime.datetime.now(datetime.timezone.utc)
    emit("countdown", result=add.apply_async((1, 1), countdown=1).get(timeout=PATIENCE), waited=_since(sent) >= 1)
    sent = datetime.datetime.now(datetime.timezone.utc)
    emit("eta", result=add.apply_async((2, 2), eta=sent + datetime.timedelta(seconds=1)).get(timeout=PATIENCE), waited=_since(sent) >= 1)
    emit("group", results=group(add.s(number, 1) for number in range(10)).apply_async().get(timeout=PATIENCE))
    emit("chain", result=chain(add.s(1, 2), add.s(3), add.s(4)).apply_async().get(timeout=PATIENCE))
    emit("total", result=total.delay(list(range(100_000))).get(timeout=PATIENCE))
    emit("retries", **succeed_at.delay(3).get(timeout=PATIENCE))
    failed = fail.delay("no such user")
    try:
        failed.get(timeout=PATIENCE)
    except LookupError as error:
        emit("failed", state=failed.state, message=str(error), traceback="celery_app.py" in failed.traceback)
    states = []
    progress.delay(3).get(timeout=PATIENCE, on_message=lambda message: states.append(message["status"]))
    emit("progress", states=states)
    emit("expired", state=_state_of(add.apply_async((1, 1), expires=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))))


def _since(moment: datetime.datetime) -> float:
    return (datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds()


def _state_of(result: Any) -> str:
    try:
        result.get(timeout=PATIENCE)
    except TaskRevokedError:
        pass  # Asked for; the state tells it.
    return result.state


def control() -> None:
    """Remote control travels over a fanout of its own and answers over queues that come and go."""
    begin_worker(processes=1)
    inspect = app.control.inspect(timeout=2)

    def told(ask: Callable[[], Any]) -> Any:
        # Who is not answered in time is told nothing, and asks again.
        return until(ask)["one@test"]

    emit("ping", replies=until(inspect.ping))
    emit("registered", add="celery_app.add" in told(inspect.registered))
    emit("queues", names=[queue["name"] for queue in told(inspect.active_queues)])

    waiting = add.apply_async((1, 1), countdown=3600)
    until(lambda: told(inspect.scheduled))
    waiting.revoke()
    until(lambda: waiting.id in told(inspect.revoked))
    emit("revoked")

    running = sleep.delay(3600)
    until(lambda: [task for task in told(inspect.active) if task["id"] == running.id])
    app.control.revoke(running.id, terminate=True)
    emit("terminated", state=_state_of(running))
    emit("alive", result=add.delay(1, 1).get(timeout=PATIENCE))

    app.control.add_consumer("extra", reply=True)
    emit("extra", result=add.apply_async((4, 4), queue="extra").get(timeout=PATIENCE))
    app.control.cancel_consumer("extra", reply=True)
    app.control.shutdown()
    emit("shutdown", code=workers[0].wait(PATIENCE))


def events() -> None:
    """Task and worker events over the topic exchange celeryev."""
    begin_worker()
    seen: List[str] = []
    ready = threading.Event()
    with app.connection_for_read() as connection:

        def note(event: Any) -> None:
            if event["type"] == "worker-heartbeat":
                ready.set()
            elif event.get("uuid") == "known":
                seen.append(event["type"])

        receiver = app.events.Receiver(connection, handlers={"*": note})

        # In a thread of its own until the scenario ends: it has no other way to wait for a single event.
        threading.Thread(target=lambda: receiver.capture(limit=None, timeout=None, wakeup=True), daemon=True).start()
        ready.wait(PATIENCE)
        add.apply_async((1, 2), task_id="known").get(timeout=PATIENCE)
        until(lambda: len(seen) == 4)
        emit("events", types=sorted(seen))


def reconnect() -> None:
    """The broker closes every connection: the worker comes back, the client sends on, tasks that were waiting are done."""
    begin_worker(processes=1)
    emit("before", result=add.delay(1, 1).get(timeout=PATIENCE))
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, str(number)) for number in range(3)]
        touch.delay(paths[0], seconds=2)
        touch.delay(paths[1])
        until(lambda: os.path.exists(paths[0]))
        emit("working")
        command()
        touch.apply_async((paths[2],), retry=True)
        until(lambda: all(os.path.exists(path) for path in paths))
    # The queue of this client's results went with its connection, and Celery makes no other: results are for a new client.
    with Celery(broker=URL, backend="rpc://") as client:
        emit("after", result=client.send_task("celery_app.add", (2, 2)).get(timeout=PATIENCE), ping=bool(until(lambda: client.control.ping(timeout=1))))


def worker_lost() -> None:
    """A worker that is killed leaves its unacknowledged task to the next."""
    first = begin_worker("one", processes=1)
    with tempfile.TemporaryDirectory() as directory:
        mark = os.path.join(directory, "mark")
        result = late.delay(mark)
        until(lambda: os.path.exists(mark))
        kill(first)
        first.wait()
        emit("killed")
        begin_worker("two", processes=1)
        emit("done", **result.get(timeout=PATIENCE))


start({scenario.__name__: scenario for scenario in (tasks, control, events, reconnect, worker_lost)}, at_end=end)
