"""The page of the command line, printed from the commands themselves."""

from __future__ import annotations

import inspect

import click

from tensorpact.documentation.markdown import code, sections, table


def page() -> str:
    """Every command: its usage, what it does and its options."""
    from tensorpact.cli import main
    from tensorpact.cli.program import EXIT_CODES

    parts = [_command(name, command) for name, command in main.commands.items()]
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    return sections(
        "# The command line",
        inspect.cleandoc(main.help or ""),
        *parts,
        "## Exit codes",
        table(("code", "meaning"), codes),
    )


def _command(name: str, command: click.Command) -> str:
    with click.Context(command, info_name=f"tensorpact {name}") as context:
        usage = " ".join(command.collect_usage_pieces(context))
    options = [p for p in command.params if isinstance(p, click.Option)]
    return sections(
        f"## tensorpact {name}",
        f"```text\ntensorpact {name} {usage}\n```",
        inspect.cleandoc(command.help or ""),
        table(("option", "what it does"), map(_option, options)) if options else "",
    )


def _option(option: click.Option) -> tuple[str, str]:
    names = " or ".join(code(name) for name in option.opts)
    described = option.help or ""
    if option.show_default:
        described += f" Default: {code(str(option.default))}."
    return f"{names} {_metavar(option)}".strip(), described


def _metavar(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return code("|".join(option.type.choices))
    return code(option.metavar or option.type.name.upper())
