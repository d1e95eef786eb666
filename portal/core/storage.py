"""Files by key, in a local folder, in memory (tests) or in an S3-compatible store: one API over obstore.

Bytes stream through in chunks and never stand whole in memory.  The object store knows keys only; names, types and
who may read them are columns of the features.  Nothing here logs what a file holds.
"""

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import obstore
from flask import Flask, current_app
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from portal.config import Settings

READ_BYTES = 256 * 1024
PART_BYTES = 5 * 1024 * 1024  # the smallest part of a multi-part upload that S3 takes
LOCAL_PART_BYTES = 1024 * 1024  # a folder takes any: a worker holds two parts at a time
LIST_AT_ONCE = 1000
UNFINISHED = re.compile(r".+#\d+")  # how the local store names a file that is being written
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class StorageError(Exception):
    """Anything that this module refuses or cannot do."""


class StorageDown(StorageError):
    """The store cannot be reached, or refuses us: nothing about the file is known.  Answer 503."""


class Missing(StorageError):
    """There is no object of that key."""


class TooLarge(StorageError):
    """The stream holds more than may be stored; nothing was kept.  `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


@dataclass(frozen=True)
class Stored:
    """What was put: the key to find it by, its size in bytes, the SHA-256 of its bytes in hexadecimal."""

    key: str
    size: int
    sha256: str


class Storage:
    """The store of one application.  Every method raises StorageDown where the store cannot be reached."""

    def __init__(self, store: ObjectStore, *, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes

    def put(self, stream: BinaryIO, *, key: str | None = None, max_bytes: int | None = None) -> Stored:
        """Store what the stream holds from where it stands, at once or not at all.

        In: a binary stream, a key (random when None; an object of that key is replaced) and a limit other than the
        deployment's.  Raises TooLarge; what reading the stream raises passes through.  Nothing is kept then.
        """
        key = new_key() if key is None else _checked(key)
        limit = self._max_bytes if max_bytes is None else max_bytes
        digest = hashlib.sha256()
        size = 0

        def chunks() -> Iterator[bytes]:
            nonlocal size
            while chunk := stream.read(READ_BYTES):
                size += len(chunk)
                if size > limit:
                    raise TooLarge(limit)
                digest.update(chunk)
                yield chunk

        with _named_errors(key, reading=False):
            # An error out of the iterator aborts the upload; two parts at a time bound the memory.
            part = LOCAL_PART_BYTES if isinstance(self._store, LocalStore) else PART_BYTES
            obstore.put(self._store, key, _Passing(chunks()), chunk_size=part, max_concurrency=2)
        return Stored(key, size, digest.hexdigest())

    def get(self, key: str) -> Iterator[bytes]:
        """The object in chunks.  Raises Missing at once, before the first chunk is asked for."""
        with _named_errors(key):
            found = obstore.get(self._store, _checked(key))

        def chunks() -> Iterator[bytes]:
            with _named_errors(key):
                for chunk in found.stream(min_chunk_size=READ_BYTES):
                    yield bytes(chunk)

        return chunks()

    def read(self, key: str) -> bytes:
        """The whole object: for what is known to be small.  Raises Missing."""
        return b"".join(self.get(key))

    @property
    def max_bytes(self) -> int:
        """The largest object that is taken, in bytes."""
        return self._max_bytes

    @contextmanager
    def open_temporary(self, key: str) -> Iterator[Path]:
        """A local copy under a temporary name, for libraries that want a file; gone afterwards.  Raises Missing."""
        with tempfile.NamedTemporaryFile(prefix="portal-") as file:
            for chunk in self.get(key):
                file.write(chunk)
            file.flush()
            yield Path(file.name)

    def delete(self, key: str) -> None:
        """Delete the object; deleting what is not there is no error."""
        try:
            with _named_errors(key):
                obstore.delete(self._store, _checked(key))
        except Missing:
            pass

    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        try:
            with _named_errors(key):
                obstore.head(self._store, _checked(key))
        except Missing:
            return False
        return True

    def all(self) -> Iterator[list[tuple[str, datetime]]]:
        """Every object, in batches of (key, when it was last written)."""
        with _named_errors("all objects"):
            for batch in obstore.list(self._store, chunk_size=LIST_AT_ONCE):
                yield [(found["path"], found["last_modified"]) for found in batch]

    def sweep_unfinished(self, before: datetime) -> int:
        """Delete what writes that were killed half-way left in a local folder.  Out: how many.

        Other kinds of stores keep unfinished parts where only they can delete them.
        """
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return 0
        found = 0
        for path in Path(self._store.prefix).rglob("*#*"):
            if UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
                found += 1
        return found


class _StreamFailed(Exception):
    """Carries an error of the caller's stream through obstore, whose own errors it could be mistaken for."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Passing:
    """An iterator whose errors pass obstore unmistaken; `_named_errors` gives back the original."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            raise
        except Exception as error:
            raise _StreamFailed(error) from None


@contextmanager
def _named_errors(key: str, *, reading: bool = True) -> Iterator[None]:
    """Turn the errors of obstore into ours; its messages, which quote addresses and answers, stay out of ours."""
    try:
        yield
    except _StreamFailed as failure:
        raise failure.error from None
    except FileNotFoundError as error:
        if reading and "NoSuchBucket" not in str(error):
            raise Missing(key) from None
        raise StorageDown("the store has no such bucket or folder") from error
    except (BaseError, OSError) as error:
        raise StorageDown(f"the store failed on {key}") from error


def new_key() -> str:
    """A random key, spread over folders: `ab/cd/…`."""
    token = secrets.token_hex(20)
    return f"{token[:2]}/{token[2:4]}/{token[4:]}"


def _checked(key: str) -> str:
    """The key, if it is plain; a key that could leave its folder raises ValueError."""
    if not KEY.fullmatch(key):
        raise ValueError("a key is letters, digits, dots, dashes and slashes")
    return key


def open_store(settings: Settings) -> ObjectStore:
    """The store that the settings name.  Raises ValueError for an address of another kind."""
    address = urlsplit(settings.storage_url)
    if not settings.storage_url:
        return LocalStore(settings.data_dir / "files", mkdir=True)
    if address.scheme == "memory":
        return MemoryStore()
    if address.scheme != "s3" or not address.netloc:
        raise ValueError("STORAGE_URL is empty, memory:// or s3://bucket/prefix")
    chosen = {
        "endpoint": settings.storage_endpoint,
        "access_key_id": settings.storage_access_key,
        "secret_access_key": settings.storage_secret_key,
    }
    return S3Store(
        address.netloc,
        prefix=address.path.strip("/") or None,
        region=settings.storage_region,
        client_options={
            "allow_http": settings.storage_endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=2),
            "timeout": timedelta(seconds=20),
        },
        # A person waits: better a quick and honest "try again" than a page that hangs.
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=5)},
        **{name: value for name, value in chosen.items() if value},  # type: ignore[arg-type]
    )


def init_app(app: Flask) -> None:
    """Attach the store that the settings name."""
    settings: Settings = app.config["SETTINGS"]
    app.extensions["storage"] = Storage(open_store(settings), max_bytes=settings.max_upload_bytes)


def _storage() -> Storage:
    storage: Storage = current_app.extensions["storage"]
    return storage


def put(stream: BinaryIO, *, key: str | None = None, max_bytes: int | None = None) -> Stored:
    """`Storage.put` of the present application."""
    return _storage().put(stream, key=key, max_bytes=max_bytes)


def get(key: str) -> Iterator[bytes]:
    """`Storage.get` of the present application; the chunks may be read after its context is gone."""
    return _storage().get(key)


def read(key: str) -> bytes:
    """`Storage.read` of the present application."""
    return _storage().read(key)


def limit() -> int:
    """`Storage.max_bytes` of the present application."""
    return _storage().max_bytes


@contextmanager
def open_temporary(key: str) -> Iterator[Path]:
    """`Storage.open_temporary` of the present application."""
    with _storage().open_temporary(key) as path:
        yield path


def delete(key: str) -> None:
    """`Storage.delete` of the present application."""
    _storage().delete(key)


def exists(key: str) -> bool:
    """`Storage.exists` of the present application."""
    return _storage().exists(key)


def everything() -> Iterator[list[tuple[str, datetime]]]:
    """`Storage.all` of the present application."""
    return _storage().all()


def sweep_unfinished(before: datetime) -> int:
    """`Storage.sweep_unfinished` of the present application."""
    return _storage().sweep_unfinished(before)
