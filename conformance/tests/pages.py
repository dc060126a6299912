"""The README and the pages as the tests read them: blocks of code, and what is typed in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tensorpact.documentation.markdown import GENERATED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.rglob("*.md"))
WRITTEN = [p for p in PAGES if not p.read_text(encoding="utf-8").startswith(GENERATED)]
STORIES = (DOCS / "tutorial.md", DOCS / "how-to-vectors.md")
"""Pages that are followed from the first block to the last, and show what is printed."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)(?:, (.+))?\n")
SMALL = " --budget quick --only shape.scalar-is-0d"
SKIPPED = ("python3 -m venv", "pip install", ".venv/bin/pip install", ".venv/bin/pytest")
"""Set-up, and the tests themselves."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that a block of Python is, or changes, which its first line names."""
        found = FILE.match(self.text)
        return found[1] if self.language == "python" and found else None

    def saved(self, folder: Path) -> None:
        """Write the file, or change the one that is there as the first line says."""
        found = FILE.match(self.text)
        assert found is not None
        file, change = folder / found[1], found[2]
        if change is None:
            file.write_text(self.text, encoding="utf-8")
            return
        *kept, last = file.read_text(encoding="utf-8").splitlines(keepends=True)
        after = {"instead of the last line": "", "above the last line": last}[change]
        new = self.text.partition("\n")[2]
        file.write_text("".join([*kept, new, after]), encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


def save(page: Path, folder: Path) -> None:
    """Write every file of the page."""
    for block in blocks(page):
        if block.file:
            block.saved(folder)


def commands(block: Block) -> list[str]:
    """The commands of a block that can be tried, made small."""
    parts = [part.strip() for line in block.text.splitlines() for part in line.split("&&")]
    tried = [part for part in parts if part and not part.startswith((*SKIPPED, "source "))]
    return [small(part.removeprefix("$ ").removeprefix(".venv/bin/")) for part in tried]


def small(command: str) -> str:
    """The command with a quick budget, on one guarantee where none is named."""
    words, hash_sign, comment = command.partition("   #")
    if words.startswith(("tensorpact run", "tensorpact baseline")):
        words += "" if "--budget" in words else " --budget quick"
        words += "" if "--only" in words else " --only shape.scalar-is-0d"
    if words.startswith("pytest"):
        words += " -p no:cacheprovider --tensorpact-budget quick"
    return words + hash_sign + comment


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command with this interpreter's scripts first on the path, as from a new shell."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**mine, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def shows(shown: str, printed: str) -> bool:
    """Whether a text has nothing but what was printed, where … stands for what it leaves out.

    Numbers may be others: they change with every case that is added.
    """
    parts = (re.sub(r"\d+", "0", part.strip("\n")) for part in shown.split("…"))
    found = re.sub(r"\d+", "0", printed)
    return all(part in found for part in parts)
