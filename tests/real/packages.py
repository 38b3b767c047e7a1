"""The package, and other versions made of it, with further migrations.

What those consist of beside the program (dependencies, units, maintainer scripts) is left as it is, so that the
scripts under test are those that are shipped.
"""

import compileall
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from checkout import TOP

sys.path.append(str(TOP / "systemd/debian"))

from build import newest_schema, pack

MIGRATIONS = "daemon/store/migrations"
SITE = f"opt/lmsyncd/venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def made(out: Path) -> Path:
    """A package made in ``out``; its stage stays beside it (``package/stage``)."""
    command = [sys.executable, str(TOP / "systemd/debian/build.py"), "--out", str(out / "made"), "--compress", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    package = Path(done.stdout.strip().splitlines()[-1])
    alone = out / "alone"
    alone.mkdir()
    return package.rename(alone / package.name)


def same_program(site: Path) -> None:
    """Another version of the same program."""


def further_migration(site: Path) -> None:
    """The program with a schema that is one version newer."""
    after = newest_schema(site)
    (site / MIGRATIONS / f"{after + 1:04}_further.sql").write_text("CREATE TABLE further (n);\n", encoding="utf-8")


def broken_migrations(site: Path) -> None:
    """Two further migrations, of which the second cannot be applied."""
    folder = site / MIGRATIONS
    after = newest_schema(site)
    (folder / f"{after + 1:04}_good.sql").write_text("CREATE TABLE sooner (n);\n", encoding="utf-8")
    (folder / f"{after + 2:04}_broken.sql").write_text("INSERT INTO nowhere VALUES (1);\n", encoding="utf-8")


def altered(package: Path, to: Path, version: str, change: Callable[[Path], None]) -> Path:
    """The package with another program and version, in ``to``."""
    stage = to / "stage"
    to.mkdir()
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(stage)], check=True)
    site = stage / SITE
    change(site)
    compileall.compile_dir(site / "daemon", quiet=2, stripdir=str(stage), prependdir="/", workers=1)
    for name in ("actors", "config"):
        compileall.compile_dir(site / name, quiet=2, stripdir=str(stage), prependdir="/", workers=1)
    _edit(stage / "DEBIAN/control", r"^Version: .*$", f"Version: {version}")
    _edit(stage / "DEBIAN/preinst", r"^SCHEMA=.*$", f"SCHEMA={newest_schema(site)}")
    [metadata] = site.glob("lmsyncd-*.dist-info/METADATA")
    _edit(metadata, r"^Version: .*$", f"Version: {version}")
    other = to / re.sub(r"_[^_]+_", f"_{version}_", package.name)
    pack(stage, other, int(package.stat().st_mtime), "none")
    shutil.rmtree(stage)
    return other


def _edit(file: Path, pattern: str, instead: str) -> None:
    text, times = re.subn(pattern, instead, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert times == 1, f"{file} has no {pattern}"
    file.write_text(text, encoding="utf-8")
