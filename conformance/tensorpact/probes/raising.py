"""Exceptions where they come up: of the library as values, of the adapter as its faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tensorpact.cases.live import Unbuildable
from tensorpact.cases.thing import InputError
from tensorpact.errors import AdapterFault
from tensorpact.seen.raised import Raised

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> tuple[T | None, Raised | None]:
    """What a call into the library returned, or raised. An AdapterFault passes through."""
    try:
        return call(), None
    except (KeyboardInterrupt, SystemExit, AdapterFault):
        raise
    except BaseException as error:  # a library may raise anything, Rust panics included
        return None, raised_by(error)


def raised_by(error: BaseException) -> Raised:
    """An exception as a value."""
    names = tuple(cls.__name__ for cls in type(error).__mro__ if cls is not object)
    try:
        message = str(error)
    except Exception as broken:  # an exception's own text may fail: that is worth a word
        message = f"<its text raises {type(broken).__name__}>"
    return Raised(names, message, isinstance(error, InputError), _from_input(error))


def _from_input(error: BaseException) -> bool:
    """Whether it was raised from an exception of the input; chains may lead back to themselves."""
    chain: BaseException | None = error
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        if isinstance(chain, InputError):
            return True
        seen.add(id(chain))
        chain = chain.__cause__ or chain.__context__
    return False


class adapting:
    """Turns whatever the adapter raises into an AdapterFault that says where.

    An AdapterFault from further inside says so already and passes as it is.
    """

    __slots__ = ("doing",)

    def __init__(self, doing: str) -> None:
        self.doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, Unbuildable | AdapterFault):
            text = f"the adapter failed at {self.doing}: {type(error).__name__}: {error}"
            raise AdapterFault(text) from error
