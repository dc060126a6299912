"""How every command ends: an exit code, and one sentence instead of a traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from tensorpact.errors import TensorpactError

HARNESS_FAULT = 3
INCOMPLETE = 4

EXIT_CODES = {
    0: "conforms",
    1: (
        "does not conform; for `docs --check`, a page is stale; for `baseline`, the file of "
        "deviations is not up to date; for `diff --fail-on`, something changed so"
    ),
    2: "wrong usage",
    HARNESS_FAULT: "a fault of the adapter or of tensorpact itself",
    INCOMPLETE: "incomplete: interrupted, or a worker was lost",
}


class Program(click.Group):
    """A group of commands that turns what they raise into an exit code.

    A `TensorpactError` becomes its message on stderr and its own exit code. Ctrl-C, and a
    reader of stdout that went away, are "incomplete". Whatever else is raised is a fault of
    tensorpact; its traceback is shown, because a report of it is worthless without.
    """

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _in_one_line():
            return super().make_context(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*self.commands]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.commands, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(self.commands)}."
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _in_one_line():
                value = super().invoke(ctx)
            sys.stdout.flush()
            return value
        except (click.exceptions.Exit, click.ClickException):
            raise
        except TensorpactError as error:
            _end(str(error), error.exit_code)
        except KeyboardInterrupt:
            _end("interrupted.", INCOMPLETE)
        except BrokenPipeError:
            _drop_output()
            sys.exit(INCOMPLETE)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                _drop_output()
                _end(f"the output cannot be written: {error.strerror}.", INCOMPLETE)
            traceback.print_exc()
            _end("that is a fault of tensorpact, not of a backend: report it.", HARNESS_FAULT)


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """End at a misspelt option or argument without the usage, which the help has."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        said = error.format_message()
        if not said.endswith("?") and error.ctx is not None:
            said = f"{said.rstrip('.')}; see `{error.ctx.command_path} --help`."
        _end(said[0].lower() + said[1:], error.exit_code)


def _end(message: str, code: int) -> NoReturn:
    click.echo(f"tensorpact: {message}", err=True)
    sys.exit(code)


def _drop_output() -> None:
    """Send the rest of stdout nowhere: the interpreter flushes it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
