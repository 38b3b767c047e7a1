"""Who is in the directory: everybody at the sandbox's domains, as they were made or as they have changed since.

At example.org, people sign in with another name than their address.
"""

import uuid

import msgspec

from actors.targets.teams.fake.replies import IDS, Fields

DOMAINS = ("example.edu", "example.org")
POSTER = "poster@example.edu"
CHANGED_MAX = 10_000
MET_MAX = 200_000


class Somebody(msgspec.Struct):
    """``serial`` counts the changes in the directory: it is the one that made this person what they are."""

    id: str
    name: str
    mail: str
    sign_in: str
    enabled: bool = True
    deleted: bool = False
    serial: int = 0
    changed_s: float = 0.0

    def fields(self) -> Fields:
        return {
            "id": self.id,
            "displayName": self.name,
            "mail": self.mail,
            "userPrincipalName": self.sign_in,
            "accountEnabled": self.enabled,
        }


class Unknown(ValueError):
    """Nobody is named so, or the address is no one that somebody could have."""


class People:
    """Most people are made when they are asked for; those who were met, or have changed, are kept. ``hired_only``:
    nobody else exists than who was hired."""

    def __init__(self) -> None:
        self.serial = 0
        self.hired_only = False
        self._changed: dict[str, Somebody] = {}
        self._met: dict[str, Somebody] = {}
        self._hired: set[str] = set()
        self._moved: dict[str, str] = {}
        """Addresses that changed hands: whose they are now, or nobody's ("")."""

    def find(self, named: str) -> Somebody | None:
        """Whom an address, or the id of somebody who has changed, names."""
        address = named.strip().casefold()
        if address in self._moved or address in self._changed:
            found = self._changed.get(self._moved.get(address, address))
        else:
            made = made_of(address)
            found = self._meet(made) if made is not None else None
        return None if found is None or found.deleted else found

    def _meet(self, made: Somebody) -> Somebody | None:
        found = self._changed.get(made.id)
        if found is not None:
            return found
        if self.hired_only and made.id not in self._hired:
            return None
        if len(self._met) >= MET_MAX and made.id not in self._met:
            return made
        return self._met.setdefault(made.id, made)

    def hire(self, address: str) -> Somebody:
        """Raises Unknown."""
        made = made_of(address.strip().casefold())
        if made is None or len(self._hired) >= MET_MAX:
            raise Unknown(f"{address!r} cannot be somebody's address here")
        self._hired.add(made.id)
        return self._changed.get(made.id) or self._met.setdefault(made.id, made)

    def known(self, named: str) -> Somebody | None:
        """Whose id it is, as far as they were met."""
        found = self._changed.get(named) or self._met.get(named)
        return None if found is None or found.deleted else found

    def everybody(self) -> list[Somebody]:
        """Who was met or hired or has changed, and is not deleted, by id."""
        found = self._met | self._changed
        return [found[name] for name in sorted(found) if not found[name].deleted]

    def is_gone(self, named: str) -> bool:
        """Whether this is the id of somebody who was deleted."""
        found = self._changed.get(named.casefold())
        return found is not None and found.deleted

    def change(
        self,
        named: str,
        now_s: float,
        *,
        mail: str | None = None,
        name: str | None = None,
        enabled: bool | None = None,
        deleted: bool = False,
    ) -> Somebody:
        """Raises Unknown."""
        somebody = self.find(named)
        if somebody is None:
            raise Unknown(f"nobody is named {named!r}")
        if len(self._changed) >= CHANGED_MAX and somebody.id not in self._changed:
            raise Unknown(f"no more than {CHANGED_MAX} people change here: start the sandbox again")
        if mail is not None:
            self._move(somebody, mail.strip().casefold())
        if name is not None:
            somebody.name = name
        if enabled is not None:
            somebody.enabled = enabled
        somebody.deleted = deleted
        self.serial += 1
        somebody.serial, somebody.changed_s = self.serial, now_s
        self._changed[somebody.id] = somebody
        return somebody

    def since(self, serial: int) -> list[Somebody]:
        """Who has changed after that, the earliest first; deleted ones, too."""
        return sorted((each for each in self._changed.values() if each.serial > serial), key=lambda each: each.serial)

    def _move(self, somebody: Somebody, mail: str) -> None:
        taken = self.find(mail)
        if made_of(mail) is None or (taken is not None and taken.id in self._changed and taken is not somebody):
            raise Unknown(f"{mail!r} cannot be somebody's address here")
        self._moved[somebody.mail] = ""
        self._moved[somebody.sign_in] = ""
        self._moved[mail] = somebody.id
        somebody.mail = mail
        somebody.sign_in = mail
        self._changed[somebody.id] = somebody


def made_of(address: str) -> Somebody | None:
    """Who has this address, if nothing has changed."""
    name, _, domain = address.rpartition("@")
    if not name or domain not in DOMAINS or name == "nobody":
        return None
    shown = name.replace(".", " ").title()
    sign_in = address if domain == DOMAINS[0] else f"{name}@org.onmicrosoft.com"
    return Somebody(str(uuid.uuid5(IDS, address)), shown, address, sign_in)


PERSON: Fields = {
    "id": "5a2d0a00-0000-4000-8000-0000000000a1",
    "displayName": "Sandbox Poster",
    "mail": POSTER,
    "userPrincipalName": POSTER,
}
"""Whom ``sandbox-user`` speaks for, and who signs in where nobody says who."""
SHOWN = tuple(PERSON)
"""What of somebody is shown where nobody says what."""
