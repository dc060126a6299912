"""A kill matrix as plain text: members if wanted, errors, and one line that can be read alone."""

from __future__ import annotations

from collections.abc import Iterator

from tensorpact.selftest.matrix import Matrix, Row
from tensorpact.selftest.member import Kind


def lines(matrix: Matrix, *, every: bool = False) -> Iterator[str]:
    """The lines to print; `every` member, or only what is wrong."""
    if every:
        yield from (_member(row) for row in matrix.rows)
        yield ""
    yield from matrix.errors
    if matrix.missing:
        yield f"not examined, for their library is not installed: {', '.join(matrix.missing)}"
    if any(row.others is None for row in matrix.rows):
        yield "what else condemns the faulty ones was not asked"
    yield summary(matrix)


def summary(matrix: Matrix) -> str:
    """The two numbers that a suite is trusted for, and how they were come by."""
    faulty, odd = matrix.faulty, matrix.odd
    condemned = sum(bool(row.others) for row in odd)
    seeds = f"{matrix.seeds} seed{'s' if matrix.seeds > 1 else ''}"
    parts = (
        f"{matrix.found:.1%} of {len(faulty)} faulty backends condemned",
        f"{condemned} of {len(odd)} odd ones",
        f"{len(matrix.errors)} errors",
        f"{matrix.budget}, {seeds}",
    )
    return f"selftest: {f'incomplete ({matrix.incomplete}): ' * bool(matrix.incomplete)}" + (
        ", ".join(parts)
    )


def _member(row: Row) -> str:
    member = row.member
    others = f"; also {', '.join(sorted(row.others))}" if row.others else ""
    if member.kind is Kind.ODD:
        return f"{member.name}: {'condemned' if row.others else 'acquitted'}{others}"
    kills = [kill for kill in row.kills if kill is not None]
    if not kills:
        return f"{member.name}: survives {member.breaks}{others}"
    first = kills[0]
    return (
        f"{member.name}: {member.breaks} at {len(kills)} of {len(row.kills)} seeds, "
        f"after {first.cases} cases and {first.seconds:.1f} s{others}"
    )
