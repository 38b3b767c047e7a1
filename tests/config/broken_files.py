"""Broken files, each with exactly what is said about it: line, key, message, suggestion (and severity if a warning)."""
# ruff: noqa: E501
# Why: a table reads best with one case in one row.

REFER = 'refer to it: { credential = "NAME" }, { file = "PATH" } or, for development, { env = "NAME" }'
NO_CREDENTIALS = "$CREDENTIALS_DIRECTORY is not set; systemd sets it for a service with LoadCredential="
NAMES = "a name has 1 to 63 lower-case letters, digits, hyphens and underscores and begins with a letter or digit"

SCHEDULE = 'a schedule is five cron fields (minute, hour, day, month, weekday) that name a time to come: "0 8 * * 1-5"'

CHAT = '[targets.chat]\nkind = "chat"\ntoken = { env = "TOKEN" }\n'
ROUTE = '[[routes]]\nname = "a"\nwhen = ["completed"]\nto = "chat"\naudience = { learner = true }\n'

TENANTS = {
    "syntax": ("timezone = Europe\n", [(1, "", "this is not TOML (column 12): invalid value", 'strings are written in quotes: key = "value"')]),
    "unfinished": ('timezone = "UTC', [(1, "", "this is not TOML (at the end of the file): unterminated string", "")]),
    "key twice": ('locale = "de"\nlocale = "en"\n', [(2, "", "this is not TOML (column 14): cannot overwrite a value", "")]),
    "huge number": ("a = 1" + "0" * 5000, [(1, "", "this is not TOML: a value has no usable form", "")]),
    "nested": ("a = " + "[" * 5000 + "]" * 5000, [(0, "", "this is nested too deeply", "")]),
    "unknown key": ('\ntimzone = "UTC"\n', [(2, "timzone", "there is no such key here", "did you mean 'timezone'?")]),
    "unknown and odd": ('"a b" = 1\n', [(1, '"a b"', "there is no such key here", "one of: alerts, conflicts, due_soon, identity, locale, people, pilot, retention, review, rosters, routes, sources, sso, targets, timezone, xapi_fallback_version")]),
    "time zone": ('timezone = "europe/berlin"', [(1, "timezone", "there is no time zone 'europe/berlin'", "did you mean 'Europe/Berlin'?")]),
    "locale": ('locale = "german"', [(1, "locale", "there is no locale 'german'", 'a language, or a language and a region: "de", "de-DE"')]),
    "type": ("timezone = 1", [(1, "timezone", "a string is needed here, not an integer", "write it in quotes")]),
    "one table": (CHAT + '[routes]\nname = "a"\n', [(4, "routes", "a list of tables is needed here, not a table", "write [[routes]], in double brackets, once for each")]),
    "no kind": ("[targets.chat]\n", [(1, "targets.chat.kind", "this key is needed: a string", "one of: chat")]),
    "unknown kind": ('[targets.x]\nkind = "chta"\n', [(2, "targets.x.kind", "there is no kind of target 'chta'", "did you mean 'chat'? (there is: chat)")]),
    "kind of source": ('[sources.x]\nkind = "canvas"\n', [(2, "sources.x.kind", "there is no kind of source 'canvas'", "there is: push")]),
    "no table": ("[targets]\nchat = 1\n", [(2, "targets.chat", "a table is needed here, not an integer", "")]),
    "name": (CHAT.replace("targets.chat", 'targets."Chat!"'), [(1, 'targets."Chat!"', "this is no name for a target", NAMES)]),
    "needed key": ('[targets.chat]\nkind = "chat"\n', [(1, "targets.chat.token", "this key is needed: a reference to a secret", "")]),
    "misspelt needed key": ('[targets.chat]\nkind = "chat"\ntokn = { env = "TOKEN" }\n', [(3, "targets.chat.tokn", "there is no such key here", "did you mean 'token'?")]),
    "settings": (CHAT + "limits = { per_s = -1 }\n", [(1, "targets.chat", "limits: per_s is above 0", "")]),
    "duration": (CHAT + 'settle = "2 seconds"\n', [(4, "targets.chat.settle", 'a duration is a number with a unit (ms, s, m, h or d): "30s", "5m", "2h", "1d"', "")]),
    "url": (CHAT + 'api_url = "chat.example.org"\n', [(4, "targets.chat.api_url", "a URL begins with https:// or http:// and names a host", "")]),
    "url with login": (CHAT + 'api_url = "https://u:p@chat.example.org/"\n', [(4, "targets.chat.api_url", "a URL holds no user name or password: credentials are secrets of their own", "")]),
    "plain secret": ('[targets.chat]\nkind = "chat"\ntoken = "hunter2"\n', [(3, "targets.chat.token", "a secret is never written in the configuration", REFER)]),
    "secret for name": ('[targets.chat]\nkind = "chat"\ntoken = { credential = "xoxb-1" }\n', [(3, "targets.chat.token", "this is the secret itself, not the name of one", REFER)]),
    "two forms": ('[targets.chat]\nkind = "chat"\ntoken = { env = "A", file = "b" }\n', [(3, "targets.chat.token", "a secret is exactly one of { credential = … }, { file = … } or { env = … }", "")]),
    "no form": ('[targets.chat]\nkind = "chat"\ntoken = {}\n', [(3, "targets.chat.token", "a secret is exactly one of { credential = … }, { file = … } or { env = … }", "")]),
    "no file": ('[targets.chat]\nkind = "chat"\ntoken = { file = "t" }\n', [(3, "targets.chat.token", "the secret cannot be had from file tenants.d/t: tenants.d/t: no such file or directory", "")]),
    "no variable": ('[targets.chat]\nkind = "chat"\ntoken = { env = "NO" }\n', [(3, "targets.chat.token", "the secret cannot be had from environment variable NO: the variable is not set, or empty", "")]),
    "no credentials": ('[targets.chat]\nkind = "chat"\ntoken = { credential = "t" }\n', [(3, "targets.chat.token", f"the secret cannot be had from credential 't': {NO_CREDENTIALS}", "what needs it waits until it is put in: lmsyncctl secret set t", "warning")]),
    "when": (CHAT + ROUTE.replace("completed", "completd"), [(6, "routes[0].when[0]", "there is no change 'completd'", "did you mean 'completed'?")]),
    "when not a list": (CHAT + ROUTE.replace('["completed"]', '"completed"'), [(6, "routes[0].when", "a list of strings is needed here, not a string", "write it in brackets: when = [ … ]")]),
    "when empty": (CHAT + ROUTE.replace('["completed"]', "[]"), [(6, "routes[0].when", "too few elements: at least 1, not 0", "")]),
    "to": (ROUTE, [(4, "routes[0].to", "there is no target 'chat'", "there is no target")]),
    "to, nearly": (CHAT + ROUTE.replace('to = "chat"', 'to = "chet"'), [(7, "routes[0].to", "there is no target 'chet'", "did you mean 'chat'?")]),
    "audience": (CHAT + ROUTE.replace("learner", "leaner"), [(8, "routes[0].audience.leaner", "there is no such key here", "did you mean 'learner'?")]),
    "two audiences": (CHAT + ROUTE.replace("learner = true", 'learner = true, channel = "C"'), [(8, "routes[0].audience", "an audience is exactly one of { channel = … }, { team = …, channel = … }, { learner = true } or { course_channel = true }", "")]),
    "literal": (CHAT + ROUTE + 'doubtful = "resent"\n', [(9, "routes[0].doubtful", "'resent' is not one of: park, resend", "did you mean 'resend'?")]),
    "bound": (CHAT + ROUTE + "attempts_max = 1000\n", [(9, "routes[0].attempts_max", "this is at most 100, not 1,000", "")]),
    "boolean for number": (CHAT + ROUTE + "attempts_max = true\n", [(9, "routes[0].attempts_max", "an integer is needed here, not a boolean", "")]),
    "number in quotes": (CHAT + ROUTE + 'attempts_max = "8"\n', [(9, "routes[0].attempts_max", "an integer is needed here, not a string", "write it without quotes")]),
    "sla": (CHAT + ROUTE + 'sla = "0s"\n', [(9, "routes[0].sla", "a timeout is longer than nothing", "")]),
    "same name": (CHAT + ROUTE + ROUTE, [(10, "routes[1].name", "routes[0] is called 'a' too", "names are unique")]),
    "digest that never comes": (CHAT + ROUTE + 'mode = { digest = "0 8 30 2 *" }\n', [(9, "routes[0].mode.digest", SCHEDULE, "")]),
    "digest by the second": (CHAT + ROUTE + 'mode = { digest = "*/5 * 8 * * 1-5" }\n', [(9, "routes[0].mode.digest", SCHEDULE, "")]),
    "quiet all day": (CHAT + ROUTE + 'quiet_hours = "07:00-07:00"\n', [(9, "routes[0].quiet_hours", "quiet hours begin and end at different times", "")]),
    "quiet when": (CHAT + ROUTE + 'quiet_hours = "8pm-7am"\n', [(9, "routes[0].quiet_hours", 'quiet hours are HH:MM-HH:MM: "20:00-07:00"', "")]),
    "enabled": (CHAT + ROUTE + 'enabled = "no"\n', [(9, "routes[0].enabled", "true or false is needed here, not a string", "write it without quotes")]),
    "changed": (CHAT + ROUTE + 'changed = "edit"\n', [(9, "routes[0].changed", "'edit' is not one of: post, update", "")]),
    "goal": (CHAT + ROUTE + "sla_goal = 100\n", [(9, "routes[0].sla_goal", "this is less than 100.0, not 100", "")]),
    "no goal": (CHAT + ROUTE + "sla_goal = 0\n", [(9, "routes[0].sla_goal", "this is more than 0.0, not 0", "")]),
    "retry": (CHAT + ROUTE + '[routes.retry]\nage_max = "0s"\nfaultd = { }\nthrottled = { first = "1m", longest = "30s" }\n', [(10, "routes[0].retry.age_max", "a timeout is longer than nothing", ""), (11, "routes[0].retry.faultd", "there is no such key here", "did you mean 'faulted'?"), (12, "routes[0].retry.throttled", "longest (30s) is shorter than first (1m)", "")]),
    "retention": ('[retention]\nstatements = "12h"\ndeliveries = "for ever"\ndeadletters = "1d"\n', [(2, "retention.statements", "a period is at least 1d", ""), (3, "retention.deliveries", 'a duration is a number with a unit (ms, s, m, h or d): "30s", "5m", "2h", "1d"', ""), (4, "retention.deadletters", "there is no such key here", "did you mean 'dead_letters'?")]),
    "retention is a table": ('retention = "90d"\n', [(1, "retention", "a table is needed here, not a string", "")]),
    "horizon": ('[retention]\nstatements = "800d"\n', [(2, "retention.statements", "effect_horizon (400d) is shorter than statements (800d): what is replayed would be posted again", 'effect_horizon = "800d", or more')]),
    "horizon of deliveries": ('[retention]\neffect_horizon = "1439m"\nstatements = "24h"\ndeliveries = "1d"\n', [(2, "retention.effect_horizon", "a period is at least 1d", ""), (2, "retention.effect_horizon", "effect_horizon (1439m) is shorter than statements (24h): what is replayed would be posted again", 'effect_horizon = "24h", or more')]),
    "short horizon": ('[retention]\nstatements = "2d"\neffect_horizon = "89d"\n', [(3, "retention.effect_horizon", "effect_horizon (89d) is shorter than deliveries (90d): what is replayed would be posted again", 'effect_horizon = "90d", or more')]),
    "mode": (CHAT + ROUTE + 'mode = "digest"\n', [(9, "routes[0].mode", "'digest' is not one of: realtime", "")]),
    "same key": ('[sources.a]\nkind = "push"\ncredentials = [{ key = "k", secret = { env = "LRS" } }]\n[sources.b]\nkind = "push"\n[[sources.b.credentials]]\nkey = "k"\nsecret = { env = "LRS" }\n', [(7, "sources.b.credentials[0].key", "sources.a.credentials[0] has the key 'k' too", "keys are unique in a tenant")]),
    "colon": ('[sources.a]\nkind = "push"\ncredentials = [{ key = "a:b", secret = { env = "LRS" } }]\n', [(3, "sources.a.credentials[0].key", "a user name is not empty and has neither a colon nor control characters", "")]),
    "people": ('people = { file = "p.csv" }\n', [(1, "people.file", "tenants.d/p.csv: no such file or directory", "")]),
    "roster": (
        CHAT + '[sources.sis]\nkind = "push"\n[[rosters]]\nname = "r"\nfrom = "siss"\nto = "chat"\nschedule = "0 2 31 2 *"\n'
        'into = { channel = "c-{course.code}" }\n',
        [
            (8, "rosters[0].from", "there is no source 'siss'", "did you mean 'sis'?"),
            (10, "rosters[0].schedule", SCHEDULE, ""),
        ],
    ),
}  # fmt: skip

