"""The key of hashed secrets: made at first need, private, never written over."""

from pathlib import Path

import pytest

from daemon.gateway.seal import PREFIX, Seal, SealFile, SealUnusable, fresh_secret, seal_path


def test_the_key_is_made_when_it_is_needed_and_found_again(tmp_path: Path) -> None:
    path = seal_path(tmp_path / "lmsyncd.db")
    assert path == tmp_path / "lmsyncd.db.key"
    file = SealFile(path)
    assert not file.load()
    assert not path.exists()
    made = file.seal.hash("acme", "bi", b"secret")
    file.keep()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    again = SealFile(path)
    assert again.seal.hash("acme", "bi", b"secret") != made
    assert again.load()
    assert (again.seal.hash("acme", "bi", b"secret"), again.seal.id) == (made, file.seal.id)
    content = path.read_bytes()
    again.keep()
    assert path.read_bytes() == content


def test_a_rest_of_an_interrupted_making_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.with_name("k.new").write_text("half")
    file = SealFile(path)
    file.keep()
    assert SealFile(path).load()


@pytest.mark.parametrize("content", [b"", b"ab", b"zz" * 32, b"ab" * 33, b"\xff" * 64])
def test_what_is_no_key_is_neither_used_nor_written_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    file = SealFile(path)
    for attempt in (file.load, file.keep):
        with pytest.raises(SealUnusable, match="no key of ours"):
            attempt()
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    with pytest.raises(SealUnusable, match="directory"):
        SealFile(tmp_path / "k").load()
    with pytest.raises(SealUnusable, match="No such file"):
        SealFile(tmp_path / "missing" / "k").keep()


def test_neither_a_key_nor_its_file_shows_itself(tmp_path: Path) -> None:
    key = bytes(range(32))
    (tmp_path / "k").write_text(key.hex())
    file = SealFile(tmp_path / "k")
    file.load()
    assert key.hex() not in repr(file) + repr(file.seal) + str(Seal(key))


def test_secrets_are_long_fit_for_urls_and_recognised() -> None:
    made = {fresh_secret() for _ in range(100)}
    assert len(made) == 100
    for secret in made:
        assert secret.startswith(PREFIX)
        assert len(secret) == len(PREFIX) + 43
        assert secret.replace("-", "").replace("_", "").isalnum()
        assert secret.isascii()
