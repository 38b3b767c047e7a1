"""The daemon itself: its process, its loop and actors, its store, its gateway, and what telemetry loses."""

from daemon.telemetry import catalogue as its
from daemon.telemetry import catalogue_house as house
from daemon.telemetry import labels as of
from daemon.telemetry.observe import recordings
from daemon.telemetry.observe.boards import chosen, each, made, shown
from daemon.telemetry.observe.panels import Dashboard, Panel, Query, Row

HOUSE = Dashboard(
    "lmsyncd-house",
    "lmsyncd: the house itself",
    "What the daemon costs its host, and whether it keeps up.",
    [
        Row(
            "Process",
            [
                made(recordings.CPU_RATIO, "{{instance}}", "percentunit", "Processor"),
                shown(house.PROCESS_MEMORY, each.total(house.PROCESS_MEMORY, ()), "{{instance}}", "Memory"),
                Panel(
                    "Descriptors, threads, tasks",
                    [
                        Query(each.total(house.PROCESS_DESCRIPTORS, ()), "{{instance}} descriptors"),
                        Query(each.total(house.PROCESS_THREADS, ()), "{{instance}} threads"),
                        Query(each.total(house.LOOP_TASKS, ()), "{{instance}} tasks"),
                    ],
                    "None of them grows for long at a steady load.",
                ),
                shown(house.LOOP_LAG, each.total(house.LOOP_LAG, (), how="max"), "{{instance}}", "Event loop held up"),
                shown(house.MAILBOX_DEPTH, chosen.total(house.MAILBOX_DEPTH, (of.ACTOR,)), "{{actor}}", "Mailboxes"),
                shown(
                    house.ACTOR_RESTARTS,
                    f"increase({chosen.select(house.ACTOR_RESTARTS)}[1h])",
                    "{{actor}}",
                    "Starts of actors in an hour",
                ),
                shown(house.PROCESS_UPTIME, each.total(house.PROCESS_UPTIME, (), how="min"), "{{instance}}", "Up for"),
                shown(its.BUILD, chosen.total(its.BUILD, (of.VERSION,)), "{{version}}", "Versions"),
            ],
        ),
        Row(
            "Store",
            [
                made(recordings.COMMIT_P99, "{{instance}}", "s", "Transaction, 99 %"),
                shown(
                    house.COMMIT_JOBS,
                    chosen.quantile(0.95, house.COMMIT_JOBS, ()),
                    "95 %",
                    "Jobs in a transaction",
                ),
                shown(
                    house.COMMIT_DURATION,
                    each.rate(house.COMMIT_DURATION, ()),
                    "{{instance}}",
                    "Transactions a second",
                    "ops",
                ),
                shown(house.STORE_SIZE, each.total(house.STORE_SIZE, (of.PART,)), "{{instance}} {{part}}", "Database"),
                shown(
                    its.CACHE_LOOKUPS,
                    chosen.rate(its.CACHE_LOOKUPS, (of.CACHE, of.RESULT)),
                    "{{cache}} {{result}}",
                    "Asked of caches, a second",
                ),
                shown(its.CACHE_ENTRIES, chosen.total(its.CACHE_ENTRIES, (of.CACHE,)), "{{cache}}", "Remembered"),
                shown(
                    its.CACHE_EVICTIONS,
                    chosen.rate(its.CACHE_EVICTIONS, (of.CACHE,)),
                    "{{cache}}",
                    "Made room in caches, a second",
                ),
                shown(
                    house.STORE_DISK_FREE,
                    each.total(house.STORE_DISK_FREE, (), how="min"),
                    "{{instance}}",
                    "Left on its disk",
                ),
                shown(
                    house.TENANT_SIZE,
                    chosen.total(house.TENANT_SIZE, (of.TENANT, of.WHAT)),
                    "{{tenant}} {{what}}",
                    "Stored for tenants",
                ),
                shown(
                    house.RETIRED, chosen.rate(house.RETIRED, (of.WHAT,)), "{{what}}", "Leaves by retention, a second"
                ),
            ],
        ),
        Row(
            "Gateway",
            [
                made(recordings.SERVER_P95, "{{http_route}}", "s", "Time to answer, 95 %"),
                made(recordings.SERVER_ERROR_RATIO, "{{http_route}}", "percentunit", "Errors of ours"),
                shown(
                    its.SERVER_DURATION,
                    chosen.rate(its.SERVER_DURATION, (of.HTTP_ROUTE, of.STATUS)),
                    "{{http_route}} {{http_response_status_code}}",
                    "Requests a second",
                    "ops",
                ),
            ],
        ),
        Row(
            "Telemetry",
            [
                shown(
                    house.TELEMETRY_DROPPED,
                    chosen.rate(house.TELEMETRY_DROPPED, (of.SIGNAL,)),
                    "{{signal}}",
                    "Not sent, a second",
                ),
                shown(house.LOG_LINES_DROPPED, each.rate(house.LOG_LINES_DROPPED, ()), "{{instance}}", "Lines lost"),
                shown(
                    house.SAMPLES_FOLDED,
                    chosen.rate(house.SAMPLES_FOLDED, (of.METRIC,)),
                    "{{metric}}",
                    "Counted as other, a second",
                ),
            ],
        ),
    ],
)
