"""Static files: gathered once into DATA_DIR/assets/<hash>/, compressed there, and served for a year by WhiteNoise.

The hash is over all contents, so that a changed file has a new address and nothing needs to be asked for again.
"""

import gzip
import hashlib
import os
import shutil
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from wsgiref.headers import Headers

import brotli
from flask import Flask
from whitenoise import WhiteNoise

from portal.config import Settings

SOURCE = Path(__file__).resolve().parents[2] / "static"
BOOTSTRAP = "static/bootstrap5/css/bootstrap.min.css"
TEXT = frozenset({".css", ".js", ".mjs", ".svg", ".txt", ".json", ".html", ".xml", ".map", ".webmanifest", ".ico"})
MIME = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
KEPT = 2  # earlier builds that stay, for pages that were sent before a deployment
ABANDONED_SECONDS = 3600


class Assets:
    """The files of one build, by name."""

    def __init__(self, version: str, names: frozenset[str]) -> None:
        self.version = version
        self.names = names

    def url(self, name: str) -> str:
        """`css/portal.css` -> `/static/<hash>/css/portal.css`.  Raises KeyError for a file that does not exist."""
        if name not in self.names:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


class _Server(WhiteNoise):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise with a year for everything: each address is of one content for ever."""

    FOREVER = 365 * 24 * 60 * 60


def sources(static: Path = SOURCE) -> dict[str, Path]:
    """All files to serve, by name: ours, and Bootstrap's stylesheet out of the wheel of Bootstrap-Flask."""
    spec = find_spec("flask_bootstrap")
    if spec is None or spec.origin is None:
        raise RuntimeError("Bootstrap-Flask is not installed")
    found = {"css/bootstrap.min.css": Path(spec.origin).parent / BOOTSTRAP}
    for path in sorted(static.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            found[path.relative_to(static).as_posix()] = path
    return found


def build(folder: Path, files: dict[str, Path]) -> Assets:
    """Have `folder/<hash>/` hold the files and their compressed forms; several processes may do so at once.

    In: the folder of all builds and the files by name.  Out: what was built, or was there already.
    """
    contents = {name: path.read_bytes() for name, path in files.items()}
    version = _version(contents)
    assets = Assets(version, frozenset(contents))
    target = folder / version
    if target.exists():
        os.utime(target)  # the builds last used are the ones kept
        return assets
    folder.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder, prefix=".building-"))
    try:
        for name, content in contents.items():
            _write(building / name, content)
        building.chmod(0o755)
        building.rename(target)
    except OSError:
        if not target.exists():  # otherwise another process was first, with the same contents
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _sweep(folder, keep=target)
    return assets


def _version(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _write(path: Path, content: bytes) -> None:
    """Write a file, and beside it the compressed forms that WhiteNoise hands out, where they are smaller."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if path.suffix not in TEXT:
        return
    # Brotli's best takes 0.3 s on Bootstrap, once, and saves a seventh over its quick 9.
    forms = {".br": brotli.compress(content, quality=11), ".gz": gzip.compress(content, mtime=0)}
    for suffix, packed in forms.items():
        if len(packed) < len(content):
            path.with_name(path.name + suffix).write_bytes(packed)


def _sweep(folder: Path, *, keep: Path) -> None:
    """Remove earlier builds but the last two, and what a killed process left half built."""

    def age(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except FileNotFoundError:  # another process sweeps too
            return 0.0

    builds = [path for path in folder.iterdir() if path.is_dir()]
    finished = [path for path in builds if not path.name.startswith(".") and path != keep]
    gone = sorted(finished, key=age, reverse=True)[KEPT:]
    gone += [path for path in builds if path.name.startswith(".") and age(path) < time.time() - ABANDONED_SECONDS]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)


def _add_headers(headers: Headers, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def init_app(app: Flask) -> None:
    """Build the assets, serve them below /static/, and give templates `asset(name)`."""
    settings: Settings = app.config["SETTINGS"]
    folder = settings.data_dir / "assets"
    assets = build(folder, sources())
    app.extensions["assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.wsgi_app = _Server(  # type: ignore[method-assign]
        app.wsgi_app,
        root=folder / assets.version,
        prefix=f"/static/{assets.version}/",
        mimetypes=MIME,
        allow_all_origins=False,
        immutable_file_test=lambda path, url: True,
        add_headers_function=_add_headers,
    )
