"""The same load for Celery: tasks that do nothing, with results over rpc://. Run by ./bench jobs.

    celery --app noop worker --pool prefork --concurrency 2
    python3 noop.py JOBS WINDOW PACED_JOBS PACED_RATE   prints one line of JSON
"""
import json
import os
import sys
import time

from celery import Celery

app = Celery("noop", broker=os.environ["CELERY_BROKER"], backend="rpc://")
app.conf.update(
    task_serializer="json", result_serializer="json", accept_content=["json"],
    # As the documentation tunes short tasks; confirms and durable queues as Warren has them.
    worker_prefetch_multiplier=100, broker_transport_options={"confirm_publish": True},
    task_default_delivery_mode="persistent", result_persistent=True, task_acks_late=True,
)


@app.task(name="noop")
def noop(number):
    return number


def throughput(jobs, window):
    start = time.monotonic()
    pending = []
    for number in range(jobs):
        # Results come while we wait for one, so waiting for the oldest is the window.
        pending.append(noop.delay(number))
        if len(pending) >= window:
            pending.pop(0).get(timeout=120)
    for result in pending:
        result.get(timeout=120)
    return jobs / (time.monotonic() - start)


def latency(jobs, rate):
    times = []
    begin = time.monotonic()
    for number in range(jobs):
        pause = begin + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        start = time.monotonic()
        noop.delay(number).get(timeout=60, interval=0.001)
        times.append((time.monotonic() - start) * 1000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]


if __name__ == "__main__":
    jobs, window, paced, rate = (int(argument) for argument in sys.argv[1:5])
    throughput(min(jobs, 500), window)
    speed = throughput(jobs, window)
    p50, p99 = latency(paced, rate)
    print(json.dumps({"rate": speed, "p50": p50, "p99": p99}), flush=True)
