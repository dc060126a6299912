"""The page on what every run reaches, printed from the table that the tests hold the runs to."""

from __future__ import annotations

from tensorpact.cases.plan import BUDGETS
from tensorpact.cases.reach import AXES, REACH
from tensorpact.documentation.markdown import sections, table


def page() -> str:
    """The inputs that are certain, the axes that are complete, and the size of the budgets."""
    budgets = [
        (f"`{name}`", *map(_number, (b.sweep, b.again, b.search, b.stories)))
        for name, b in BUDGETS.items()
    ]
    return sections(
        "# What every run reaches",
        "Generators rot in silence: one that no longer comes upon an input finds less, and "
        "everything is green. So each budget says what it reaches for certain, whatever the seed, "
        "for a library that claims all there is, and a test holds it to that.",
        "## Inputs",
        "The least number of cases in every `quick` run; larger budgets have more.",
        table(("input", "cases"), ((each.what, str(each.least)) for each in REACH)),
        "## Axes",
        "Each value of these axes is in every `quick` run, in one case at the least.",
        table(("axis", "values"), ((axis.what, str(len(axis.values))) for axis in AXES)),
        "## Budgets",
        "The most cases of a family of the sweep, and of one on whose ground the golden vectors "
        "stand; the examples of a search, and the stories. What a family has too much of is "
        "sampled so that many pairs of features stand together.",
        table(("budget", "sweep", "sweep, beside vectors", "search", "stories"), budgets),
    )


def _number(count: int) -> str:
    return "all" if count >= 10**9 else f"{count:,}".replace(",", " ")
