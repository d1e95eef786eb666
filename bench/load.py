"""A closed-loop client on kept-alive connections, and what the server's processes spent meanwhile."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True)
class Call:
    """One request, repeated: method, path, and what is sent."""

    path: str
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    expected: int = 200


@dataclass(frozen=True)
class Cost:
    """What one page cost: CPU milliseconds of the server's processes a request, bytes a body, requests a second."""

    cpu_ms: float
    size: int
    rate: float


def server_seconds(pid: int) -> float:
    """User and system seconds of a process and its children."""
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system
    return total


def server_memory(pid: int) -> int:
    """Resident bytes of a process and its children."""
    root = psutil.Process(pid)
    return sum(process.memory_info().rss for process in (root, *root.children(recursive=True)))


def measure(port: int, pid: int, call: Call | Callable[[int], Call], *, requests: int, clients: int = 2) -> Cost:
    """Send the same request many times.  Raises AssertionError when an answer is not the expected one."""
    make = call if callable(call) else lambda _number: call
    for number in range(clients * 2):  # warm every worker
        _one(http.client.HTTPConnection("127.0.0.1", port, timeout=60), make(number))
    sizes: list[int] = []
    failures: list[str] = []
    before, started = server_seconds(pid), time.perf_counter()
    threads = [
        threading.Thread(target=_client, args=(port, make, range(n, requests, clients), sizes, failures))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent, elapsed = server_seconds(pid) - before, time.perf_counter() - started
    assert not failures, failures[0]
    return Cost(spent * 1000 / requests, sum(sizes) // len(sizes), requests / elapsed)


def _client(port: int, make: Callable[[int], Call], numbers: range, sizes: list[int], failures: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in numbers:
        try:
            sizes.append(_one(connection, make(number)))
        except (AssertionError, OSError) as error:
            failures.append(str(error))
            return
    connection.close()


def _one(connection: http.client.HTTPConnection, call: Call) -> int:
    connection.request(call.method, call.path, body=call.body or None, headers=call.headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == call.expected, f"{call.method} {call.path} answered {answer.status}: {body[:200]!r}"
    return len(body)


@contextmanager
def peak_memory(pid: int) -> Iterator[list[int]]:
    """Watch resident memory meanwhile.  Out: a list whose one item is the peak in bytes, filled at the end."""
    peak = [server_memory(pid)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], server_memory(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