DAEMONS = {
    "addresses": ('[gateway]\nlisten = ["127.0.0.1:8480", "localhost", "[::1]:99999"]\nadmin_listen = ["127.0.0.1:8480"]\n', [(2, "gateway.listen[1]", 'an address to listen on is HOST:PORT or [IPV6]:PORT: "127.0.0.1:8480"', ""), (2, "gateway.listen[2]", 'an address to listen on is HOST:PORT or [IPV6]:PORT: "127.0.0.1:8480"', ""), (3, "gateway.admin_listen[0]", "'127.0.0.1:8480' is listened on already", "see gateway.listen[0]")]),
    "in the clear": ('[gateway]\nlisten = ["0.0.0.0:80"]\n', [(2, "gateway.listen[0]", "other machines reach this address, and credentials travel unencrypted to it", "set gateway.tls, or listen on 127.0.0.1 behind a proxy that has a certificate", "warning")]),
    "tls": ('[gateway.tls]\ncertificate = "c.pem"\n', [(1, "gateway.tls.key", "this key is needed: a path", ""), (2, "gateway.tls.certificate", "c.pem: no such file or directory", "")]),
    "not a number": ("[telemetry]\nsample = nan\n", [(2, "telemetry.sample", "this number is too large, or none at all", "")]),
    "too large": ("[gateway]\nbody_bytes_max = 99999999999999999999\n", [(2, "gateway.body_bytes_max", "this number is too large, or none at all", "")]),
    "header": ('[telemetry.otlp_headers]\nAuthorization = "Bearer hunter2"\n', [(2, "telemetry.otlp_headers.Authorization", "a secret is never written in the configuration", REFER)]),
    "proxy": ('[network]\nproxy = "http://u:p@proxy:3128"\n', [(2, "network.proxy", "a URL holds no user name or password: credentials are secrets of their own", "")]),
    "empty path": ('[control]\nsocket = ""\n', [(2, "control.socket", "this is no usable path", "")]),
    "table": ("gateway = 1\n", [(1, "gateway", "a table is needed here, not an integer", "")]),
}  # fmt: skip
