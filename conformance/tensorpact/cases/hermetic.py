"""Hypothesis on its own: what it draws depends on the seed alone, and it leaves no files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, configuration, settings

_providers: Any
try:
    from hypothesis.internal.conjecture import providers as _providers
except ImportError:  # a Hypothesis that is older than what this module shuts off
    _providers = None


def drawing(count: int) -> settings:
    """Settings that only draw examples, none of them out of the caller's profile."""
    return settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        backend="hypothesis",
    )


_alone = Lock()


@contextmanager
def hermetic() -> Iterator[None]:
    """While entered, Hypothesis knows neither the modules of the process nor its folder.

    What it changes belongs to the whole process: of several threads one is in it at a time.
    """
    with (
        _alone,
        TemporaryDirectory(prefix="tensorpact-") as folder,
        _home(folder),
        _no_local_constants(),
    ):
        yield


@contextmanager
def _home(folder: str) -> Iterator[None]:
    """Hypothesis keeps tables in a folder, by default one that it makes where one stands."""
    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(folder)
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(before)


@contextmanager
def _no_local_constants() -> Iterator[None]:
    """From 6.131 on Hypothesis draws constants out of the source of the modules that are loaded.

    There is no setting for that. What is replaced here is private, and a test tells when it is
    gone; what Hypothesis has worked out about constants before is forgotten on both sides.
    """
    if not hasattr(_providers, "_get_local_constants"):
        yield
        return
    collect, none = _providers._get_local_constants, _providers.Constants()
    _providers._get_local_constants = lambda: none
    _providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        _providers._get_local_constants = collect
        _providers.CONSTANTS_CACHE.cache.clear()
