"""Rows about secrets at rest and the keys above them. ``views`` re-exports them."""

from daemon.control.view import View


class PutRow(View, frozen=True, kw_only=True, tag="put_secret"):
    """A secret that was put in; ``tenant`` empty: every tenant may refer to it. ``used_by``: the tenants, sources and
    targets that do. ``trouble``: why it cannot be opened now."""

    tenant: str
    name: str
    version: int
    set_us: int
    set_by: str
    used_by: tuple[str, ...] = ()
    trouble: str = ""


class VaultRow(View, frozen=True, kw_only=True, tag="vault"):
    """The key-encryption key: ``sealing`` says what protects it (tpm2, host key, host key and tpm2, pkcs11, systemd,
    kind unknown; or plain), ``where`` it is. ``former``: data keys that are still wrapped with a former one.
    ``remarks`` say what somebody should do."""

    sealing: str
    where: str
    kek: str = ""
    keys: int = 0
    former: int = 0
    closed: int = 0
    trouble: str = ""
    remarks: tuple[str, ...] = ()


class DataKeyRow(View, frozen=True, kw_only=True, tag="data_key"):
    """A data key. ``tenant`` empty: the host's. ``state``: in use, retired (it opens what it sealed, until that is
    sealed anew), closed. ``values`` are sealed with it."""

    tenant: str
    key: str
    kek: str
    state: str
    values: int
    made_us: int
    wrapped_us: int
    former: bool = False
    trouble: str = ""
