#!/usr/bin/env python3
"""An example of an engine for Warren (docs/reference/process-engine.md): counts words, or sums up the columns of a table.

Needs Python 3.9 and nothing else. Bind it to a kind with

    Warren__Kinds__process_run__Command="python3 engines/example/table_stats.py"

Args are {"text": "...", "top": 10} or {"csv": "a,b\n1,2\n", "delimiter": ","}. The work is done in blocks; after each block
the engine reports how far it is and saves what it has counted, so that a later attempt goes on where this one stopped.
"""
import csv
import io
import json
import re
import signal
import sys
import threading
from collections import Counter
from queue import Queue

BLOCK = 2000  # rows or lines between two reports

# Nothing but lines of the protocol may go to standard output; whatever prints by mistake goes to the log.
out, sys.stdout = sys.stdout, sys.stderr
jobs = Queue()
canceled = set()
saying = threading.Lock()


def say(**message):
    line = json.dumps(message, ensure_ascii=False, allow_nan=False) + "\n"
    with saying:
        out.write(line)
        out.flush()


def read_lines():
    """Reads in a thread of its own, so that a cancel is heard while a job runs."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "cancel":
            canceled.add(message["id"])
        elif message["type"] == "ping":
            say(type="pong")
        elif message["type"] == "job":
            jobs.put(message)
    jobs.put(None)  # the worker is gone


class Stopped(Exception):
    pass


class Invalid(Exception):
    pass


class WordCount:
    def __init__(self, args, state):
        self.lines = args["text"].splitlines()
        self.top = args.get("top", 10)
        if not isinstance(self.top, int) or not 1 <= self.top <= 1000:
            raise Invalid(f"'top' is {self.top!r}; 1 to 1000 was expected.")
        self.counts = Counter(state)

    def take(self, begin, end):
        for line in self.lines[begin:end]:
            self.counts.update(re.findall(r"\w+(?:['’-]\w+)*", line.lower()))

    def state(self):
        return self.counts

    def metrics(self):
        return {"words": sum(self.counts.values()), "different": len(self.counts)}

    def result(self):
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return {**self.metrics(), "lines": len(self.lines), "top": [{"word": w, "count": n} for w, n in ranked[: self.top]]}


class ColumnStats:
    def __init__(self, args, state):
        delimiter = args.get("delimiter", ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1:
            raise Invalid(f"'delimiter' is {delimiter!r}; one character was expected.")
        rows = list(csv.reader(io.StringIO(args["csv"]), delimiter=delimiter))
        if not rows:
            raise Invalid("'csv' is empty; a line with the names of columns was expected.")
        self.names, self.lines = rows[0], rows[1:]
        self.columns = state or [{"count": 0, "missing": 0, "text": 0, "sum": 0.0, "min": None, "max": None} for _ in self.names]

    def take(self, begin, end):
        for row in self.lines[begin:end]:
            for i, column in enumerate(self.columns):
                cell = row[i].strip() if i < len(row) else ""
                if not cell:
                    column["missing"] += 1
                    continue
                try:
                    value = float(cell)
                except ValueError:
                    value = None
                if value is None or value - value != 0:  # neither infinite nor not a number
                    column["text"] += 1
                    continue
                column["count"] += 1
                column["sum"] += value
                column["min"] = value if column["min"] is None else min(column["min"], value)
                column["max"] = value if column["max"] is None else max(column["max"], value)

    def state(self):
        return self.columns

    def metrics(self):
        return {"numbers": sum(column["count"] for column in self.columns)}

    def result(self):
        for column in self.columns:
            column["mean"] = column["sum"] / column["count"] if column["count"] else None
        return {"rows": len(self.lines), "columns": [{"name": name, **column} for name, column in zip(self.names, self.columns)]}


def work_for(args, state):
    for name, work in (("text", WordCount), ("csv", ColumnStats)):
        if isinstance(args, dict) and name in args:
            if not isinstance(args[name], str):
                raise Invalid(f"'{name}' is no text.")
            return work(args, state)
    raise Invalid("The args have neither 'text' nor 'csv'.")


def run(job):
    saved = job.get("checkpoint") or {"done": 0, "state": None}
    work = work_for(job["args"], saved["state"])
    total = len(work.lines)
    for begin in range(saved["done"], total, BLOCK):
        if job["id"] in canceled:
            raise Stopped
        end = min(begin + BLOCK, total)
        work.take(begin, end)
        percent = 100 * end / total
        say(type="progress", id=job["id"], progress=percent, metrics=work.metrics(), message=f"{end} of {total}")
        state = {"done": end, "state": work.state()}
        # What has grown too large to be saved is counted again by the next attempt.
        if len(json.dumps(state, ensure_ascii=False).encode()) <= 64 * 1024:
            say(type="checkpoint", id=job["id"], checkpoint=state, progress=percent)
    return work.result()


def main():
    # A cancel has been asked for before: what is saved is saved.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say(type="ready", protocol=1)
    threading.Thread(target=read_lines, daemon=True).start()
    while True:
        job = jobs.get()
        if job is None:
            return
        try:
            say(type="result", id=job["id"], result=run(job))
        except Stopped:
            say(type="stopped", id=job["id"])
        except Invalid as error:
            say(type="error", id=job["id"], code="process_run.invalid", message=str(error), cause="invalid")
        except Exception as error:  # the job failed; the engine goes on with the next
            say(type="error", id=job["id"], message=f"{type(error).__name__}: {error}")


main()
