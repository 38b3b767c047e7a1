"""A key in a token of SoftHSM2: it wraps and unwraps, never leaves, goes and comes back; no PIN is locked by us."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vault_place import opened

from config.model import Secret
from config.vaulting import Pkcs11, VaultWords
from daemon.vault.envelope import VaultUnusable
from daemon.vault.pkcs11 import HsmKek

pytestmark = pytest.mark.real

MODULE = next(
    (
        path
        for path in map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"))
        if path.exists()
    ),
    Path("/usr/lib/softhsm/libsofthsm2.so"),
)
PIN, TOKEN = "24680-pin", "school"


def softhsm(*words: str) -> None:
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)


@pytest.fixture(scope="module", autouse=True)
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One token for the whole file: a process loads the library once, with one configuration."""
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    softhsm("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "so-13579")
    make_keys()
    yield folder / "tokens"
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def make_keys() -> None:
    import pkcs11
    from pkcs11 import KeyType, MechanismFlag

    with pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
        session.generate_key(KeyType.AES, 256, label="aes", store=True)
        session.generate_key(KeyType.AES, 256, label="aes-next", store=True)
        signs = MechanismFlag.SIGN | MechanismFlag.VERIFY
        session.generate_key(KeyType.GENERIC_SECRET, 256, label="hmac", store=True, capabilities=signs)
        session.generate_key(KeyType.AES, 256, label="useless", store=True, capabilities=MechanismFlag.WRAP)
        session.generate_key(KeyType.DES3, label="old", store=True)
        for _ in range(2):
            session.generate_key(KeyType.AES, 256, label="twice", store=True)
        session.generate_keypair(KeyType.RSA, 2048, label="rsa", store=True)


@pytest.fixture
def pin(tmp_path: Path) -> Path:
    (tmp_path / "pin").write_text(PIN + "\n")
    return tmp_path / "pin"


def written(pin: Path, value: str) -> None:
    pin.write_text(f"{value}\n")


def take_away(tokens: Path, away: Path) -> None:
    shutil.move(tokens, away)
    tokens.mkdir()


def bring_back(tokens: Path, away: Path) -> None:
    tokens.rmdir()
    shutil.move(away, tokens)


def words(pin: Path, key: str = "aes", token: str = TOKEN, module: Path = MODULE) -> Pkcs11:
    return Pkcs11(module=module, token=token, key=key, pin=Secret(file=pin))


@pytest.mark.parametrize("key", ["aes", "hmac"])
async def test_secrets_live_on_under_a_key_that_never_leaves(tmp_path: Path, pin: Path, key: str) -> None:
    vault = VaultWords(pkcs11=words(pin, key))
    async with opened(tmp_path, vault) as place:
        await place.room.put("acme", "slack-bot", "xoxb-of-acme", "ada")
        assert (await place.room.state()).sealing.kind == "pkcs11"
    assert not (tmp_path / "v.db.vault").exists()
    async with opened(tmp_path, vault) as place:
        assert place.reader.of("acme")(Secret(credential="slack-bot")) == "xoxb-of-acme"
    async with opened(tmp_path) as place:
        with pytest.raises(VaultUnusable, match="is not here"):
            place.secrets.open(place.secrets.stored()["acme", "slack-bot"])


async def test_from_a_file_into_the_hsm_to_its_next_key_and_out_again(tmp_path: Path, pin: Path) -> None:
    async with opened(tmp_path) as place:
        await place.room.put("acme", "slack-bot", "xoxb-of-acme", "ada")
        for next_words in (
            VaultWords(pkcs11=words(pin)),
            VaultWords(pkcs11=words(pin, "aes-next"), former_pkcs11=words(pin)),
            VaultWords(pkcs11=words(pin, "hmac"), former_pkcs11=words(pin, "aes-next")),
            VaultWords(former_pkcs11=words(pin, "hmac")),
        ):
            await place.room.configure(next_words)
            assert (await place.room.state()).former == 1
            assert await place.room.rotation.rewrap() == (1, 0)
            assert (await place.room.state()).former == 0
    async with opened(tmp_path) as place:
        assert place.secrets.open(place.secrets.stored()["acme", "slack-bot"]) == b"xoxb-of-acme"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pin: words(pin, "nobody"), "there is no secret key of this label"),
        (lambda pin: words(pin, "rsa"), "there is no secret key of this label"),
        (lambda pin: words(pin, "twice"), "2 keys have this label"),
        (lambda pin: words(pin, "useless"), "may not be used for this|KeyFunctionNotPermitted|CKA_ENCRYPT"),
        (lambda pin: words(pin, "old"), "neither AES nor a generic secret"),
        (lambda pin: words(pin, token="nobody's"), "there is no such token now"),
        (lambda pin: words(pin, module=Path("/nowhere/lib.so")), "No such file"),
        (lambda pin: words(pin, module=Path("/etc/hostname")), "OS exception while loading"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, pin: Path, change: Callable[[Path], Pkcs11], said: str) -> None:
    async with opened(tmp_path, VaultWords(pkcs11=change(pin))) as place:
        with pytest.raises(VaultUnusable, match=said):
            await place.vault.ready_for("acme")
        state = await place.room.state()
        assert (state.kek, bool(state.trouble)) == ("", True)
    assert not (tmp_path / "v.db.vault").exists(), "nothing plain takes its place"


