"""``make package``: build/lmsyncd_VERSION_ARCH.deb, from this checkout, without root, the same bytes every time.

Of Debian's tools only dpkg (``dpkg-deb``) is needed, of Python's venv and pip. What is where in the package:
docs/install.md. The interpreter that builds decides for which Python the package is (``PYTHON=``).
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib.metadata import distributions
from pathlib import Path

from bill import bill_of_materials, copyright_file
from environment import MINOR, CannotBuild, Workshop, lay_out, settle_times

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
MAINTAINER = "lmsyncd maintainers <maintainers@lmsyncd.invalid>"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
UNITS = ("*.service", "*.socket", "*.timer")
SYSTEMD_MIN = "252"


def main() -> int:
    """Exit code 69 where something is lacking on this machine, which is said."""
    asked = argparse.ArgumentParser(prog="make package", description=__doc__)
    asked.add_argument("--out", type=Path, default=TOP / "build", help="where the package goes")
    asked.add_argument("--compress", default="xz", choices=["xz", "gzip", "none"], help="none is quick, for tests")
    given = asked.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is written into bytecode
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    try:
        print(build(given.out.resolve(), given.compress))
    except CannotBuild as error:
        print(f"package: {error}", file=sys.stderr)
        return 69
    return 0


def build(out: Path, compress: str) -> Path:
    """The package's file."""
    if shutil.which("dpkg-deb") is None:
        raise CannotBuild("dpkg-deb is needed (Debian's package dpkg, in other distributions too)")
    os.umask(0o022)
    epoch_s, work = _epoch_s(), out / "package"
    shutil.rmtree(work, ignore_errors=True)
    workshop, stage = Workshop(work / "workshop"), work / "stage"
    workshop.furnish(TOP, epoch_s)
    [program] = distributions(name="lmsyncd", path=[str(workshop.site)])
    version = program.version
    lay_out(workshop, stage, epoch_s)
    _links(stage)
    _systemd(stage)
    _shared(stage, workshop)
    _documents(stage, workshop, version, epoch_s)
    control = stage / "DEBIAN"
    _control(control, stage, version, workshop.glibc())
    _modes(stage)
    settle_times(stage, epoch_s)
    architecture = _said("dpkg", "--print-architecture")
    package = out / f"lmsyncd_{version}_{architecture}.deb"
    pack(stage, package, epoch_s, compress)
    return package


def pack(stage: Path, package: Path, epoch_s: int, compress: str = "xz") -> None:
    """Roots own what is in it. One thread: where xz cuts its blocks would hang on how many there are."""
    command = ["dpkg-deb", "--root-owner-group", "--threads-max=1", f"-Z{compress}", "--build", stage, package]
    environ = os.environ | {"SOURCE_DATE_EPOCH": str(epoch_s)}
    done = subprocess.run([str(part) for part in command], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"dpkg-deb: {done.stderr.strip()}")


