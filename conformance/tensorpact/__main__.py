"""`python -m tensorpact` is the command line."""

from tensorpact.cli import main

main(prog_name="tensorpact")
