"""`python -m bench.uploads`: files of 20 MB go up, one after the other, on two workers.

Prints by how much each worker grows meanwhile, and fails where that is more than 5 MB, or where a file is not kept.
"""

import argparse
import http.client
import sys
import threading
import time

import psutil
from rich.console import Console
from sqlalchemy import func, select

from bench.applicants import Applicant, file_body, make_applicants, one_page
from bench.fresh import fresh_portal
from bench.run import server
from portal import create_app
from portal.applications.models import Document
from portal.core.db import db

SIZE = 20 * 1024 * 1024 - 10_000
MOST_GROWTH = 5_000_000
console = Console()


def main() -> None:
    """Send the files and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=12)
    chosen = options.parse_args()
    small, large = one_page(), one_page(SIZE)
    with fresh_portal() as settings:
        app = create_app(settings)
        with app.app_context():
            applicants = make_applicants(app, chosen.files, with_file=True)
        with server("granian", "wsgi:app", settings) as (port, pid):
            for applicant in applicants:
                send(port, applicant, "small.pdf", small)  # each worker has read a file before
            watch = Watch(pid)
            started = time.perf_counter()
            for applicant in applicants:
                send(port, applicant, "large.pdf", large)
            seconds = time.perf_counter() - started
            growth = watch.stop()
        with app.app_context():
            kept = db.session.scalar(select(func.count()).where(Document.size == len(large)))
    console.print(
        f"{kept} of {chosen.files} files of {len(large) / 1e6:.1f} MB kept, {seconds / chosen.files:.2f} s each; "
        f"workers grew by {' and '.join(f'{grown / 1e6:.1f} MB' for grown in growth)} at most"
    )
    sys.exit(kept != chosen.files or max(growth) > MOST_GROWTH)


def send(port: int, applicant: Applicant, name: str, content: bytes) -> None:
    """Upload a file by the plain form of the section.  Raises AssertionError where it is not taken."""
    body, headers = file_body(applicant, name, content)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", f"{applicant.path}/sections/{applicant.section_id}", body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303, f"{name} was answered {answer.status}"


class Watch:
    """The memory of a server's workers from now on, fifty times a second."""

    def __init__(self, pid: int) -> None:
        self.workers = psutil.Process(pid).children(recursive=True)
        self.idle = [worker.memory_info().rss for worker in self.workers]
        self.peak = list(self.idle)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.done.wait(0.02):
            sizes = [worker.memory_info().rss for worker in self.workers]
            self.peak = [max(pair) for pair in zip(self.peak, sizes, strict=True)]

    def stop(self) -> list[int]:
        """By how many bytes each process grew above what it held at the beginning."""
        self.done.set()
        self.thread.join()
        return [peak - idle for peak, idle in zip(self.peak, self.idle, strict=True)]


if __name__ == "__main__":
    main()