async def test_a_wrong_pin_is_tried_once_however_often_somebody_asks(tmp_path: Path, pin: Path) -> None:
    """A token locks after a few: with more tries than it allows, the right one still works afterwards."""
    written(pin, "wrong-pin")
    async with opened(tmp_path, VaultWords(pkcs11=words(pin))) as place:
        with pytest.raises(VaultUnusable, match="the HSM refuses the PIN"):
            await place.vault.ready_for("acme")
        kek = place.room.keks.source.first()
        assert isinstance(kek, HsmKek)
        tried = 0
        opening = kek._opened

        def counted(pin: str) -> object:
            nonlocal tried
            tried += 1
            return opening(pin)

        kek._opened = counted  # type: ignore[method-assign,assignment]  # counts
        for _ in range(20):
            with pytest.raises(VaultUnusable, match="not tried again by itself"):
                await place.vault.ready_for("acme")
        await place.room.configure(VaultWords(pkcs11=words(pin)))
        await place.room.state()
        assert tried == 0
        written(pin, PIN)
        await place.vault.ready_for("acme")
        assert tried > 0
        assert place.vault.open("acme", "a", "b", place.vault.seal("acme", "a", "b", b"value")) == b"value"


async def test_an_hsm_that_goes_away_closes_nothing_that_is_open_and_may_come_back(
    tmp_path: Path, pin: Path, tokens: Path
) -> None:
    vault = VaultWords(pkcs11=words(pin))
    away = tokens.with_name("away")
    async with opened(tmp_path, vault) as place:
        await place.room.put("acme", "slack-bot", "xoxb-of-acme", "ada")
        take_away(tokens, away)
        kek = place.room.keks.source.first()
        assert isinstance(kek, HsmKek)
        kek._let_go()  # the driver notices at its next errand what a test cannot pull out while it is in use
        with pytest.raises(VaultUnusable, match="no such token now") as gone:
            await place.vault.ready_for("globex")
        assert gone.value.passing
        assert place.reader.of("acme")(Secret(credential="slack-bot")) == "xoxb-of-acme"
        await place.room.put("acme", "another", "sealed while it is away", "ada")
    async with opened(tmp_path, vault) as place:
        with pytest.raises(VaultUnusable, match="no such token now"):
            place.secrets.open(place.secrets.stored()["acme", "slack-bot"])
        bring_back(tokens, away)
        await place.room.rotation.tend(beginning=False)
        assert place.secrets.open(place.secrets.stored()["acme", "another"]) == b"sealed while it is away"
        assert place.room.trouble() == ""


def test_systemd_writes_what_we_read(tmp_path: Path) -> None:
    """Of the kinds that a machine without a TPM can make."""
    from daemon.vault.sealing import kind_of

    for given, kind in (("host", "host key"), ("tpm2-absent", "plain")):
        made = subprocess.run(
            ["systemd-creds", "encrypt", f"--with-key={given}", "--name=lmsyncd-vault", "-", "-"],
            input=b"ab" * 32, capture_output=True, check=True,
        )  # fmt: skip
        assert kind_of(made.stdout) == kind
