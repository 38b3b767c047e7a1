"""What waits for a secret: which of the references in force lead nowhere, and that it is said once."""

from pathlib import Path

import pytest
from vault_place import Place, opened

from actors.targets.slack.settings import SlackSettings
from config.model import Configuration, Connection, Daemon, Secret, Tenant
from config.secrets import SecretUnavailable
from config.vaulting import VaultWords
from daemon.vault.strongroom import TOLD_MAX

TOKEN = Secret(credential="slack-bot")


def configured(*names: str, credential: str = "slack-bot") -> Configuration:
    """Two targets of each tenant that refer to the same credential, and a daemon that refers to one of its own."""
    settings = SlackSettings(token=Secret(credential=credential))
    targets = {name: Connection(name=name, kind="slack", settings=settings) for name in ("chat", "news")}
    root = Path("/etc/lmsyncd")
    return Configuration(
        root=root,
        state=root / "state",
        daemon=Daemon(vault=VaultWords(key=Secret(credential="of-the-vault"))),
        tenants={name: Tenant(name=name, timezone="UTC", locale="en", targets=targets) for name in names},
    )


def telling(place: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of secrets that are waited for, from now on."""
    told: list[str] = []

    def trouble(name: str, error: BaseException | None, **fields: object) -> None:
        assert name == "secret.awaited"
        told.append(str(fields["detail"]))

    monkeypatch.setattr(place.notes, "trouble", trouble)
    return told


async def test_a_tenant_waits_until_it_is_put_in_for_it_or_for_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        awaited = place.room.awaited
        assert awaited.now() == [], "nothing is configured"
        awaited.configure(configured("acme", "globex"))
        assert [(each.tenant, each.name, each.places) for each in awaited.now()] == [
            ("acme", "slack-bot", ("acme/chat", "acme/news")),
            ("globex", "slack-bot", ("globex/chat", "globex/news")),
        ]
        with pytest.raises(SecretUnavailable, match="put it in: lmsyncctl secret set slack-bot"):
            place.reader.of("acme")(TOKEN)
        await place.room.put("acme", "slack-bot", "xoxb-1", "ada")
        assert [each.tenant for each in awaited.now()] == ["globex"]
        await place.room.put("", "slack-bot", "xoxb-2", "ada")
        assert awaited.now() == []
        await place.secrets.remove([("", "slack-bot")])
        assert [str(each) for each in awaited.now()] == [
            "globex/chat, globex/news wait for a secret: lmsyncctl secret set slack-bot"
        ]


async def test_what_systemd_hands_over_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "slack-bot").write_text("xoxb-1")
    async with opened(tmp_path, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as place:
        place.room.awaited.configure(configured("acme"))
        assert place.room.awaited.now() == []
        (tmp_path / "slack-bot").unlink()
        assert [each.tenant for each in place.room.awaited.now()] == ["acme"]


async def test_it_is_said_once_and_again_after_it_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as place:
        told = telling(place, monkeypatch)
        place.room.awaited.configure(configured("acme"))
        await place.room.configure(VaultWords())
        await place.room.configure(VaultWords())
        assert told == ["acme/chat, acme/news wait for a secret: lmsyncctl secret set slack-bot"]
        await place.room.put("acme", "slack-bot", "xoxb-1", "ada")
        await place.room.configure(VaultWords())
        await place.secrets.remove([("acme", "slack-bot")])
        await place.room.configure(VaultWords())
        assert len(told) == 2


async def test_of_many_only_some_are_said_and_then_how_many_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as place:
        told = telling(place, monkeypatch)
        place.room.awaited.configure(configured(*(f"school-{n:02}" for n in range(TOLD_MAX + 5))))
        await place.room.configure(VaultWords())
        assert len(told) == TOLD_MAX + 1
        assert told[-1] == "5 more: lmsyncctl status"
