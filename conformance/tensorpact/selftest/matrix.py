"""The kill matrix: which guarantee condemned which backend, and what is wrong about that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tensorpact.guarantees import TABLE
from tensorpact.guarantees.model import Level
from tensorpact.selftest.examination import Examination, Kill
from tensorpact.selftest.exams import Exam, Manner
from tensorpact.selftest.member import Kind, Member, Zoo

QUICK_TARGET = 0.95
"""So much of the faulty and historic backends `quick` finds at the least, over its seeds."""

Results = Mapping[Exam, Examination]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a member.

    `kills` has, for every seed of the budget, where the right guarantee condemned it, or None;
    `late` are the seeds at which standard condemned what quick had let pass. `others` are the
    guarantees that condemned it too, and not what it is made out of; None where only the right
    one was asked. `trouble` says why an examination failed.
    """

    member: Member
    kills: tuple[Kill | None, ...]
    others: frozenset[str] | None = None
    late: frozenset[int] = frozenset()
    trouble: str = ""

    @property
    def found(self) -> float:
        """The part of the seeds at which it was condemned."""
        return sum(kill is not None for kill in self.kills) / len(self.kills)

    @property
    def unrelated(self) -> frozenset[str]:
        """Those that condemned it without being known to have a reason for it."""
        return (self.others or frozenset()) - self.member.also


@dataclass(frozen=True, slots=True)
class Matrix:
    """The outcome of a self-test.

    `partial`: only some members were examined, so that idle guarantees say nothing.
    `missing` are members whose library is not installed. `incomplete` says why it is not whole.
    """

    budget: str
    seeds: int
    rows: tuple[Row, ...]
    partial: bool = False
    missing: tuple[str, ...] = ()
    incomplete: str = ""

    @property
    def faulty(self) -> tuple[Row, ...]:
        """The rows of the faulty and of the historic members."""
        return tuple(row for row in self.rows if row.member.kind is not Kind.ODD)

    @property
    def odd(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.member.kind is Kind.ODD)

    @property
    def found(self) -> float:
        """The part of the faulty members that was condemned, over all seeds."""
        rows = self.faulty
        return sum(row.found for row in rows) / len(rows) if rows else 1.0

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong, a sentence each."""
        return (*self._survivors(), *self._accused(), *self._idle(), *self._troubles())

    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if something is, 4 if the self-test is incomplete."""
        return 4 if self.incomplete else int(bool(self.errors))

    def _survivors(self) -> Iterator[str]:
        for row in self.faulty:
            seeds = [seed for seed, kill in enumerate(row.kills) if kill is None]
            for seed in seeds if not row.trouble else ():
                if seed not in row.late:
                    yield (
                        f"{row.member.name} survives: {row.member.breaks} does not condemn it "
                        f"(budget {self.budget}, seed {seed})"
                    )
        if self.budget == "quick" and not self.partial and self.found < QUICK_TARGET:
            yield f"quick condemns {self.found:.1%} of the faulty backends, not {QUICK_TARGET:.0%}"

    def _accused(self) -> Iterator[str]:
        for row in self.faulty:
            for id in sorted(row.unrelated):
                yield f"{row.member.name} is condemned for another reason, by {id}"
        for row in self.odd:
            for id in sorted(row.others or ()):
                yield f"{row.member.name} is condemned by {id}, and is in the right"

    def _idle(self) -> Iterator[str]:
        if self.partial or self.missing or self.incomplete:
            return
        busy = {row.member.breaks for row in self.faulty if row.found or row.late}
        for guarantee in TABLE.values():
            if guarantee.level is not Level.OBSERVE and guarantee.id not in busy:
                yield f"{guarantee.id} condemns none of the backends that break it"

    def _troubles(self) -> Iterator[str]:
        for row in self.rows:
            if row.trouble:
                yield f"{row.member.name} could not be examined: {row.trouble}"


def matrix(
    members: Zoo, budget: str, seeds: int, results: Results, *, partial: bool = False
) -> Matrix:
    """The matrix of these results. Members of which one is missing are left out."""
    bases = {
        members[exam.member].base: examination
        for exam, examination in results.items()
        if exam.sound and exam.member in members and exam.budget == budget
    }
    rows = []
    for member in members.values():
        mine = {e: x for e, x in results.items() if e.member == member.name and not e.sound}
        usual = _by_seed(mine, budget, seeds)
        if len(usual) == seeds:
            late = [] if budget == "standard" else _by_seed(mine, "standard", seeds)
            rows.append(_row(member, usual, late, bases.get(member.base)))
    return Matrix(budget, seeds, tuple(rows), partial)


def _by_seed(results: Results, budget: str, seeds: int) -> list[tuple[Exam, Examination]]:
    """One examination a seed: the one in which most was judged."""
    manners = list(Manner)
    found = [(e, x) for e, x in results.items() if e.budget == budget and e.seed < seeds]
    found.sort(key=lambda pair: manners.index(pair[0].manner), reverse=True)
    by_seed = {exam.seed: (exam, examination) for exam, examination in found}
    return [by_seed[seed] for seed in sorted(by_seed)]


def _row(
    member: Member,
    usual: Sequence[tuple[Exam, Examination]],
    late: Sequence[tuple[Exam, Examination]],
    base: Examination | None,
) -> Row:
    """`base` is the examination of what the member is made out of.

    A guarantee that condemns the base says nothing about the defect: such a member survives.
    """
    own = base.condemned_by if base is not None else frozenset()
    whole = [x.condemned_by for exam, x in usual if exam.manner is Manner.WHOLE]
    found = member.breaks not in own
    troubles = [x.trouble for _, x in (*usual, *late)] + ([base.trouble] if base else [])
    return Row(
        member,
        tuple(_kill(x, member.breaks) if found else None for _, x in usual),
        frozenset[str]().union(*whole) - own - {member.breaks} if whole else None,
        frozenset(exam.seed for exam, x in late if found and _kill(x, member.breaks)),
        next(filter(None, troubles), ""),
    )


def _kill(examination: Examination, id: str) -> Kill | None:
    return next((kill for kill in examination.kills if kill.guarantee == id), None)
