"""Records an example for every guarantee; see `made`. It takes a minute or two."""

from __future__ import annotations

from importlib.resources import as_file, files

from tensorpact.examples.made import examples
from tensorpact.examples.model import FILE, PACKAGE, as_toml

if __name__ == "__main__":
    with as_file(files(PACKAGE)) as folder:
        (folder / FILE).write_text(as_toml(examples()), encoding="utf-8")
