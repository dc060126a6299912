"""`tensorpact completion`: the script that completes commands in a shell."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_TENSORPACT_COMPLETE"
"""By this variable the script asks for completions."""


@click.command("completion", short_help="Print the script that completes commands in a shell.")
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options, backends and ids.

    For bash, add to ~/.bashrc `eval "$(tensorpact completion bash)"`, and for zsh the like to
    ~/.zshrc. For fish: `tensorpact completion fish > ~/.config/fish/completions/tensorpact.fish`.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(context.find_root().command, {}, "tensorpact", VARIABLE).source())
