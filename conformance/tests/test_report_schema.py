"""The published schema is that of the code, takes every report, and refuses what is none.

`UPDATE_SCHEMA=1 pytest conformance/tests/test_report_schema.py` writes it anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

import tensorpact.reports
from report_strategies import reports
from tensorpact.reports.jsonlines import to_json_lines
from tensorpact.reports.model import Report
from tensorpact.reports.schema import FILE, as_text, shipped

VALID = Draft202012Validator(json.loads(shipped()))


def test_what_is_shipped_is_what_the_code_writes() -> None:
    if os.environ.get("UPDATE_SCHEMA"):
        Path(tensorpact.reports.__file__).with_name(FILE).write_text(as_text(), encoding="utf-8")
    assert shipped() == as_text()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(shipped()))


@given(reports)
def test_every_report_is_valid(value: Report) -> None:
    assert all(VALID.is_valid(json.loads(line)) for line in to_json_lines(value))


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"line": "header"},
        {"line": "middle"},
        {"line": "fault"},
        {"line": "end", "cases": "many"},
        {"line": "found", "level": "MIGHT", "selected": True, "finding": {}},
    ],
)
def test_what_is_no_line_is_not_valid(line: object) -> None:
    assert not VALID.is_valid(line)
