"""What is in the package: all of it, none of the machine that made it, the same bytes each time, and a true bill."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from build import pack
from checkout import TOP
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft202012Validator
from machine import need
from packages import SITE, made, newest_schema

pytestmark = pytest.mark.real

VENV = "opt/lmsyncd/venv"
PROBLEMS = r"^[EW]: "


@pytest.fixture(scope="module")
def tree(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What it consists of, with ``DEBIAN`` beside."""
    folder = tmp_path_factory.mktemp("content") / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(folder)], check=True)
    yield folder
    shutil.rmtree(folder)


def files(tree: Path) -> list[Path]:
    return [path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink()]


def test_made_again_it_is_the_same_to_the_byte(package: Path, tmp_path: Path) -> None:
    again = made(tmp_path)
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()
    shutil.rmtree(tmp_path / "made")


def test_root_owns_everything_and_nobody_else_may_write(package: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", str(package)], capture_output=True, text=True, check=True).stdout
    lines = listed.splitlines()
    assert len(lines) > 5_000
    assert [line for line in lines if not re.match(r"(l|[-d]rwxr-xr-x|-rw-r--r--).* root/root ", line)] == []


def test_nothing_tells_of_the_machine_that_made_it(package: Path, tree: Path) -> None:
    places = {str(TOP), str(package.parents[1]), sys.base_prefix} - {"/usr"}
    traces = [place.encode() for place in places]
    assert [str(file) for file in files(tree) if any(trace in file.read_bytes() for trace in traces)] == []


def test_the_environment_is_right_for_its_place(tree: Path) -> None:
    words = configparser.ConfigParser()
    words.read_string("[x]\n" + (tree / VENV / "pyvenv.cfg").read_text(encoding="utf-8"))
    assert (words["x"]["home"], words["x"]["include-system-site-packages"]) == ("/usr/bin", "false")
    interpreter = (tree / VENV / "bin/python").resolve()
    assert re.fullmatch(r"/usr/bin/python3\.\d+", str(interpreter)) or interpreter.is_relative_to("/usr/bin")
    scripts = [path for path in (tree / VENV / "bin").iterdir() if not path.name.startswith("python")]
    assert {path.name for path in scripts} == {"lmsyncd", "lmsyncctl"}
    assert {path.read_text(encoding="utf-8").splitlines()[0] for path in scripts} == {"#!/opt/lmsyncd/venv/bin/python"}
    assert str((tree / "usr/bin/lmsyncd").readlink()) == "/opt/lmsyncd/venv/bin/lmsyncd"


def test_every_module_has_bytecode_and_there_are_no_tests_and_no_tools(tree: Path) -> None:
    site = tree / SITE
    modules = list(site.rglob("*.py"))
    tag = Path(SITE).parts[-2].replace("python3.", "cpython-3")
    assert [path for path in modules if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists()] == []
    assert [path for path in site.rglob("*") if path.is_dir() and path.name in ("tests", "_tests", "testsuite")] == []
    assert [path.name for path in site.iterdir() if re.match(r"(pip|setuptools|wheel|pytest)\b", path.name)] == []


def test_every_unit_and_all_that_belongs_to_them_is_there(tree: Path) -> None:
    lib, source = tree / "usr/lib", TOP / "systemd"
    units = {path.name for kind in ("service", "socket", "timer") for path in source.glob(f"lmsyncd*.{kind}")}
    assert {path.name for path in (lib / "systemd/system").iterdir()} == units
    for name in ("sysusers.d/lmsyncd.conf", "tmpfiles.d/lmsyncd.conf"):
        assert (lib / name).read_bytes() == (source / name).read_bytes()
    assert (lib / "systemd/catalog/lmsyncd.catalog").read_bytes() == (source / "lmsyncd.catalog").read_bytes()
    observed = {path.relative_to(source / "observe") for path in (source / "observe").rglob("*") if path.is_file()}
    shipped = tree / "usr/share/lmsyncd/observe"
    assert {path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file()} == observed


def test_pages_completions_schemas_and_examples_are_there(tree: Path) -> None:
    share = tree / "usr/share"
    expected = ["man/man8/lmsyncd.8.gz", "man/man1/lmsyncctl.1.gz", "doc/lmsyncd/install.md", "doc/lmsyncd/copyright"]
    for command in ("lmsyncd", "lmsyncctl"):
        expected += [f"bash-completion/completions/{command}", f"zsh/vendor-completions/_{command}"]
        expected += [f"fish/vendor_completions.d/{command}.fish"]
    assert [name for name in expected if not (share / name).is_file() or not (share / name).stat().st_size] == []
    for which in ("lmsyncd", "tenant"):
        schema = json.loads((share / f"lmsyncd/schema/{which}.schema.json").read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
    assert list((share / "doc/lmsyncd/examples").rglob("*.toml"))


def test_the_scripts_know_the_schema_and_nothing_is_left_to_fill_in(tree: Path) -> None:
    scripts = {name: (tree / "DEBIAN" / name).read_text(encoding="utf-8") for name in ("preinst", "postinst")}
    assert f"SCHEMA={newest_schema(TOP)}\n" in scripts["preinst"]
    for name in ("preinst", "postinst", "prerm", "postrm"):
        assert not re.search(r"@[A-Z]+@|#COMMON#", (tree / "DEBIAN" / name).read_text(encoding="utf-8"))
        subprocess.run(["sh", "-n", str(tree / "DEBIAN" / name)], check=True)


def test_the_bill_of_materials_is_valid_and_names_everything_with_its_hash(tree: Path) -> None:
    text = (tree / "usr/share/lmsyncd/sbom.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    listed = {each["name"]: each for each in bill["components"]}
    plain = {
        re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one for one in distributions(path=[str(tree / SITE)])
    }
    assert set(listed) | {"lmsyncd"} == set(plain)
    lock = (TOP / "requirements-run.lock").read_text(encoding="utf-8")
    for name, each in listed.items():
        [digest] = each["hashes"]
        assert f"--hash=sha256:{digest['content']}" in lock, name
        assert each["version"] == plain[name].version
    refs = {bill["metadata"]["component"]["bom-ref"], *(each["bom-ref"] for each in listed.values())}
    assert {each["ref"] for each in bill["dependencies"]} == refs


def test_every_licence_is_listed_with_where_its_text_is(tree: Path) -> None:
    text = (tree / "usr/share/doc/lmsyncd/copyright").read_text(encoding="utf-8")
    stanzas = [stanza for stanza in text.split("\n\n") if stanza.startswith("Files: opt/")]
    assert len(stanzas) == len(list(distributions(path=[str(tree / SITE)]))) - 1
    for stanza in stanzas:
        assert re.search(r"^License: \S", stanza, re.MULTILINE)
        for named in re.findall(r"^ (/opt/\S+)$", stanza, re.MULTILINE):
            assert (tree / named.lstrip("/")).is_file(), named


def test_lintian_has_nothing_to_say(tree: Path, tmp_path: Path) -> None:
    need("lintian")
    said = subprocess.run(
        ["lintian", "--allow-root", "--no-tag-display-limit", str(repacked(tree, tmp_path))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.findall(rf"{PROBLEMS}.*", said.stdout + said.stderr, re.MULTILINE) == []


def repacked(tree: Path, folder: Path) -> Path:
    """The package without what others built: lintian looks at each of their files for minutes, and they stay as they
    are."""
    copy = folder / "tree"
    shutil.copytree(tree, copy, symlinks=True)
    for path in (copy / SITE).iterdir():
        if not path.name.startswith("lmsyncd-"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    sums = copy / "DEBIAN/md5sums"
    lines = sums.read_text(encoding="utf-8").splitlines()
    sums.write_text(
        "".join(f"{line}\n" for line in lines if (copy / line.split("  ", 1)[1]).exists()), encoding="utf-8"
    )
    smaller = folder / "smaller.deb"
    pack(copy, smaller, int(tree.stat().st_mtime), "xz")
    return smaller
