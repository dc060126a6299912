"""The guarantees as pytest items: `pytest --tensorpact-backend torch`, or in your own module.

One run judges all guarantees that are left after selection, when the first of their items
is reached; the items report from it. Under pytest-xdist the workers share the run: the
first that needs it makes it and leaves it in a directory of the session.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from typing import Unpack

    from tensorpact.backends.protocol import Backend
    from tensorpact.reports.model import GuaranteeResult, KnownDeviation, Report
    from tensorpact.runner.run import Options

F = TypeVar("F", bound=Callable[..., Any])

_WORKER_INPUT = "tensorpact_directory"
_shared: Path | None = None
"""Where the workers of xdist share reports."""
_verbose = False
"""Whether every finding is shown, and not the first few."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options like those of `tensorpact run`."""
    group = parser.getgroup("tensorpact", "conformance of array libraries")
    option = group.addoption
    option("--tensorpact-backend", metavar="BACKEND", help="judge this backend")
    option(
        "--tensorpact-only",
        metavar="GLOB",
        action="append",
        default=[],
        help="only guarantees whose id matches; repeatable",
    )
    option(
        "--tensorpact-budget",
        metavar="BUDGET",
        choices=("quick", "standard", "deep"),
        default="standard",
        help="how many cases to try: quick, standard or deep",
    )
    option(
        "--tensorpact-deviations",
        metavar="FILE",
        action="append",
        help="known deviations: expected failures, and failures once they are stale; repeatable",
    )
    option("--tensorpact-seed", metavar="N", type=int, default=0, help="same seed, same verdict")


class Suite:
    """The guarantees of one backend, judged together when the first of them is asked for."""

    def __init__(self, backend: Backend | str, key: str, options: Options) -> None:
        from tensorpact.deviations.files import configured
        from tensorpact.runner.once import SharedRun

        if "deviations" not in options:
            options = {**options, "deviations": configured()}
        self.key, self.shared_run = key, SharedRun(backend, key, options)

    def check(self, id: str) -> None:
        """Pass, fail, skip or xfail as the report says of this guarantee."""
        __tracebackhide__ = True
        first = not self.shared_run.over
        report = self.shared_run.report(_shared)
        others = [result for result in report.results if first and not result.selected]
        _fail_for(report, [report[id], *others])
        _pronounce(report, report[id])


def _fail_for(report: Report, results: Iterable[GuaranteeResult]) -> None:
    """Fail where one of them is broken.

    Among them are crashes that break a guarantee that nobody selected and that has no item.
    """
    __tracebackhide__ = True
    broken = []
    for result in results:
        if result.breaks():
            broken.append(_text(report, result))
        elif not result.selected:
            warnings.warn(pytest.PytestWarning(_text(report, result)), stacklevel=3)
    if broken:
        pytest.fail("\n\n".join(broken), pytrace=False)


def _text(report: Report, result: GuaranteeResult) -> str:
    from tensorpact.reports.plain import SHOWN, result_text

    most = None if _verbose else SHOWN
    return result_text(result, report.header, most, "`pytest -vv` shows them")


def _pronounce(report: Report, result: GuaranteeResult) -> None:
    """Skip, xfail or fail for what is not broken by a MUST."""
    from tensorpact.reports.model import BROKEN, Verdict

    __tracebackhide__ = True
    if result.verdict in BROKEN:
        worst = result.new[0]
        pytest.xfail(f"advised: required {worst.required}; seen {worst.seen}")
    if report.incomplete is not None and result.verdict is not Verdict.NOT_CLAIMED:
        pytest.fail(f"the run is incomplete: {report.incomplete}", pytrace=False)
    if result.verdict is Verdict.KNOWN:
        pytest.xfail("; ".join(_known(deviation) for deviation in result.deviations))
    if result.verdict is not Verdict.PASS:
        notes = ", ".join(f"{note} ({count})" for note, count in result.notes.items())
        pytest.skip(f"{result.verdict}: {notes}" if notes else result.verdict)


def _known(deviation: KnownDeviation) -> str:
    issue = f" <{deviation.issue}>" if deviation.issue else ""
    return f"{deviation.kind}: {deviation.reason}{issue}"


# --------------------------------------------------------------------------- items


