"""What is installed, and which way the parts depend on each other."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "reftensor": ROOT / "reference/reftensor",
    "tensorpact": ROOT / "conformance/tensorpact",
    "tensorpact_fixtures": ROOT / "fixtures/tensorpact_fixtures",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = {"click", "hypothesis", "jinja2", "numpy", "packaging", "rich"}
MODULES = [path for folder in PACKAGES.values() for path in sorted(folder.rglob("*.py"))]
ADAPTERS = ROOT / "conformance/tensorpact/backends"
UNDER_TEST = {"torch", "array_api_strict"}


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [name for node in ast.walk(tree) for name in _names(node)]
    return {name.partition(".")[0] for name in names}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""


def allowed(path: Path) -> set[str]:
    """What a module may import beside the standard library."""
    if path.is_relative_to(PACKAGES["reftensor"]):
        return {"reftensor", "numpy"}
    mine = {"reftensor", "tensorpact"} | CORE
    if path.is_relative_to(PACKAGES["tensorpact_fixtures"]):
        return mine | {"tensorpact_fixtures"}
    if path.is_relative_to(ADAPTERS):
        adapter = path.relative_to(ADAPTERS).parts[0].removesuffix(".py")
        return mine | {library for library in UNDER_TEST if f"{adapter}_".startswith(f"{library}_")}
    return mine | ({"pytest"} if path.name == "pytest_plugin.py" else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_dependencies_point_one_way(path: Path) -> None:
    assert imported(path) - set(sys.stdlib_module_names) <= allowed(path)


def test_the_wheel_takes_the_three_packages_and_nothing_else() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert [ROOT / package for package in packages] == list(PACKAGES.values())


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_every_package_says_that_it_is_typed(package: Path) -> None:
    assert (package / "py.typed").is_file()


def test_torch_and_pytest_are_extras_only() -> None:
    core = {name.partition(">")[0] for name in PROJECT["project"]["dependencies"]}
    assert core == CORE | {"array-api-strict"}


def targets() -> Iterator[str]:
    project = PROJECT["project"]
    yield from project["scripts"].values()
    for group in project["entry-points"].values():
        yield from group.values()


@pytest.mark.parametrize("target", list(targets()))
def test_every_entry_point_exists(target: str) -> None:
    from importlib import import_module
    from operator import attrgetter

    module, _, attribute = target.partition(":")
    found = import_module(module)
    assert not attribute or attrgetter(attribute)(found)
