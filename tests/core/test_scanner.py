"""The virus scanner: what clamd says, and every way in which it can say nothing."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from portal.config import Settings
from portal.core import scanner
from portal.core.scanner import Scanner, ScannerDown, TooLargeToScan, Verdict
from tests.conftest import make_settings
from tests.scanners import CLAMD, SIGNATURE, ScannerServer, clamd, eicar, server

MEGABYTE = 1024 * 1024


def chunks(content: bytes, size: int = 100_000) -> Iterator[bytes]:
    yield from (content[start : start + size] for start in range(0, len(content), size))


@pytest.fixture
def fake() -> Iterator[ScannerServer]:
    with server() as made:
        yield made


def asked(fake: ScannerServer, *, seconds: float = 5) -> Scanner:
    return Scanner(fake.address, seconds=seconds)


def test_the_bytes_arrive_whole_whatever_their_chunks(fake: ScannerServer) -> None:
    content = bytes(range(256)) * 2000
    assert asked(fake).scan(chunks(content, 150_001)) == Verdict()
    assert asked(fake).scan(iter(())) == Verdict()
    assert fake.scans == [content, b""]


def test_a_virus_is_named(fake: ScannerServer) -> None:
    found = asked(fake).scan([b"a" * 70_000 + eicar()])
    assert (found, found.is_safe) == (Verdict(SIGNATURE), False)


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\0", b"stream: OK", b"OK\0", b"stream: OK\nstream: X FOUND\0", b"stream:  FOUND\0", b"x" * 9000,
        b"stream: Can't allocate memory ERROR\0", b"UNKNOWN COMMAND\0", b"\xff\xfe\0", b"stream: OK FOUNDX\0",
    ],
)  # fmt: skip
def test_what_is_no_verdict_says_nothing_about_the_file(answer: bytes, fake: ScannerServer) -> None:
    fake.answer = lambda *_: answer
    with pytest.raises(ScannerDown):
        asked(fake).scan([b"x"])


@given(st.binary(max_size=300))
def test_no_garbage_is_taken_for_a_verdict(answer: bytes) -> None:
    text = answer.decode("utf-8", "replace").strip()
    if text == "stream: OK" or text.endswith(" FOUND") or text.startswith("INSTREAM size limit"):
        return
    with pytest.raises(ScannerDown):
        scanner._judged(text)


def test_a_scanner_that_does_not_answer_in_time(fake: ScannerServer) -> None:
    def late(*_: object) -> bytes:
        time.sleep(1)
        return b"stream: OK\0"

    fake.answer = late
    with pytest.raises(ScannerDown, match="did not answer in time"):
        asked(fake, seconds=0.2).scan([b"x"])


def test_a_scanner_that_stops_taking_the_file() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ScannerDown, match="stopped taking the file"):
            Scanner(address, seconds=0.3).scan(chunks(b"x" * 40 * MEGABYTE))


def test_a_scanner_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    for address in (f"127.0.0.1:{free}", str(tmp_path / "none.sock"), "/" + "x" * 200):
        with pytest.raises(ScannerDown, match="cannot be reached"):
            Scanner(address, seconds=1).scan([b"x"])
        assert not Scanner(address, seconds=1).is_alive()


def test_larger_than_it_takes_is_an_answer_of_its_own(fake: ScannerServer) -> None:
    fake.limit = 300_000
    for _ in range(5):
        with pytest.raises(TooLargeToScan):
            asked(fake).scan(chunks(b"x" * 8 * MEGABYTE))
    assert asked(fake).is_alive()


def test_a_fault_of_the_file_passes_through(fake: ScannerServer) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("store")

    with pytest.raises(KeyError):
        asked(fake).scan(broken())


@pytest.mark.skipif(CLAMD is None, reason="clamd is not installed; .ci/run installs it")
def test_the_real_clamd() -> None:
    with clamd(most_megabytes=1) as path:
        real = Scanner(path, seconds=20)
        assert real.is_alive()
        assert real.scan([b"nothing"]) == Verdict()
        assert real.scan([]) == Verdict()
        found = real.scan([b"x" * 100_000, eicar()[:20], eicar()[20:], b"more"])
        assert found == Verdict(f"{SIGNATURE}.UNOFFICIAL")
        for _ in range(3):
            with pytest.raises(TooLargeToScan):
                real.scan(chunks(b"x" * 30 * MEGABYTE))
        assert real.scan([b"still there"]).is_safe


@pytest.mark.parametrize(
    "value", ["10.0.0.5:3310", "scanner.example:3310", "localhost", "localhost:99999", "run/clamd.sock", "127.0.0.1:0"]
)
def test_files_do_not_leave_the_machine_to_be_scanned(value: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="CLAMD_SOCKET is a path, or"):
        make_settings("", tmp_path, clamd_socket=value)


@pytest.mark.parametrize("value", ["/run/clamav/clamd.ctl", "localhost:3310", "127.0.0.1:3310", "[::1]:3310"])
def test_addresses_of_this_machine(value: str, tmp_path: Path) -> None:
    app = Flask("scanner")
    app.config["SETTINGS"] = make_settings("", tmp_path, clamd_socket=value)
    scanner.init_app(app)
    with app.app_context():
        assert scanner.configured() is not None


def test_ipv6_addresses_are_taken_apart() -> None:
    assert scanner.split_address("[::1]:3310") == ("::1", 3310)


def test_production_without_a_scanner_says_so_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def start(**values: str) -> list[str]:
        caplog.clear()
        settings = Settings.model_validate(
            {
                "portal_env": "production", "database_url": "postgresql://x", "secret_key": "k" * 40,
                "password_salt": "s" * 40, "totp_secrets": {"1": "x"}, "base_url": "https://x", "data_dir": tmp_path,
            }
            | values
        )  # fmt: skip
        with caplog.at_level(logging.WARNING):
            scanner.report_at_start(settings)
        return caplog.messages

    assert start() == ["CLAMD_SOCKET is not set: uploaded files are not checked for viruses"]
    assert start(clamd_socket="/run/clamd.ctl") == []