def _epoch_s() -> int:
    """How old everything is said to be: SOURCE_DATE_EPOCH, else the commit, else what was changed last here."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        return int(given)
    asked = subprocess.run(
        ["git", "-C", str(TOP), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and asked.stdout.strip().isdigit():
        return int(asked.stdout)
    return int((TOP / "CHANGELOG.md").stat().st_mtime)


def _links(stage: Path) -> None:
    folder = stage / "usr/bin"
    folder.mkdir(parents=True)
    for command in ("lmsyncd", "lmsyncctl"):
        (folder / command).symlink_to(f"/opt/lmsyncd/venv/bin/{command}")


def _systemd(stage: Path) -> None:
    """Every unit that lies in systemd/, whoever wrote it."""
    source, lib = TOP / "systemd", stage / "usr/lib"
    for pattern in UNITS:
        for unit in sorted(source.glob(f"lmsyncd{pattern}")):
            _copy(unit, lib / "systemd/system" / unit.name)
    _copy(source / "sysusers.d/lmsyncd.conf", lib / "sysusers.d/lmsyncd.conf")
    _copy(source / "tmpfiles.d/lmsyncd.conf", lib / "tmpfiles.d/lmsyncd.conf")
    _copy(source / "system-preset/80-lmsyncd.preset", lib / "systemd/system-preset/80-lmsyncd.preset")
    _copy(source / "lmsyncd.catalog", lib / "systemd/catalog/lmsyncd.catalog")


def _shared(stage: Path, workshop: Workshop) -> None:
    """Manual pages, completions, schemas, samples, dashboards."""
    usr = stage / "usr/share"
    _run(str(TOP / "systemd/share"), str(workshop.bin), str(usr))
    (usr / "zsh/site-functions").rename(usr / "zsh/vendor-completions")
    for page in sorted(usr.glob("man/man*/*")):
        _gzip(page)
    own = usr / "lmsyncd"
    for which in ("lmsyncd", "tenant"):
        target = own / "schema" / f"{which}.schema.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_said(str(workshop.bin / "lmsyncd"), "schema", which) + "\n", encoding="utf-8")
    for sample in sorted((TOP / "systemd/lmsyncd.service.d").glob("*.sample")):
        _copy(sample, own / "lmsyncd.service.d" / sample.name)
    if (TOP / "systemd/observe").is_dir():
        shutil.copytree(TOP / "systemd/observe", own / "observe", copy_function=shutil.copyfile)


def _documents(stage: Path, workshop: Workshop, version: str, epoch_s: int) -> None:
    doc = stage / "usr/share/doc/lmsyncd"
    for page in sorted((TOP / "docs").glob("*.md")):
        _copy(page, doc / page.name)
    shutil.copytree(TOP / "config/examples", doc / "examples", copy_function=shutil.copyfile)
    _copy(TOP / "CHANGELOG.md", doc / "CHANGELOG.md")
    _gzip(doc / "CHANGELOG.md")
    when = format_datetime(datetime.fromtimestamp(epoch_s, UTC))
    (doc / "changelog").write_text(
        f"lmsyncd ({version}) stable; urgency=medium\n\n  * See CHANGELOG.md.gz beside this file.\n\n"
        f" -- {MAINTAINER}  {when}\n",
        encoding="utf-8",
    )
    _gzip(doc / "changelog")
    bundled = workshop.taken()
    try:
        (doc / "copyright").write_text(copyright_file(bundled, epoch_s), encoding="utf-8")
        bill = bill_of_materials(bundled, workshop.hashes, version, epoch_s)
    except LookupError as error:
        raise CannotBuild(str(error.args[0])) from error
    target = stage / "usr/share/lmsyncd/sbom.cdx.json"
    target.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    override = stage / "usr/share/lintian/overrides/lmsyncd"
    _copy(HERE / "lintian-overrides", override)


def _control(control: Path, stage: Path, version: str, glibc: str) -> None:
    sums = {
        str(path.relative_to(stage)): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in sorted(stage.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    control.mkdir()
    (control / "md5sums").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")
    (control / "control").write_text(control_fields(version, _installed_kib(stage), glibc), encoding="utf-8")
    _copy(HERE / "templates", control / "templates")
    for name in SCRIPTS:
        text = (HERE / name).read_text(encoding="utf-8")
        text = text.replace("#COMMON#\n", (HERE / "common.sh").read_text(encoding="utf-8"))
        text = text.replace("@SCHEMA@", str(newest_schema(TOP))).replace("@VERSION@", version)
        (control / name).write_text(text, encoding="utf-8")


def newest_schema(top: Path) -> int:
    """The version of the database's schema that the checkout's program makes."""
    names = [path.name for path in (top / "daemon/store/migrations").glob("[0-9]*.sql")]
    return max(int(name[:4]) for name in names)


def control_fields(version: str, installed_kib: int, glibc: str) -> str:
    """``DEBIAN/control``."""
    major, minor = MINOR.split(".")
    needed = (
        f"python3 (>= {MINOR}), python3 (<< {major}.{int(minor) + 1}), libc6 (>= {glibc}), libstdc++6, "
        f"systemd (>= {SYSTEMD_MIN}), debconf (>= 0.5) | debconf-2.0"
    )
    about = textwrap.fill(
        "lmsyncd takes what a learning management system tells (xAPI, Canvas, Moodle, OneRoster, LTI) and brings it to "
        "Slack and Microsoft Teams: durably, each message once, traced from the request to the receipt.",
        width=78,
        initial_indent=" ",
        subsequent_indent=" ",
    )
    return (
        f"Package: lmsyncd\nVersion: {version}\nArchitecture: {_said('dpkg', '--print-architecture')}\n"
        f"Maintainer: {MAINTAINER}\nInstalled-Size: {installed_kib}\nDepends: {needed}\n"
        "Recommends: ca-certificates, xmlsec1\nSuggests: curl, tpm2-tools\n"
        "Section: admin\nPriority: optional\n"
        f"Description: Slack and Microsoft Teams in step with a learning management system\n{about}\n"
        " .\n It brings its Python packages along, in a virtual environment of its own.\n"
    )


def _installed_kib(stage: Path) -> int:
    """As dpkg-gencontrol counts: each file in whole KiB, 1 for everything else."""
    return sum(
        -(-path.stat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1 for path in stage.rglob("*")
    )


def _modes(stage: Path) -> None:
    """What is executable and what is not, whatever the checkout's umask was."""
    for path in stage.rglob("*"):
        if path.is_symlink():
            continue
        runs = path.is_dir() or path.parent.name == "bin" or re.search(r"\.so(\.|$)", path.name)
        runs = runs or (path.parent.name == "DEBIAN" and path.name in SCRIPTS)
        path.chmod(0o755 if path.is_dir() or (runs and not path.name.endswith(".so")) else 0o644)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _gzip(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), compresslevel=9, mtime=0))
    path.unlink()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
