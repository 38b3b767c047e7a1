"""``python -m daemon.telemetry.observe DIR``: write the rules and the dashboards."""

import sys
from pathlib import Path

from daemon.telemetry.observe.files import files


def main(folder: Path) -> None:
    """What is there already is written over."""
    for name, text in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "systemd/observe"))