class Conformance(pytest.Collector):
    """The node of a backend that was named on the command line."""

    suite: Suite

    def collect(self) -> Iterator[GuaranteeItem]:
        for id in self.suite.shared_run.ids:
            item = GuaranteeItem.from_parent(self, name=id)
            item.suite = self.suite
            yield item


class GuaranteeItem(pytest.Item):
    """One guarantee; its id is the name."""

    suite: Suite

    def runtest(self) -> None:
        self.suite.check(self.name)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """One sentence for a fault that tensorpact knows, without a traceback."""
        from tensorpact.errors import TensorpactError

        if isinstance(excinfo.value, TensorpactError):
            return f"{type(excinfo.value).__name__}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The headline of a failure; pytest would turn the dot of a bare id into "::"."""
        return self.path, None, f"{self.suite.key}: {self.name}"


class Check:
    """A guarantee as the argument of a test function; `str` of it is the id."""

    def __init__(self, suite: Suite, id: str) -> None:
        self.suite, self.id = suite, id

    def __str__(self) -> str:
        return self.id

    def check(self) -> None:
        """Fails, skips or xfails the calling test as the report says of this guarantee."""
        __tracebackhide__ = True
        self.suite.check(self.id)


def parametrize(backend: Backend | str, **options: Unpack[Options]) -> Callable[[F], F]:
    """Call a test function once for every guarantee, as its argument `guarantee`.

    `backend` and the options are those of `tensorpact.run`, such as `only=["sharing.*"]`.
    The test calls `guarantee.check()`. Raises UsageError for a glob that matches nothing.
    """

    def decorate(function: F) -> F:
        suite = Suite(backend, f"{function.__module__}.{function.__qualname__}", options)
        checks = [Check(suite, id) for id in suite.shared_run.ids]
        mark: Callable[[F], F] = pytest.mark.parametrize("guarantee", checks, ids=str)
        return mark(function)

    return decorate


# --------------------------------------------------------------------------- hooks

_SUITE = pytest.StashKey[Suite]()
_DIRECTORY = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Finds the backend and the guarantees at once, so that a misspelt name ends the session."""
    global _shared, _verbose
    _verbose = config.option.verbose > 1
    worker = getattr(config, "workerinput", None)
    _shared = Path(worker[_WORKER_INPUT]) if worker else None
    if config.option.tensorpact_backend is None:
        return
    config.stash[_SUITE] = suite = _named_suite(config)
    if worker is None:
        _try_import(suite)


def _named_suite(config: pytest.Config) -> Suite:
    from tensorpact.errors import UsageError

    option = config.option
    options: Options = {
        "only": option.tensorpact_only,
        "budget": option.tensorpact_budget,
        "seed": option.tensorpact_seed,
    }
    if option.tensorpact_deviations is not None:
        options["deviations"] = option.tensorpact_deviations
    try:
        return Suite(option.tensorpact_backend, option.tensorpact_backend, options)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def _try_import(suite: Suite) -> None:
    from tensorpact.errors import TensorpactError
    from tensorpact.runner.tasks import importable

    try:
        importable(suite.shared_run.backend)
    except TensorpactError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the guarantees before anything is deselected; no test file is needed."""
    suite = config.stash.get(_SUITE, None)
    if suite is not None:
        node = Conformance.from_parent(session, name=suite.key, nodeid=suite.key)
        node.suite = suite
        items.extend(node.collect())


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was deselected is not judged."""
    left: dict[Suite, list[str]] = {}
    for item in session.items:
        if isinstance(item, GuaranteeItem):
            left.setdefault(item.suite, []).append(item.name)
        for argument in getattr(getattr(item, "callspec", None), "params", {}).values():
            if isinstance(argument, Check):
                left.setdefault(argument.suite, []).append(argument.id)
    for suite, ids in left.items():
        suite.shared_run.narrow(ids)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: every worker is told the directory in which reports are shared."""
    config: pytest.Config = node.config
    if _DIRECTORY not in config.stash:
        config.stash[_DIRECTORY] = tempfile.mkdtemp(prefix="tensorpact-")
    node.workerinput[_WORKER_INPUT] = config.stash[_DIRECTORY]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The shared reports go with the session."""
    directory = config.stash.get(_DIRECTORY, None)
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)
