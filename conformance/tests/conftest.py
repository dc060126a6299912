"""No test looks at the clock; every line of a report that a test writes is valid.

Helper modules of this folder can be imported from those below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture(autouse=True, scope="session")
def valid_reports() -> Iterator[None]:
    """Lines are checked as they are written, by the schema that is shipped."""
    from jsonschema import Draft202012Validator

    from tensorpact.reports import jsonlines
    from tensorpact.reports.schema import shipped

    validator = Draft202012Validator(json.loads(shipped()))
    write = jsonlines._line

    def checked(kind: str, data: dict[str, Any]) -> str:
        line = write(kind, data)
        validator.validate(json.loads(line))
        return line

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonlines, "_line", checked)
        yield
