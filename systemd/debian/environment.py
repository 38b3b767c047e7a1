"""The virtual environment of the package: made here, right for /opt/lmsyncd/venv on another machine.

Wheels are installed by their hashes into a working environment below build/; what is in its site-packages is taken
along without the tools (pip, setuptools), without tests and without what tells of this machine. The interpreter, the
scripts and ``pyvenv.cfg`` are written for the place where it will stand.
"""

import base64
import compileall
import hashlib
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

TARGET = Path("/opt/lmsyncd/venv")
SYSTEM_BIN = "/usr/bin"
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
TOOLS = {"pip", "setuptools", "wheel"}
TESTS = {"tests", "test", "_tests", "testsuite"}
OF_THIS_MACHINE = {"direct_url.json", "REQUESTED", "INSTALLER"}
PROGRAM = "lmsyncd"
SOURCES = ("actors", "config", "daemon", "pyproject.toml", "README.md", "LICENSE")


class CannotBuild(Exception):
    """What keeps the package from being made, for whoever asked for it."""


def plain(name: str) -> str:
    """A distribution's name as registries compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Workshop:
    """The working environment below ``folder``: everything from the lock, and the program itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.site = folder / "lib" / f"python{MINOR}" / "site-packages"
        self.hashes: dict[str, str] = {}
        """SHA-256 of the archive that each locked distribution was installed from, by plain name."""

    def furnish(self, top: Path, epoch_s: int) -> None:
        """Anew, from the lock and the sources at ``top``."""
        shutil.rmtree(self.folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", self.folder, why="python3-venv is needed")
        report = self.folder / "report.json"
        wheels = ("--require-hashes", "--only-binary=:all:", "--no-compile", "--report", report)
        _pip(self.bin, "install", *wheels, "--requirement", top / "requirements-run.lock")
        for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
            self.hashes[plain(item["metadata"]["name"])] = item["download_info"]["archive_info"]["hashes"]["sha256"]
        copy = self.folder / "source"
        copy.mkdir()
        for name in SOURCES:
            if (top / name).is_dir():
                shutil.copytree(top / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (top / name).exists():
                shutil.copy(top / name, copy / name)
        os.environ["SOURCE_DATE_EPOCH"] = str(epoch_s)
        _pip(self.bin, "install", "--no-deps", "--no-build-isolation", "--no-compile", copy)

    def taken(self) -> list[Distribution]:
        """What the package bundles, by name: the locked distributions without the tools, and the program."""
        found = {plain(one.metadata["Name"]): one for one in distributions(path=[str(self.site)])}
        return [found[name] for name in sorted(found) if name not in TOOLS]

    def glibc(self) -> str:
        """The oldest C library that everything bundled was built for, as the wheels' tags say."""
        needed = [(2, 17)]
        for one in self.taken():
            tags = re.findall(r"^Tag: .*-manylinux_(\d+)_(\d+)_", one.read_text("WHEEL") or "", re.MULTILINE)
            if tags:
                needed.append(min((int(major), int(minor)) for major, minor in tags))
        return ".".join(map(str, max(needed)))


def lay_out(workshop: Workshop, stage: Path, epoch_s: int) -> Path:
    """The environment below ``stage``, at the place where it will stand; its site-packages."""
    venv = stage / TARGET.relative_to("/")
    site = venv / "lib" / f"python{MINOR}" / "site-packages"
    site.mkdir(parents=True)
    (venv / "lib64").symlink_to("lib")
    (venv / "pyvenv.cfg").write_text(
        f"home = {SYSTEM_BIN}\ninclude-system-site-packages = false\nversion = {MINOR}\n", encoding="utf-8"
    )
    for one in workshop.taken():
        _take(one, workshop.site, site)
    _scripts(site, venv / "bin")
    settle_times(stage, epoch_s)
    compile_below(stage, site)
    return site


def _take(one: Distribution, source: Path, to: Path) -> None:
    """One distribution's files, and a RECORD of those that there are."""
    record: list[str] = []
    for file in sorted(one.files or (), key=str):
        path = Path(str(file))
        if not _belongs(path):
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target)
        target.chmod(0o755 if path.suffix == ".so" or ".so." in path.name else 0o644)
        content = target.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(content)}")
    info = next(path for path in one.files or () if path.name == "METADATA").parent
    (to / str(info) / "RECORD").write_text("\n".join([*record, f"{info}/RECORD,,"]) + "\n", encoding="utf-8")


def _belongs(path: Path) -> bool:
    if path.is_absolute() or ".." in path.parts:
        return False  # scripts and headers beside site-packages
    if path.name in OF_THIS_MACHINE or path.name == "RECORD" or path.suffix == ".pyc":
        return False
    return not (TESTS & set(path.parts[:-1]) and not path.parts[0].endswith(".dist-info"))


def _scripts(site: Path, folder: Path) -> None:
    """The interpreter's names and the program's own commands; those of its dependencies are not wanted."""
    folder.mkdir()
    (folder / f"python{MINOR}").symlink_to(f"{SYSTEM_BIN}/python{MINOR}")
    for name in ("python", "python3"):
        (folder / name).symlink_to(f"python{MINOR}")
    [program] = distributions(name=PROGRAM, path=[str(site)])
    for entry in program.entry_points.select(group="console_scripts"):
        script = folder / entry.name
        module, _, function = entry.value.partition(":")
        script.write_text(
            f"#!{TARGET}/bin/python\nimport sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n",
            encoding="utf-8",
        )
        script.chmod(0o755)


def settle_times(stage: Path, epoch_s: int) -> None:
    """Every file, link and folder is as old as the commit."""
    for path in _all(stage):
        os.utime(path, (epoch_s, epoch_s), follow_symlinks=False)


def _all(stage: Path) -> Iterator[Path]:
    yield from sorted(stage.rglob("*"), reverse=True)
    yield stage


def compile_below(stage: Path, folder: Path) -> None:
    """Bytecode beside every module, with the paths it will have. One after the other and with the seed of hashes
    fixed (by whoever started us), so that the same source gives the same bytes."""
    good = compileall.compile_dir(
        folder,
        quiet=2,
        force=True,
        stripdir=str(stage),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
    )
    if not good:
        raise CannotBuild("a module does not compile: python -m compileall says which")


def _pip(binaries: Path, *arguments: str | Path) -> None:
    quiet = ("--disable-pip-version-check", "--quiet", "--no-input")
    _run(binaries / "python", "-m", "pip", *arguments, *quiet, why="see what pip says above")


def _run(*command: str | Path, why: str) -> None:
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode:
        raise CannotBuild(f"{Path(command[0]).name} {command[1]} {command[2]} ended with {done.returncode}: {why}")
