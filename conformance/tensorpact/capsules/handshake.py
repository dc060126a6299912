"""What a consumer asks of a DLPack exporter, as frozen values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

DEVICE, CAPSULE = "__dlpack_device__", "__dlpack__"


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of one of the two methods, with its keywords in the order in which they came.

    `raised` is the class of the exception that it ended in, empty where it was answered: after
    a TypeError a consumer may try again with fewer keywords.
    """

    method: str
    keywords: tuple[tuple[str, Any], ...] = ()
    raised: str = ""

    @property
    def answered(self) -> bool:
        return not self.raised

    def get(self, keyword: str) -> Any:
        """The value of a keyword, None when it was not given."""
        return dict(self.keywords).get(keyword)

    def __str__(self) -> str:
        return f"{self.method}({', '.join(f'{name}={value!r}' for name, value in self.keywords)})"


class Records(Protocol):
    """An exporter that keeps what it was asked."""

    asked: list[Ask]


S = TypeVar("S", bound=Records)


def recorded(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """The method, which notes every call of it in `asked`, those with unknown keywords too.

    `inspect.signature` still sees the keywords that the method knows.
    """

    @wraps(method)
    def recording(self: S, *positional: P.args, **keywords: P.kwargs) -> R:
        ask = Ask(method.__name__, tuple(keywords.items()))
        try:
            given = method(self, *positional, **keywords)
        except BaseException as error:
            self.asked.append(replace(ask, raised=type(error).__name__))
            raise
        self.asked.append(ask)
        return given

    return cast(Callable[Concatenate[S, P], R], recording)
