"""Reports as JUnit XML, which CI services show as tests: a suite a report, a test a guarantee."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from tensorpact.reports.matrix import labels
from tensorpact.reports.model import GuaranteeResult, Report, first_line
from tensorpact.reports.plain import SHOWN, printable, result_text
from tensorpact.reports.standing import Standing, standing

_SKIPPED = frozenset({Standing.NOT_CLAIMED, Standing.NOT_EXERCISED, Standing.KNOWN})


def junit(reports: Sequence[Report], *, strict: bool = False, every: bool = False) -> str:
    """What stands against conformance is a failure; what is known, not claimed or not exercised
    is skipped; what is only advised passes, and says so in its output.

    An incomplete report has a test of its own that is in error.
    """
    root = ET.Element("testsuites", name="tensorpact")
    for report, label in zip(reports, labels(reports), strict=True):
        root.append(_suite(report, label, strict, every))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(report: Report, label: str, strict: bool, every: bool) -> ET.Element:
    tests = [_test(report, result, strict, every) for result in report.results]
    if report.incomplete is not None:
        tests.append(_incomplete(report))
    counts = {
        "tests": len(tests),
        **{
            f"{kind}s" if kind != "skipped" else kind: sum(t.find(kind) is not None for t in tests)
            for kind in ("failure", "error", "skipped")
        },
    }
    suite = ET.Element("testsuite", name=printable(f"tensorpact: {label}"))
    suite.set("time", f"{report.seconds:.3f}")
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.extend(tests)
    return suite


def _test(report: Report, result: GuaranteeResult, strict: bool, every: bool) -> ET.Element:
    name = printable(report.header.claims.name)
    test = ET.Element("testcase", classname=f"{name}.{printable(result.group)}")
    test.set("name", printable(result.id))
    what = standing(result, strict)
    if what is Standing.FAILED:
        _said(test, "failure", _title(result)).text = _card(report, result, every)
    elif what in _SKIPPED:
        reasons = "; ".join(d.reason for d in result.deviations)
        _said(test, "skipped", f"{what}: {reasons}" if reasons else str(what))
    elif what is Standing.ADVISED:
        ET.SubElement(test, "system-out").text = _card(report, result, every)
    return test


def _title(result: GuaranteeResult) -> str:
    if result.stale:
        return f"{result.verdict}: {result.stale[0].stale}"
    first = result.new[0] if result.new else None
    return f"{result.verdict}: {first.seen}" if first is not None else str(result.verdict)


def _incomplete(report: Report) -> ET.Element:
    test = ET.Element("testcase", classname=printable(report.header.claims.name))
    test.set("name", "the run is complete")
    _said(test, "error", first_line(report.incomplete or ""))
    return test


def _said(test: ET.Element, kind: str, message: str) -> ET.Element:
    return ET.SubElement(test, kind, message=" ".join(printable(message).split()))


def _card(report: Report, result: GuaranteeResult, every: bool) -> str:
    return result_text(result, report.header, None if every else SHOWN, "the report file has them")
