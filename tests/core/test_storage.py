"""Files go in and come out whole on every kind of store, and failures have names."""

import hashlib
import io
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from portal.config import Environment, Settings
from portal.core import storage

MEGABYTE = 1024 * 1024


def make_app(data_dir: Path, **chosen: Any) -> Flask:
    app = Flask("storage")
    app.config["SETTINGS"] = Settings(portal_env=Environment.TEST, data_dir=data_dir, **chosen)
    storage.init_app(app)
    return app


def s3_settings(server: ThreadedMotoServer) -> dict[str, Any]:
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = s3_client(endpoint)
    client.create_bucket(Bucket="portal")
    return {
        "storage_url": "s3://portal/some/prefix",
        "storage_endpoint": endpoint,
        "storage_access_key": "key",
        "storage_secret_key": "secret",
    }


def s3_client(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )


@pytest.fixture(scope="module")
def moto() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["local", "memory", "s3"], scope="module")
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    chosen: dict[str, Any] = {}
    if request.param == "memory":
        chosen = {"storage_url": "memory://"}
    elif request.param == "s3":
        chosen = s3_settings(request.getfixturevalue("moto"))
    app = make_app(tmp_path_factory.mktemp("data"), **chosen)
    with app.app_context():
        yield app


class Dribble(io.RawIOBase):
    """A stream that hands out as little as it likes, as a network does."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes, self._at, self._turn = data, sizes, 0, 0

    def read(self, size: int = -1) -> bytes:
        most = self._sizes[self._turn % len(self._sizes)]
        self._turn += 1
        chunk = self._data[self._at : self._at + min(most, size)]
        self._at += len(chunk)
        return chunk


@given(
    seed=st.binary(min_size=1, max_size=64),
    size=st.one_of(st.integers(0, 4000), st.integers(0, 7 * MEGABYTE)),
    sizes=st.lists(st.integers(MEGABYTE // 16, MEGABYTE), min_size=1, max_size=5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_comes_out(app: Flask, seed: bytes, size: int, sizes: list[int]) -> None:
    data = (seed * (size // len(seed) + 1))[:size]
    stored = storage.put(Dribble(data, sizes))  # type: ignore[arg-type]
    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert b"".join(storage.get(stored.key)) == data
    storage.delete(stored.key)


def test_keys_are_random_and_spread(app: Flask) -> None:
    first, second = storage.put(io.BytesIO(b"same")), storage.put(io.BytesIO(b"same"))
    assert first.key != second.key
    assert first.sha256 == second.sha256
    assert [len(part) for part in first.key.split("/")] == [2, 2, 36]


def test_an_object_lives_until_it_is_deleted(app: Flask) -> None:
    stored = storage.put(io.BytesIO(b"first"), key="logo/wide.svg")
    assert stored.key == "logo/wide.svg"
    storage.put(io.BytesIO(b"second"), key="logo/wide.svg")
    assert storage.read("logo/wide.svg") == b"second"
    assert storage.exists("logo/wide.svg")
    storage.delete("logo/wide.svg")
    storage.delete("logo/wide.svg")
    assert not storage.exists("logo/wide.svg")


def test_what_is_absent_is_missing(app: Flask) -> None:
    for act in (storage.get, storage.read):
        with pytest.raises(storage.Missing):
            act("no/such/thing")
    with pytest.raises(storage.Missing), storage.open_temporary("no/such/thing"):
        pass


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../secret", "a/../b", "a//b", "a\\b", "a/", ".hidden", "a\n"])
def test_a_key_cannot_leave_its_folder(app: Flask, key: str) -> None:
    with pytest.raises(ValueError, match="a key is"):
        storage.put(io.BytesIO(b""), key=key)
    with pytest.raises(ValueError, match="a key is"):
        storage.read(key)


@pytest.mark.parametrize("limit", [0, 10, 6 * MEGABYTE])
def test_too_large_leaves_nothing(app: Flask, limit: int) -> None:
    with pytest.raises(storage.TooLarge) as refused:
        storage.put(io.BytesIO(b"x" * (limit + 1)), key=f"large/{limit}", max_bytes=limit)
    assert refused.value.limit == limit
    assert not storage.exists(f"large/{limit}")
    assert storage.put(io.BytesIO(b"x" * limit), key=f"large/{limit}", max_bytes=limit).size == limit


def test_the_deployment_s_limit_holds(tmp_path: Path) -> None:
    app = make_app(tmp_path, max_upload_bytes=2000)
    with app.app_context():
        with pytest.raises(storage.TooLarge):
            storage.put(io.BytesIO(b"x" * 2001))
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("error", [OSError("cut"), FileNotFoundError("gone"), ValueError("bad")])
def test_an_error_of_the_stream_passes_and_leaves_nothing(app: Flask, error: Exception) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 6 * MEGABYTE:
                raise error
            return super().read(size)

    with pytest.raises(type(error), match=str(error)):
        storage.put(Broken(b"x" * 8 * MEGABYTE), key="broken")
    assert not storage.exists("broken")


def test_a_temporary_file_is_whole_and_then_gone(app: Flask) -> None:
    stored = storage.put(io.BytesIO(b"%PDF" * 100_000))
    with storage.open_temporary(stored.key) as path:
        assert path.read_bytes() == b"%PDF" * 100_000
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_s3_keeps_no_half_uploads(moto: ThreadedMotoServer, tmp_path: Path) -> None:
    chosen = s3_settings(moto)
    with make_app(tmp_path, **chosen).app_context(), pytest.raises(storage.TooLarge):
        storage.put(io.BytesIO(b"x" * 12 * MEGABYTE), max_bytes=11 * MEGABYTE)
    assert not s3_client(chosen["storage_endpoint"]).list_multipart_uploads(Bucket="portal").get("Uploads")


@pytest.mark.parametrize("failure", ["stopped", "no bucket"])
def test_a_store_that_fails_is_down_and_says_so_quickly(tmp_path: Path, failure: str) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    chosen = s3_settings(server)
    if failure == "stopped":
        server.stop()
    else:
        chosen["storage_url"] = "s3://another"
    with make_app(tmp_path, **chosen).app_context():
        for act in (
            lambda: storage.put(io.BytesIO(b"small")),
            lambda: storage.put(io.BytesIO(b"x" * 11 * MEGABYTE)),
            lambda: storage.read("some/key"),
        ):
            began = time.monotonic()
            with pytest.raises(storage.StorageDown):
                act()
            assert time.monotonic() - began < 6
        if failure == "stopped":  # a HEAD has no body that tells a missing bucket from a missing object
            for ask in (storage.exists, storage.delete):
                with pytest.raises(storage.StorageDown):
                    ask("some/key")
    if failure != "stopped":
        server.stop()


def test_a_folder_that_fails_is_down(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("a file where the folder was")
    with app.app_context(), pytest.raises(storage.StorageDown):
        storage.put(io.BytesIO(b"x"))


def test_memory_stays_flat(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        left = 60 * MEGABYTE

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return b"x" * size

    with make_app(tmp_path, max_upload_bytes=100 * MEGABYTE).app_context():
        tracemalloc.start()
        stored = storage.put(Endless())  # type: ignore[arg-type]
        assert sum(len(chunk) for chunk in storage.get(stored.key)) == stored.size == 60 * MEGABYTE
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 * MEGABYTE


def test_other_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="STORAGE_URL"):
        make_app(tmp_path, storage_url="ftp://example.org")
