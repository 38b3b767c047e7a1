"""The guide, walked through: the shell blocks of docs/install.md by their heading, run in a machine."""

import re

from checkout import TOP, written
from machine import Machine


def chapters() -> dict[str, str]:
    """What is to be run under each heading, as one script."""
    parts = re.split(r"^## (.*)$", written(TOP / "docs/install.md"), flags=re.MULTILINE)
    return {
        heading: "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def walk(machine: Machine, *headings: str, where: str, before: str = "") -> str:
    """Run them word for word, in the folder ``where``; what the last one printed. ``before``: ahead of each."""
    steps, said = chapters(), ""
    for heading in headings:
        assert steps[heading], f"docs/install.md has nothing to run under {heading!r}"
        said = machine.run(f"cd {where}; {before}\n{steps[heading]}")
        print(f"## {heading}\n{said}")
    return said
