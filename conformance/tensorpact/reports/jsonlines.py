"""A report as JSON lines: a header, what was found as it was found, results, and an end.

Every line is an object whose `line` says what it is. A file without its last line is the
trace of a run that was cut off, and is read as an incomplete report. `schema.json` beside this
module is the JSON Schema of a line.

The header says of which format the file is. Fields may be added to a format, which readers
leave out that do not know them; whatever else changes makes another format, and every older one
is still read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tensorpact.errors import UsageError
from tensorpact.guarantees.model import Level
from tensorpact.reports.codec import decode, encode
from tensorpact.reports.model import Finding, GuaranteeResult, Header, Report, Verdict

FORMAT = 2
"""1 had no `format`, nor the sentences of guarantees."""

CUT_OFF = "the file ends before the run did"


def header_line(header: Header) -> str:
    """The first line, known before anything was judged."""
    return _line("header", {"format": FORMAT, **encode(header)})


def found_line(finding: Finding, level: Level, selected: bool = True) -> str:
    """A finding at the moment that it was found, not yet shrunk or counted."""
    return _line("found", {"level": level, "selected": selected, "finding": encode(finding)})


def closing_lines(report: Report) -> Iterator[str]:
    """The results and the last line, known when the run is over."""
    for result in report.results:
        yield _line("result", encode(result))
    totals = _Totals(report.cases, report.untried, report.seconds, report.incomplete)
    yield _line("end", encode(totals) | {"conforms": report.conforms, "summary": report.summary()})


def cut_off_line(reason: str) -> str:
    """What ended a run early that was at fault itself; results may follow."""
    return _line("fault", {"reason": reason})


def to_json_lines(report: Report) -> Iterator[str]:
    """The lines of a report, each with its line end; `from_json_lines` is the inverse."""
    yield header_line(report.header)
    yield from closing_lines(report)


def from_json_lines(lines: Iterable[str]) -> Report:
    """The report in these lines. Raises UsageError for lines that are not a report."""
    try:
        parsed = [_parsed(number, line) for number, line in enumerate(_whole(lines), 1)]
    except UnicodeDecodeError as error:
        raise UsageError(f"not a report, for it is no text: {GIVE}") from error
    headers = sum(line["line"] == "header" for line in parsed)
    if headers != 1:
        many = "several headers" if headers else "no header"
        raise UsageError(f"not a report, for it has {many}: {GIVE}")
    _check_format(parsed)
    try:
        return _report(parsed)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UsageError(f"not a report of this version ({error!r}): {GIVE}") from error


def _check_format(lines: list[dict[str, Any]]) -> None:
    """Raises UsageError for a format that is newer than this version."""
    found = next(line.get("format", 1) for line in lines if line["line"] == "header")
    if found not in range(1, FORMAT + 1):
        raise UsageError(
            f"a report of format {found!r}, and this version of tensorpact reads up to {FORMAT}: "
            "update tensorpact"
        )


GIVE = "give a file that `tensorpact run -o` wrote"


def _parsed(number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise UsageError(f"not a report, for line {number} is not JSON: {GIVE}") from error
    if not isinstance(line, dict) or line.get("line") not in _KINDS:
        raise UsageError(f"not a report, for line {number} is none of a report: {GIVE}")
    return line


def read_report(path: Path) -> Report:
    """The report in this file. Raises UsageError for one that cannot be read, or is no report."""
    try:
        with path.open(encoding="utf-8") as lines:
            return from_json_lines(lines)
    except UsageError as error:
        raise UsageError(f"{path} is {error}") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Totals:
    """What the footer has to say that nothing else in the report says."""

    cases: int
    untried: int
    seconds: float
    incomplete: str | None


def _line(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"line": kind, **data}) + "\n"


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """The lines that were written to their end."""
    return (line for line in lines if line.endswith("\n") and line.strip())


def _report(lines: list[dict[str, Any]]) -> Report:
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    for line in lines:
        kinds[line.pop("line")].append(line)
    (header,) = (decode(Header, data) for data in kinds["header"])
    results = tuple(decode(GuaranteeResult, data) for data in kinds["result"])
    if not kinds["end"]:
        reason = kinds["fault"][0]["reason"] if kinds["fault"] else CUT_OFF
        return Report(header, _so_far(kinds["found"], results), 0, 0, 0.0, reason)
    (end,) = (decode(_Totals, data) for data in kinds["end"])
    return Report(header, results, end.cases, end.untried, end.seconds, end.incomplete)


_KINDS = ("header", "found", "result", "fault", "end")


def _so_far(
    found: list[dict[str, Any]], results: tuple[GuaranteeResult, ...]
) -> tuple[GuaranteeResult, ...]:
    """The results that were written, and what is known of those that were not."""
    known: dict[str, GuaranteeResult] = {}
    for line in found:
        finding = decode(Finding, line["finding"])
        blank = GuaranteeResult(
            finding.guarantee,
            Level(line["level"]),
            Verdict.KNOWN if finding.known else finding.verdict,
            0,
            0,
            (),
            {},
            {},
            line.get("selected", True),
        )
        last = known.get(finding.guarantee, blank)
        worse = last.verdict is Verdict.KNOWN and not finding.known
        known[finding.guarantee] = replace(
            last,
            verdict=finding.verdict if worse else last.verdict,
            judged=last.judged + finding.count,
            failed=last.failed + finding.count,
            findings=(*last.findings, finding),
        )
    return tuple((known | {result.id: result for result in results}).values())
