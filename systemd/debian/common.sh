# What the maintainer scripts share; it stands in each of them, for they run before anything else is there.

SCHEMA=@SCHEMA@
PREFIX=/opt/lmsyncd
HOLD=/run/lmsyncd-upgrade
DROP_IN=/run/systemd/system/lmsyncd.service.d/zz-upgrade.conf
DRAIN_S=75
JOBS="lmsyncd-backup.service lmsyncd-verify.service lmsyncd-roster@*.service"

say() { echo "lmsyncd: $*" >&2; }

booted() { [ -d /run/systemd/system ]; }

# The daemon's database and the version of its schema, on two lines: nothing where there is none, "?" for a version
# that cannot be read. It is read as its owner, so that no file of root's is left beside it.
database() {
    [ -x /usr/bin/python3 ] || return 0
    /usr/bin/python3 -I - <<'PYTHON'
import os, sqlite3, tomllib
from urllib.parse import quote

name = "lmsyncd.db"
try:
    with open("/etc/lmsyncd/lmsyncd.toml", "rb") as file:
        name = str(tomllib.load(file)["store"]["path"])
except (OSError, ValueError, LookupError, TypeError):
    pass
path = os.path.realpath(os.path.join("/var/lib/lmsyncd", name))
if os.path.isfile(path) and os.path.getsize(path):
    print(path)
    owner = os.stat(path)
    if not path.startswith("/var/lib/private/"):
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    os.umask(0o077)
    try:
        raw = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        print(raw.execute("SELECT max(version) FROM migrations").fetchone()[0] or 0)
        raw.close()
    except sqlite3.Error:
        print("?")
PYTHON
}

# While files are replaced the daemon is at rest, and whoever comes waits: sockets that systemd holds stay open, and
# a start (by them, by somebody) waits until the new version is whole.
hold() {
    booted || return 0
    mkdir -p "$HOLD" "${DROP_IN%/*}"
    touch "$HOLD/units" "$HOLD/hold"
    chmod 755 "$HOLD"
    for unit in $(systemctl list-units --plain --no-legend --state=active,activating \
        'lmsyncd.service' 'lmsyncd-*.socket' 'lmsyncd-*.timer' $JOBS | cut -d' ' -f1); do
        grep -qxF "$unit" "$HOLD/units" || echo "$unit" >>"$HOLD/units"
    done
    cat >"$DROP_IN" <<'UNIT'
# An upgrade is under way; it removes this file.
[Service]
ExecStartPre=/bin/sh -c 'while [ -e /run/lmsyncd-upgrade/hold ]; do sleep 0.2; done'
TimeoutStartSec=1h
UNIT
    systemctl daemon-reload
    for timer in $(grep '\.timer$' "$HOLD/units"); do systemctl stop "$timer"; done
    # They ask the daemon, and would fail with it; they begin anew with the new version.
    systemctl stop $JOBS || say "not every backup, proof or roster could be stopped"
    if grep -qxF lmsyncd.service "$HOLD/units"; then
        # A restart, not a stop: that would close the operators' socket.
        systemctl restart --no-block lmsyncd.service
        waited=0
        while [ "$(systemctl show --property=SubState --value lmsyncd.service)" != start-pre ]; do
            waited=$((waited + 1))
            if [ "$waited" -gt $((DRAIN_S * 5)) ]; then
                say "the daemon did not come to rest; its files are replaced all the same"
                break
            fi
            sleep 0.2
        done
    fi
}

# Whoever waits is served. Says so if the daemon that ran before does not come up.
release() {
    [ -d "$HOLD" ] || return 0
    if booted; then
        systemctl daemon-reload
        rm -f "$HOLD/hold"
        for unit in $(cat "$HOLD/units"); do
            case "$unit" in lmsyncd-*.service) continue ;; esac
            systemctl start "$unit" || say "$unit did not start: journalctl -xu $unit says why"
        done
        for unit in $(grep '^lmsyncd-.*\.service$' "$HOLD/units"); do systemctl start --no-block "$unit"; done
        rm -f "$DROP_IN"
        rmdir "${DROP_IN%/*}" 2>/dev/null || true
        systemctl daemon-reload
    fi
    rm -rf "$HOLD"
}

# Nothing is started; what ran is remembered for the next version that is put in place (until the machine restarts).
give_up() {
    booted || return 0
    systemctl stop 'lmsyncd-*.socket' lmsyncd.service || true
    rm -f "$DROP_IN" "$HOLD/hold"
    rmdir "${DROP_IN%/*}" 2>/dev/null || true
    systemctl daemon-reload
}
