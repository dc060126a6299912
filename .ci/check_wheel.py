"""Fails unless a wheel holds the three packages with their data, and nothing else on top."""

from __future__ import annotations

import sys
from zipfile import ZipFile

PACKAGES = {"reftensor", "tensorpact", "tensorpact_fixtures"}
REQUIRED = (
    "reftensor/rules.py",
    "reftensor/py.typed",
    "tensorpact/py.typed",
    "tensorpact/pytest_plugin.py",
    "tensorpact/capsules/forge.py",
    "tensorpact/seen/life.py",
    "tensorpact/reports/html/page.html.jinja",
    "tensorpact/reports/html/signs.svg",
    "tensorpact/reports/html/script/main.js",
    "tensorpact/reports/html/style/page.css",
    "tensorpact/backends/torch.py",
    "tensorpact/backends/torch_device/operators.py",
    "tensorpact/scaffold/templates/adapter.py.jinja",
    "tensorpact_fixtures/py.typed",
    "tensorpact_fixtures/vectors/README.md",
    "tensorpact_fixtures/vectors/schema.json",
    "tensorpact_fixtures/vectors/value.json",
    "tensorpact_fixtures/zoo/faulty/copying.py",
    "tensorpact_fixtures/zoo/odd/memory.py",
    "tensorpact_fixtures/deviations/torch.toml",
    "tensorpact_fixtures/examples/examples.toml",
)


def problems(names: list[str]) -> list[str]:
    """What is wrong with a wheel that holds these files; empty when nothing is."""
    tops = {name.partition("/")[0] for name in names}
    strange = sorted(top for top in tops - PACKAGES if not top.endswith(".dist-info"))
    missing = [path for path in REQUIRED if not any(name.startswith(path) for name in names)]
    compiled = [name for name in names if name.endswith(".pyc")]
    return [
        *(f"{top} must not be at the top level" for top in strange),
        *(f"{path} is missing" for path in missing),
        *(f"{name} must not be shipped" for name in compiled),
    ]


if __name__ == "__main__":
    with ZipFile(sys.argv[1]) as wheel:
        found = wheel.namelist()
    print(f"{len(found)} files")
    sys.exit("\n".join(problems(found)) or 0)
