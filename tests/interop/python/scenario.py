"""What the scenarios of all Python clients need: events out, commands in, an end in any case (see ../README.md)."""

import json
import os
import queue
import signal
import sys
import threading
from typing import Any, Callable, Dict

URL = os.environ["RABBITMQ_URL"]
PATIENCE = 120

_commands: "queue.Queue[Any]" = queue.Queue()
_writing = threading.Lock()


def emit(event: str, **fields: Any) -> None:
    with _writing:
        print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


def command() -> Any:
    """The next line of the test; whoever waits for one that never comes is ended."""
    line = _commands.get()
    if line is None:
        raise SystemExit("stdin ended; expected another command")
    return line


def _read(at_end: Callable[[], None]) -> None:
    for line in sys.stdin:
        _commands.put(json.loads(line))
    _commands.put(None)
    at_end()


def start(scenarios: Dict[str, Callable[[], None]], at_end: Callable[[], None] = lambda: None) -> None:
    """Runs the scenario the command line names; it ends with 0, or with words."""
    if len(sys.argv) != 2 or sys.argv[1] not in scenarios:
        raise SystemExit(f"expected one of {' '.join(scenarios)}, found {sys.argv[1:]}")

    def give_up(*_: Any) -> None:
        print(f"{sys.argv[1]} was not done in {PATIENCE} s", file=sys.stderr, flush=True)
        at_end()
        os._exit(1)

    # No broker may keep it for ever.
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    threading.Thread(target=_read, args=(at_end,), daemon=True).start()
    try:
        scenarios[sys.argv[1]]()
    finally:
        at_end()
