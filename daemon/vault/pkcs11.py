"""A key-encryption key in an HSM: it is asked there, and never leaves.

Two forms of key serve, whatever else the HSM can do. A generic secret computes HMAC-SHA256 of the hint. An AES key
enciphers 32 random bytes (CBC, no padding): the cipher text is the hint. That needs no authentication of its own,
because a data key is wrapped with what comes back, and with another hint it does not open. RSA would serve as well for
hiding, but whoever has the public key and the database could plant data keys of his own.

One session an errand. A refused PIN is not tried again by itself: tokens lock after a few. After any other failure the
library is let go and begun anew, so an HSM that went away may come back.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from daemon.vault.envelope import KEY_BYTES, KEY_ID_BYTES, Random, VaultUnusable
from daemon.vault.keks import HINT_BYTES

T = TypeVar("T")
IV_BYTES = 16
WAIT_S_MAX = 10.0
WHICH = b"which key is this"
_library = threading.Lock()
"""A library of this kind knows one login for the whole process."""


@contextmanager
def _alone(where: str) -> Iterator[None]:
    """With the library to oneself. Raises VaultUnusable where somebody else has it for too long: it hangs."""
    if not _library.acquire(timeout=WAIT_S_MAX):
        raise VaultUnusable(f"{where}: the library does not come back from what it was asked before", passing=True)
    try:
        yield
    finally:
        _library.release()


class HsmKek:
    """``pin`` is asked for each errand, so that a changed one is used by the next."""

    slow = True

    def __init__(self, module: Path, token: str, key: str, pin: Callable[[], str], random: Random = os.urandom) -> None:
        self.where = f"key {key!r} of token {token!r} ({module})"
        self._module = str(module)
        self._token = token
        self._key = key
        self._pin = pin
        self._random = random
        self._refused_pin = b""
        self._id = b""
        self._library: Any = None

    def __repr__(self) -> str:
        return f"HsmKek({self.where})"

    def try_again(self) -> None:
        """Somebody says that the PIN is right now."""
        self._refused_pin = b""

    def identify(self) -> bytes:
        """Asked once; the same key has the same id wherever its token is."""
        if not self._id:
            self._id = self._errand(self._which)
        return self._id

    def fresh(self) -> tuple[bytes, bytes]:
        if not self._id:
            self.identify()
        return self._errand(self._fresh)

    def recall(self, hints: Sequence[bytes]) -> list[bytes | None]:
        return self._errand(lambda key: [self._recall(key, hint) for hint in hints])

    # ── with the key at hand ─────────────────────────────────────────────────────────────────────────

    def _which(self, key: Any) -> bytes:
        from pkcs11 import Mechanism

        if _is_aes(key):
            told = key.encrypt(WHICH[:IV_BYTES], mechanism=Mechanism.AES_CBC, mechanism_param=bytes(IV_BYTES))
        else:
            told = key.sign(WHICH, mechanism=Mechanism.SHA256_HMAC)
        return hashlib.sha256(told).digest()[:KEY_ID_BYTES]

    def _fresh(self, key: Any) -> tuple[bytes, bytes]:
        from pkcs11 import Mechanism

        if not _is_aes(key):
            hint = self._random(HINT_BYTES)
            return hint, key.sign(b"data key\0" + hint, mechanism=Mechanism.SHA256_HMAC)
        secret, iv = self._random(KEY_BYTES), self._random(IV_BYTES)
        return iv + key.encrypt(secret, mechanism=Mechanism.AES_CBC, mechanism_param=iv), secret

    def _recall(self, key: Any, hint: bytes) -> bytes | None:
        from pkcs11 import Mechanism

        if not _is_aes(key):
            found = key.sign(b"data key\0" + hint, mechanism=Mechanism.SHA256_HMAC)
        elif len(hint) != IV_BYTES + KEY_BYTES:
            return None
        else:
            iv, hidden = hint[:IV_BYTES], hint[IV_BYTES:]
            found = key.decrypt(hidden, mechanism=Mechanism.AES_CBC, mechanism_param=iv)
        return found if len(found) == KEY_BYTES else None

    # ── getting there ────────────────────────────────────────────────────────────────────────────────

    def _errand(self, job: Callable[[Any], T]) -> T:
        """Raises VaultUnusable."""
        import pkcs11

        with _alone(self.where):
            pin = self._pin()
            mark = hashlib.sha256(pin.encode()).digest()
            if mark == self._refused_pin:
                raise VaultUnusable(
                    f"{self.where}: the HSM refused this PIN, and it is not tried again by itself; "
                    "put the right one in its place, or say lmsyncctl vault unlock"
                )
            try:
                with self._opened(pin) as session:
                    return job(self._found(session))
            except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
                self._refused_pin = mark
                raise VaultUnusable(f"{self.where}: the HSM refuses the PIN") from error
            except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as error:
                self._refused_pin = mark
                raise VaultUnusable(f"{self.where}: the PIN is {_STATES[type(error).__name__]}") from error
            except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned) as error:
                self._let_go()
                many = isinstance(error, pkcs11.MultipleTokensReturned)
                raise VaultUnusable(
                    f"{self.where}: {'several tokens have this label' if many else 'there is no such token now'}",
                    passing=True,
                ) from error
            except pkcs11.PKCS11Error as error:
                self._let_go()
                said = f" ({error})" if str(error) else ""
                raise VaultUnusable(f"{self.where}: {type(error).__name__}{said}", passing=True) from error
            except AttributeError as error:
                needed = "CKA_ENCRYPT and CKA_DECRYPT for AES, CKA_SIGN for a generic secret"
                raise VaultUnusable(f"{self.where}: the key may not be used for this: {needed}") from error

    @contextmanager
    def _opened(self, pin: str) -> Iterator[Any]:
        import pkcs11

        self._library = pkcs11.lib(self._module)
        with self._library.get_token(token_label=self._token).open(user_pin=pin) as session:
            yield session

    def _found(self, session: Any) -> Any:
        from pkcs11 import Attribute, ObjectClass

        wanted = {Attribute.LABEL: self._key, Attribute.CLASS: ObjectClass.SECRET_KEY}
        keys = list(session.get_objects(wanted))
        if len(keys) != 1:
            what = "there is no secret key of this label" if not keys else f"{len(keys)} keys have this label"
            raise VaultUnusable(f"{self.where}: {what}")
        return keys[0]

    def _let_go(self) -> None:
        """The library holds on to slots that are no longer there: it is begun anew at the next errand."""
        import pkcs11

        if self._library is not None:
            with suppress(pkcs11.PKCS11Error):
                self._library.finalize()


_STATES = {
    "PinLocked": "locked: too many wrong ones were tried",
    "PinExpired": "no longer valid",
    "UserPinNotInitialized": "not set on this token",
}


def _is_aes(key: Any) -> bool:
    from pkcs11 import Attribute, KeyType

    kind = key[Attribute.KEY_TYPE]
    if kind not in (KeyType.AES, KeyType.GENERIC_SECRET, KeyType.SHA256_HMAC):
        raise VaultUnusable("the key in the HSM is neither AES nor a generic secret")
    return bool(kind == KeyType.AES)
