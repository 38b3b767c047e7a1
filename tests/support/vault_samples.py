"""Rows about secrets at rest, each with what people have to read of it."""

from daemon.control import views as v

AT = 1_800_000_000_000_000

VAULT = (
    (
        v.PutRow(tenant="acme", name="slack-bot", version=3, set_us=AT, set_by="ada (uid 7)", used_by=("acme/slack",)),
        ("acme/slack-bot", "3", "2027-01-15", "ada (uid 7)", "acme/slack"),
    ),
    (
        v.PutRow(tenant="", name="entra", version=1, set_us=AT, set_by="root", trouble="the HSM refuses the PIN"),
        ("entra", "nobody", "the HSM refuses the PIN"),
    ),
    (
        v.VaultRow(sealing="tpm2", where="systemd credential lmsyncd-vault", kek="ab" * 8, keys=2),
        ("tpm2", "abab", "2 data keys, 0 cannot be used"),
    ),
    (
        v.VaultRow(sealing="plain", where="file x", closed=1, trouble="it is not here", remarks=("rotate it",)),
        ("plain", "none yet", "1 cannot be used", "- it is not here", "- rotate it"),
    ),
    (
        v.DataKeyRow(
            tenant="", key="cd" * 8, kek="ab" * 8, state="retired", values=1_234, made_us=AT, wrapped_us=AT, former=True
        ),
        ("(host)", "cdcd", "retired", "1,234", "abababababababab (former)"),
    ),
    (
        v.DataKeyRow(
            tenant="acme", key="cd" * 8, kek="ab" * 8, state="closed", values=0, made_us=AT, wrapped_us=AT,
            trouble="its key is not here",
        ),
        ("acme", "closed", "its key is not here"),
    ),
)  # fmt: skip
