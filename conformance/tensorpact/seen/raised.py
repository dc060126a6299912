"""An exception as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that a call ended in: class names from the most to the least derived.

    `by_input`: it is the very exception that the input's own method raised; `from_input`:
    that, or one that was raised from it.
    """

    classes: tuple[str, ...]
    message: str
    by_input: bool = False
    from_input: bool = False

    @property
    def name(self) -> str:
        return self.classes[0]

    def is_a(self, *names: str) -> bool:
        return any(name in self.classes for name in names)

    def __str__(self) -> str:
        first = self.message.strip().partition("\n")[0]
        return f"{self.name}: {first[:160]}" if first else self.name
