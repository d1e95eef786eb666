"""Rules of the house about templates: each compiles and is used, each macro imported is used, each mail is whole."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import nodes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in {".html", ".txt"})
COMPONENTS = [name for name in NAMES if name.startswith("components/")]
MAILS = sorted({Path(name).stem for name in NAMES if name.startswith("emails/")} - {"layout", "footer"})


@cache
def tree(name: str, app: Flask) -> nodes.Template:
    return app.jinja_env.parse((FOLDER / name).read_text(), name)


@cache
def modules() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text()) for path in sorted((ROOT / "portal").rglob("*.py")))


def pattern(node: Any) -> str:
    """A regular expression of the names that an expression can give; anything it computes stands for one word."""
    if isinstance(node, nodes.Const | ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, nodes.Concat):
        return "".join(pattern(part) for part in node.nodes)
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) for part in node.values)
    return r"[a-z0-9_-]+"


def referred(app: Flask) -> Iterator[str]:
    """Patterns of all templates that templates and Python name."""
    for name in NAMES:
        for node in tree(name, app).find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            yield pattern(node.template)
    for module in modules():
        for constant in ast.walk(module):
            if isinstance(constant, ast.JoinedStr):
                yield pattern(constant)
            elif isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                yield re.escape(constant.value)
    yield from (re.escape(str(value)) for key, value in app.config.items() if key.endswith("_TEMPLATE"))


@pytest.mark.parametrize("name", NAMES)
def test_compiles(name: str, app: Flask) -> None:
    assert app.jinja_env.get_template(name).name == name


def test_every_template_is_used(app: Flask) -> None:
    named = {found for found in referred(app) if found.endswith((r"\.html", r"\.txt"))}
    used = re.compile("|".join(f"(?:{found})" for found in named))
    mails = {f"emails/{mail}.{kind}" for mail in MAILS for kind in ("html", "txt")}
    assert [name for name in NAMES if name not in mails and not used.fullmatch(name)] == []


def test_every_mail_is_sent_by_something(app: Flask) -> None:
    words = {node.value for module in modules() for node in ast.walk(module) if isinstance(node, ast.Constant)}
    assert [mail for mail in MAILS if mail not in words] == []


@pytest.mark.parametrize("mail", MAILS)
def test_every_mail_has_a_subject_a_text_and_a_page(mail: str) -> None:
    first = (FOLDER / "emails" / f"{mail}.txt").read_text().splitlines()[0]
    assert re.fullmatch(r"Subject: \S.*", re.sub(r"^\{#.*?#\}|^(\{%.*?%\})+", "", first)), first
    assert (FOLDER / "emails" / f"{mail}.html").exists()


def test_every_mail_written_exists(app: Flask) -> None:
    """Mails are named in calls of `write(...)` and in the tables of steps as `mail=`."""
    named = set()
    for module in modules():
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
            called = getattr(call.func, "attr", getattr(call.func, "id", ""))
            first = call.args[0] if call.args else None
            if (
                called == "write"
                and any(word.arg == "to" for word in call.keywords)
                and isinstance(first, ast.Constant)
            ):
                named.add(first.value)
            named |= {
                word.value.value
                for word in call.keywords
                if word.arg == "mail" and isinstance(word.value, ast.Constant) and word.value.value
            }
    assert named
    assert named - set(MAILS) == set()


def macros(name: str, app: Flask) -> set[str]:
    return {macro.name for macro in tree(name, app).find_all(nodes.Macro)}


def imports(name: str, app: Flask) -> Iterator[tuple[str, str, str]]:
    """(template, macro, the name it has here) of each macro imported."""
    for node in tree(name, app).find_all(nodes.FromImport):
        for entry in node.names:
            macro, alias = entry if isinstance(entry, tuple) else (entry, entry)
            yield node.template.value, macro, alias


def test_every_macro_imported_exists_and_is_used(app: Flask) -> None:
    wrong = []
    for name in NAMES:
        loaded = {node.name for node in tree(name, app).find_all(nodes.Name) if node.ctx == "load"}
        for source, macro, alias in imports(name, app):
            if source not in NAMES or macro not in macros(source, app):
                wrong.append(f"{name} imports {macro}, which {source} does not have")
            elif alias not in loaded:
                wrong.append(f"{name} does not use {alias}")
    assert wrong == []


def test_every_component_is_used_somewhere(app: Flask) -> None:
    imported = {(source, macro) for name in NAMES for source, macro, _ in imports(name, app)}
    asked_for = {node.attr for module in modules() for node in ast.walk(module) if isinstance(node, ast.Attribute)}
    unused = [
        f"{name}: {macro}"
        for name in COMPONENTS
        for macro in sorted(macros(name, app))
        if not macro.startswith("_")
        and (name, macro) not in imported
        and macro not in asked_for
        and not called_inside(name, macro, app)
    ]
    assert unused == []


def called_inside(name: str, macro: str, app: Flask) -> bool:
    """Whether another macro of the same file calls this one."""
    return any(node.name == macro for node in tree(name, app).find_all(nodes.Name) if node.ctx == "load")


def test_every_component_file_holds_macros_and_nothing_that_prints(app: Flask) -> None:
    wrong = [name for name in COMPONENTS if not macros(name, app)]
    wrong += [
        f"{name}:{node.lineno} prints outside its macros"
        for name in COMPONENTS
        for node in tree(name, app).body
        if isinstance(node, nodes.Output)
        and any(not isinstance(part, nodes.TemplateData) or part.data.strip() for part in node.nodes)
    ]
    assert wrong == []


def test_every_address_made_is_of_a_route(app: Flask) -> None:
    """`url_for` with a fixed name, in templates and in Python, names a route that exists."""
    wrong = []
    for name in NAMES:
        for call in tree(name, app).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in {"url_for", "url_for_security"} and call.args:
                first = call.args[0]
                prefix = "security." if call.node.name == "url_for_security" else ""
                if isinstance(first, nodes.Const) and not exists(prefix + first.value, app):
                    wrong.append(f"{name}:{call.lineno} {first.value}")
    for path in sorted((ROOT / "portal").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "url_for":
                first_argument = node.args[0]
                if isinstance(first_argument, ast.Constant) and not exists(str(first_argument.value), app):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {first_argument.value}")
    assert wrong == []


def exists(endpoint: str, app: Flask) -> bool:
    """Whether there is such a route; one that begins with a dot is of whatever blueprint answers."""
    return any(name == endpoint or (endpoint[0] == "." and name.endswith(endpoint)) for name in app.view_functions)
