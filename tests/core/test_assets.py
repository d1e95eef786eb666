"""Static files: hashed addresses, compressed, kept for a year, built once by however many processes."""

import gzip
import multiprocessing
import os
import time
from pathlib import Path

import brotli
import pytest
from flask import Flask, render_template_string
from werkzeug.test import TestResponse

from portal.config import Environment, Settings
from portal.core import assets


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask("assets", static_folder=None)
    app.config["SETTINGS"] = Settings(portal_env=Environment.TEST, data_dir=tmp_path)
    assets.init_app(app)
    return app


def url(app: Flask, name: str) -> str:
    built: assets.Assets = app.extensions["assets"]
    return built.url(name)


def fetch(app: Flask, path: str, accepted: str = "identity") -> TestResponse:
    """The answer, its file closed."""
    return app.test_client().get(path, headers={"Accept-Encoding": accepted}, buffered=True)


def test_a_file_is_served_for_a_year(app: Flask) -> None:
    answer = fetch(app, url(app, "css/bootstrap.min.css"))
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "max-age=31536000, public, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"Bootstrap" in answer.data[:100]


@pytest.mark.parametrize(("accepted", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_text_is_served_compressed(app: Flask, accepted: str, unpack: object) -> None:
    name = url(app, "css/bootstrap.min.css")
    packed = fetch(app, name, accepted)
    assert packed.headers["Content-Encoding"] == accepted
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert callable(unpack)
    assert unpack(packed.data) == fetch(app, name).data


def test_fonts_have_their_type_and_are_not_packed_again(app: Flask) -> None:
    built: assets.Assets = app.extensions["assets"]
    font = next(name for name in sorted(built.names) if name.endswith(".woff2"))
    answer = fetch(app, built.url(font), "br, gzip")
    assert answer.mimetype == "font/woff2"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("name", ["app.js", "app.mjs"])
def test_modules_have_their_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / name).write_text("export {};")
    files = assets.sources(static)
    monkeypatch.setattr(assets, "sources", lambda: files)
    app = Flask("assets", static_folder=None)
    app.config["SETTINGS"] = Settings(portal_env=Environment.TEST, data_dir=tmp_path / "data")
    assets.init_app(app)
    assert fetch(app, url(app, name)).mimetype == "text/javascript"


def test_licences_are_served_with_what_they_cover(app: Flask) -> None:
    ours = {path.relative_to(assets.SOURCE).as_posix() for path in assets.SOURCE.rglob("LICENSE*")}
    assert ours
    built: assets.Assets = app.extensions["assets"]
    assert ours <= built.names


@pytest.mark.parametrize(
    "path", ["{}css/none.css", "{}", "{}css", "{}../secrets.json", "/static/css/bootstrap.min.css"]
)
def test_what_is_not_there_is_404(app: Flask, path: str) -> None:
    base = url(app, "css/bootstrap.min.css").removesuffix("css/bootstrap.min.css")
    assert fetch(app, path.format(base)).status_code == 404


def test_templates_link_to_files_that_exist(app: Flask) -> None:
    with app.app_context():
        assert render_template_string("{{ asset('css/bootstrap.min.css') }}") == url(app, "css/bootstrap.min.css")
        with pytest.raises(KeyError):
            render_template_string("{{ asset('css/none.css') }}")


def test_a_change_changes_every_address_and_old_builds_go(tmp_path: Path) -> None:
    source, folder = tmp_path / "page.css", tmp_path / "assets"
    versions = []
    for number in range(5):
        source.write_text(f"p {{ margin: {number}px }}")
        versions.append(assets.build(folder, {"page.css": source}).version)
        moment = time.time() - 100 + number
        os.utime(folder / versions[-1], (moment, moment))
    assert len(set(versions)) == 5
    assert {path.name for path in folder.iterdir()} == set(versions[-3:])


def test_a_half_build_is_swept_once_it_is_old(tmp_path: Path) -> None:
    source = tmp_path / "page.css"
    source.write_text("p {}")
    for name, age in (("old", 7200), ("new", 0)):
        folder = tmp_path / "assets" / f".building-{name}"
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    assets.build(tmp_path / "assets", {"page.css": source})
    assert not (tmp_path / "assets" / ".building-old").exists()
    assert (tmp_path / "assets" / ".building-new").exists()


def _build(folder: str) -> str:
    return assets.build(Path(folder), assets.sources()).version


def test_processes_may_build_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        versions = set(pool.map(_build, [str(tmp_path)] * 8, chunksize=1))
    assert [path.name for path in tmp_path.iterdir()] == list(versions)


def test_the_second_time_nothing_is_built(tmp_path: Path) -> None:
    def written() -> dict[str, int]:
        return {path.as_posix(): path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    assets.build(tmp_path, assets.sources())
    first = written()
    assert len(first) > 10
    assets.build(tmp_path, assets.sources())
    assert written() == first
