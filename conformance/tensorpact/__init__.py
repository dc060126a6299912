"""Checks what an array library promises when data comes in.

`run` judges a backend and gives a `Report`; `check` raises where it does not conform;
`parametrize` brings the guarantees into a test module of your own. `Backend`, `Device` and
`derive` are what an adapter is made of. Everything is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorpact.backends.protocol import ALL as ALL
    from tensorpact.backends.protocol import Backend as Backend
    from tensorpact.backends.protocol import Device as Device
    from tensorpact.backends.protocol import derive as derive
    from tensorpact.errors import AdapterFault as AdapterFault
    from tensorpact.errors import HarnessFault as HarnessFault
    from tensorpact.errors import NonConformance as NonConformance
    from tensorpact.errors import UsageError as UsageError
    from tensorpact.pytest_plugin import parametrize as parametrize
    from tensorpact.reports.model import Report as Report
    from tensorpact.reports.model import Verdict as Verdict
    from tensorpact.runner.check import check as check
    from tensorpact.runner.run import run as run

    __version__: str

_HOMES = {
    "tensorpact.backends.protocol": ("ALL", "Backend", "Device", "derive"),
    "tensorpact.errors": ("AdapterFault", "HarnessFault", "NonConformance", "UsageError"),
    "tensorpact.pytest_plugin": ("parametrize",),
    "tensorpact.reports.model": ("Report", "Verdict"),
    "tensorpact.runner.check": ("check",),
    "tensorpact.runner.run": ("run",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("tensorpact")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
