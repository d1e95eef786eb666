"""Rules of the house about files, checked without a database: lengths, leftovers, documents that must stay true."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from portal.config import Settings

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "portal").rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LONGEST_FILE = 350
LONGEST_FUNCTION = 50


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> list[Path]:
    """The files of the repository, or of the folder where it is no checkout."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()] or MODULES


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno
        for path in MODULES
        for node in functions(path)
    }
    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_an_import_inside_a_function_says_why() -> None:
    silent = []
    for path in MODULES:
        lines = path.read_text().splitlines()
        for function in functions(path):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    above = lines[node.lineno - 2].strip()
                    beside = lines[node.lineno - 1].partition("# ")[2] + (above if above.startswith("#") else "")
                    if len(re.sub(r"noqa: \S+", "", beside).split()) < 3:
                        silent.append(f"{name(path)}:{node.lineno}")
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    leftovers = [
        f"{name(path)}: {found[0]}"
        for folder in ("portal", "templates", "static", "bench")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".html", ".txt", ".css", ".js", ".toml"}
        for found in [re.search(r"\b(TODO|FIXME|XXX|TEMPORARY)\b", path.read_text())]
        if found
    ]
    assert leftovers == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [name(path) for path in MODULES if {path.stem, path.parent.name} & drawers] == []


def test_nobody_elses_code_is_in_the_repository() -> None:
    packed = [
        name(path)
        for path in tracked()
        if ".min." in path.name
        or (path.suffix in {".js", ".mjs", ".css"} and max(map(len, path.read_text().splitlines()), default=0) > 1000)
    ]
    assert packed == []


@pytest.mark.parametrize("requirements", ["base.txt", "dev.txt"])
def test_requirements_are_pinned_by_hash_and_name_no_place(requirements: str) -> None:
    lines = (ROOT / "requirements" / requirements).read_text().splitlines()
    pins = [(line, following) for line, following in pairwise(lines) if line[:1].isalnum()]
    assert len(pins) > 30
    assert [
        line
        for line, following in pins
        if not (re.fullmatch(r"\S+==\S+ \\", line) and following.lstrip().startswith("--hash=sha256:"))
    ] == []
    assert [line for line in lines if line.startswith("-") or "://" in line] == []


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    documented = dict(rows)
    assert len(rows) == len(documented), "a setting is documented twice"
    assert set(documented) == {field.upper() for field in Settings.model_fields}
    shown = {
        field.upper(): f"`{default}`" if (default := spell(info.get_default(call_default_factory=True))) else "empty"
        for field, info in Settings.model_fields.items()
    }
    assert documented == shown


def spell(default: object) -> str:
    """A default as a person writes it into the environment."""
    if default in ("", {}, None):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_changelog_tells_of_this_version() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == PYPROJECT["project"]["version"]


def contract(title: str) -> list[list[str]]:
    """The layers of an import contract, highest first, each as the names that share it."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    layers = next(entry["layers"] for entry in contracts if title in entry["name"])
    return [re.findall(r"[a-z_]+", layer) for layer in layers]


def test_the_architecture_page_shows_the_order_that_is_checked() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    shown = re.search(r"<!-- order of the packages -->\n```text\n(.*?)```", page, re.DOTALL)
    assert shown
    layers = [re.findall(r"[a-z_]+", layer) for layer in shown[1].split("→")]
    assert layers == contract("packages")


def test_every_package_of_the_order_is_described() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    packages = [path.parent.name for path in MODULES if path.name == "__init__.py" and path.parent.name != "portal"]
    assert [package for package in packages if f"| `{package}` |" not in page] == []


def test_documents_link_to_files_that_exist() -> None:
    broken = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
            picture = target.endswith(".png") and (ROOT / "docs/images").is_dir()
            there = (document.parent / target).exists() or (picture and in_script(Path(target).stem))
            if "://" not in target and not there:
                broken.append(f"{name(document)}: {target}")
    assert broken == []


def in_script(picture: str) -> bool:
    """Whether the script that takes the pictures takes this one."""
    return f'"{picture}"' in (ROOT / "docs/screenshots.py").read_text()
