"""An operator's mapping tables: where they lie, which wins, and every mistake at once."""

from pathlib import Path

import pytest
from config_world import GOOD_TENANT, VOCABULARY, write

from actors.sources.tables import examine as examine_tables
from actors.sources.tables import tables
from config import mappings
from config.load import examine
from config.model import Configuration, Words
from config.problems import Problem
from config.tenant import Vocabulary


class PolledSettings(Words, frozen=True, kw_only=True):
    """What is read begins with a version."""

    mapping: int | None = None


MORE = Vocabulary(
    {**VOCABULARY.sources, "canvas": PolledSettings},
    VOCABULARY.targets,
    VOCABULARY.route_words,
    mappings=examine_tables,
)
TENANT = GOOD_TENANT + '[sources.lms]\nkind = "canvas"\n[sources.other]\nkind = "canvas"\n'


def table(version: int, field: str = "display_name", more: str = "") -> str:
    return f'version = {version}\nnote = "Ours."\nextends = 1\n{more}[user.rest]\n{field} = {{ path = "x" }}\n'


def read(root: Path, files: dict[str, str | bytes]) -> tuple[Configuration | None, list[Problem]]:
    write(root, {"tenants.d/acme.toml": TENANT, **files})
    return examine(root, MORE, {"LRS": "x", "TOKEN": "y"})


def said(root: Path, problems: list[Problem]) -> list[tuple[str, int, str, str]]:
    return [(str(each.file.relative_to(root)), each.line, each.key, each.message) for each in problems]


def test_for_a_kind_and_for_one_source(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "mappings/canvas/v100.toml": table(100),
        "mappings/canvas/v101.toml": table(101, "org_unit"),
        "mappings/canvas/old.toml.off": "nonsense",
        "mappings/acme/lms/v101.toml": table(101, "given_name"),
        "mappings/.hidden/v1.toml": "nonsense",
    }
    configuration, problems = read(tmp_path, files)
    assert problems == []
    assert configuration is not None
    acme = configuration.tenants["acme"]
    where = {
        source: {version: str(each.file.relative_to(tmp_path)) for version, each in own.items()}
        for source, own in acme.mappings.items()
    }
    assert where == {
        "lms": {100: "mappings/canvas/v100.toml", 101: "mappings/acme/lms/v101.toml"},
        "other": {100: "mappings/canvas/v100.toml", 101: "mappings/canvas/v101.toml"},
    }
    known = tables("canvas", acme.mappings["lms"])
    assert sorted(known.mapped) == [1, 100, 101]
    assert known.newest == 101
    assert known.in_force(0) == 101
    assert known.in_force(1, 100) == 1
    assert known.in_force(0, 100) == 100
    with pytest.raises(LookupError, match=r"there is no version 7 .*v1, v100, v101"):
        known.get(7)


def test_every_mistake_at_once(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "mappings/canvas/v100.toml": table(100, "displayname"),
        "mappings/canvas/v2.toml": "version = ",
        "mappings/canvas/second.toml": "",
        "mappings/canvass/v1.toml": "",
        "mappings/acme/lsm/v1.toml": "",
        "mappings/acme/v3.toml": "",
        "mappings/acme/lms/v101.toml": table(102, more='[words]\nx = "y"\n'),
    }
    configuration, problems = read(tmp_path, files)
    assert configuration is None
    found = said(tmp_path, problems)
    assert ("mappings/canvas/v100.toml", 5, "user.rest.displayname", "user has no such field") in found
    assert [line for file, line, *_ in found if file == "mappings/canvas/v2.toml"] == [1]
    others = {(file, message) for file, _, _, message in found}
    assert ("mappings/canvas/second.toml", "a mapping table is called after its version: v2.toml") in others
    assert ("mappings/canvass", "'canvass' is neither a kind of source nor a tenant") in others
    assert ("mappings/acme/lsm", "acme has no source 'lsm'") in others
    assert ("mappings/acme/v3.toml", "a tenant's tables lie in a folder of their source") in others
    assert ("mappings/acme/lms/v101.toml", "the file is that of version 101") in others
    assert len(found) == len(set(found))


def test_hiding_a_table_that_ships_is_warned_of(tmp_path: Path) -> None:
    own = 'version = 1\nnote = "Ours."\n[user.rest]\nemail = { path = "mail" }\n'
    configuration, problems = read(tmp_path, {"mappings/canvas/v1.toml": own})
    assert configuration is not None
    assert [(each.severity, each.message, each.suggestion) for each in problems] == [
        (
            "warning",
            "this hides version 1 that ships with canvas",
            "number your own tables from 100 on, with extends = 1",
        )
    ]


def test_a_source_begins_with_a_version_that_there_is(tmp_path: Path) -> None:
    wishes = 'mapping = 100\n[sources.third]\nkind = "canvas"\nmapping = 7\n'
    write(tmp_path, {"tenants.d/acme.toml": TENANT + wishes, "mappings/acme/other/v100.toml": table(100)})
    _, problems = examine(tmp_path, MORE, {"LRS": "x", "TOKEN": "y"})
    assert [(each.key, each.message, each.suggestion) for each in problems] == [
        ("sources.third.mapping", "there is no version 7 of the mapping of canvas", "there is: 1")
    ]


def test_their_number_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mappings, "VERSIONS_MAX", 1)
    files: dict[str, str | bytes] = {f"mappings/canvas/v{no}.toml": table(no) for no in (100, 101)}
    _, problems = read(tmp_path, files)
    assert [each.message for each in problems] == ["there are more than 1 tables"]


def test_another_table_is_another_tenant(tmp_path: Path) -> None:
    before, _ = read(tmp_path, {"mappings/canvas/v100.toml": table(100)})
    again, _ = read(tmp_path, {})
    after, _ = read(tmp_path, {"mappings/canvas/v100.toml": table(100, "org_unit")})
    assert before is not None
    assert again is not None
    assert after is not None
    assert before.tenants == again.tenants
    assert before.tenants != after.tenants
