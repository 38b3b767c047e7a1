"""What is a bundle, and what is refused before a byte of it is unpacked."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from daemon.depot import opening
from daemon.depot.opening import FolderBundle, Torn, Unusable, ZipBundle, is_hidden, open_file

AT = (2026, 9, 1, 6, 0, 0)


def zipped(files: dict[str, bytes], *, link: str = "", at: tuple[int, ...] = AT) -> io.BytesIO:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as into:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, at)  # type: ignore[arg-type]
            if name == link:
                info.external_attr = 0o120777 << 16
            into.writestr(info, data, zipfile.ZIP_DEFLATED)
    held.seek(0)
    return held


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["users.csv", "orgs.csv"], id="at the root"),
        pytest.param(["export/users.csv", "export/orgs.csv", "export/readme.txt"], id="in a folder"),
        pytest.param(["users.csv", "orgs.csv", "__MACOSX/._users.csv", ".DS_Store"], id="from a Mac"),
        pytest.param(["users.csv", "orgs.csv", "docs/a/readme.pdf"], id="with something else beside"),
    ],
)
def test_tables_are_found_at_the_root_or_in_one_folder(names: list[str]) -> None:
    bundle = ZipBundle(zipped({name: name.encode() for name in names}))
    assert bundle.names == ("orgs.csv", "users.csv")
    assert bundle.open("users.csv").read().endswith(b"users.csv")
    assert bundle.made_us == 1_788_242_400_000_000
    bundle.close()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"../users.csv": b"x"}, "no plain name"),
        ({"/etc/users.csv": b"x"}, "no plain name"),
        ({"a\\users.csv": b"x"}, "no plain name"),
        ({"a/b/users.csv": b"x"}, "deeper"),
        ({"a/users.csv": b"x", "orgs.csv": b"x"}, "deeper"),
        ({"readme.txt": b"x"}, "no CSV file in the zip$"),
        (
            {"export/bundle.zip": b"x"},
            "no CSV file in the zip, but another zip, 'export/bundle.zip': put that one here",
        ),
        ({"users.csv": b"\0" * 20_000_000}, "packed more than"),
        ({f"{n}.csv": b"" for n in range(opening.ENTRIES_MAX + 1)}, "more than 200 entries"),
    ],
)
def test_odd_zips_are_refused(files: dict[str, bytes], why: str) -> None:
    held = zipped(files)
    if "a/users.csv" in held.getvalue().decode("latin-1") and "a\\users.csv" in files:
        held = io.BytesIO(held.getvalue().replace(b"a/users.csv", b"a\\users.csv"))
    with pytest.raises(Unusable, match=why):
        ZipBundle(held)
    assert held.closed


def test_links_encryption_and_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unusable, match="is a link"):
        ZipBundle(zipped({"users.csv": b"/etc/passwd"}, link="users.csv"))
    plain = zipped({"users.csv": b"x"}).getvalue()
    place = plain.rfind(b"PK\x01\x02") + 8
    with pytest.raises(Unusable, match="encrypted"):
        ZipBundle(io.BytesIO(plain[:place] + b"\x01" + plain[place + 1 :]))
    monkeypatch.setattr(opening, "UNPACKED_BYTES_MAX", 1)
    with pytest.raises(Unusable, match="holds more than"):
        ZipBundle(zipped({"users.csv": b"xx"}))


@pytest.mark.parametrize("cut", [0, 1, 10, 40])
def test_half_a_zip_is_none(cut: int) -> None:
    whole = zipped({"users.csv": b"a,b\n" * 100}).getvalue()
    with pytest.raises(Unusable, match="no whole zip"):
        ZipBundle(io.BytesIO(whole[: len(whole) * cut // 50]))


def test_what_was_compressed_on_its_way_is_said_to_be() -> None:
    sent = io.BytesIO(gzip.compress(zipped({"users.csv": b"x"}).getvalue()))
    with pytest.raises(Torn, match="this is gzip, not a zip"):
        ZipBundle(sent)


def test_two_of_one_name_are_refused() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as into:
        into.writestr("users.csv", b"a")
        with pytest.warns(UserWarning, match="Duplicate"):
            into.writestr("users.csv", b"b")
    with pytest.raises(Unusable, match="twice"):
        ZipBundle(held)


def test_a_folder_and_a_zip_of_the_same_files_have_one_digest(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(b"a,b\n")
    (tmp_path / "notes.txt").write_bytes(b"never mind")
    folder = FolderBundle(os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY))
    assert folder.names == ("users.csv",)
    assert folder.digest == ZipBundle(zipped({"users.csv": b"a,b\n"})).digest
    assert folder.digest != ZipBundle(zipped({"users.csv": b"a,c\n"})).digest
    folder.close()


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "users.csv").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        FolderBundle(os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY))
    os.mkfifo(tmp_path / "orgs.csv")
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    with pytest.raises(Unusable, match="no plain file"):
        open_file("orgs.csv", fd)
    os.close(fd)


@pytest.mark.parametrize("name", [".a.zip", "a.zip.part", "a.zip~", "~$a.csv", "a.filepart", "a.TMP", "#a#"])
def test_what_is_not_there_yet_is_hidden(name: str) -> None:
    assert is_hidden(name)
