"""Secrets at rest: the tokens of connections, and what operators put in by ``lmsyncctl secret set``.

Two levels of keys. A value is sealed (AES-256-GCM) with the data key of its tenant; the data key lies in the database,
wrapped with the key-encryption key, which does not. Rotating the upper one rewraps a row a tenant, rotating a lower one
reseals the values of one tenant; forgetting a data key makes everything that was sealed with it unreadable for good.

Read in this order: ``envelope`` (the bytes), ``keks`` (key-encryption keys), ``pkcs11`` (one in an HSM), ``opening``
(which of them the configuration means), ``vault`` (data keys in memory: what everybody uses), ``secrets`` (what
operators put in), ``awaited`` (what was never put in), ``rotating``.

Who keeps sealed values in a table of their own: seal before the transaction, write the bytes in it with the rest, and
add the column to ``daemon.store.vault.SHELVES``, so that rotation finds it.
"""

from daemon.vault.envelope import VaultUnusable as VaultUnusable
from daemon.vault.vault import Vault as Vault
