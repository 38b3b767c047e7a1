"""The metrics of the house itself: its process, its loop, its actors, its store, and telemetry's own losses."""

from daemon.telemetry import labels as of
from daemon.telemetry.definitions import Definition

COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
JOBS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)

PROCESS_CPU = Definition(
    name="process.cpu.time", kind="counter", unit="s", text="Processor time, by mode.", labels=(of.CPU_MODE,)
)
PROCESS_MEMORY = Definition(
    name="process.memory.usage", kind="up_down", unit="By", text="Physical memory that the process holds."
)
# OpenTelemetry's `process.thread.count` and `process.unix.file_descriptor.count` by names of ours: in Prometheus what
# ends with `_count` is a histogram's, and its linter (`promtool check metrics`) refuses it.
PROCESS_DESCRIPTORS = Definition(
    name="lmsyncd.process.file_descriptors", kind="up_down", unit="{file_descriptor}", text="Open file descriptors."
)
PROCESS_DESCRIPTORS_MAX = Definition(
    name="lmsyncd.process.file_descriptors_max",
    kind="gauge",
    unit="{file_descriptor}",
    text="How many file descriptors the process may have open.",
    fold="min",
)
PROCESS_THREADS = Definition(name="lmsyncd.process.threads", kind="up_down", unit="{thread}", text="Threads.")
PROCESS_UPTIME = Definition(name="process.uptime", kind="gauge", unit="s", text="Since the process began.", fold="max")
LOOP_LAG = Definition(
    name="lmsyncd.loop.lag",
    kind="gauge",
    unit="s",
    text="Worst delay of the event loop in the last half minute.",
    fold="max",
)
LOOP_TASKS = Definition(name="lmsyncd.loop.tasks", kind="up_down", unit="{task}", text="Tasks that live.")
MAILBOX_DEPTH = Definition(
    name="lmsyncd.mailbox.depth",
    kind="up_down",
    unit="{message}",
    text="Messages waiting, where there are any.",
    labels=(of.ACTOR,),
)
ACTOR_RESTARTS = Definition(
    name="lmsyncd.actor.restarts",
    kind="counter",
    unit="{restart}",
    text="Starts of an actor but its first, for whatever reason.",
    labels=(of.ACTOR,),
)
STORE_SIZE = Definition(
    name="lmsyncd.store.size",
    kind="up_down",
    unit="By",
    text="The database, and its write-ahead log.",
    labels=(of.PART,),
)
STORE_DISK_FREE = Definition(
    name="lmsyncd.store.disk_free",
    kind="gauge",
    unit="By",
    text="What the disk with the database has left.",
    fold="min",
)
TENANT_SIZE = Definition(
    name="lmsyncd.tenant.size",
    kind="up_down",
    unit="By",
    text="What is stored for a tenant, without indexes, by what it is; looked at now and then.",
    labels=(of.TENANT, of.WHAT),
)
COMMIT_JOBS = Definition(
    name="lmsyncd.store.commit.jobs",
    kind="histogram",
    unit="{job}",
    text="Jobs that went into one transaction.",
    bounds=JOBS,
)
COMMIT_DURATION = Definition(
    name="lmsyncd.store.commit.duration",
    kind="histogram",
    unit="s",
    text="A transaction, to the return of its fsync.",
    bounds=COMMIT_S,
)
RETIRED = Definition(
    name="lmsyncd.retired",
    kind="counter",
    unit="{row}",
    text="Rows that left by retention.",
    labels=(of.TENANT, of.WHAT),
)
TELEMETRY_DROPPED = Definition(
    name="lmsyncd.telemetry.dropped",
    kind="counter",
    unit="{item}",
    text="Spans, log records and pushes of metrics that did not get away.",
    labels=(of.SIGNAL,),
)
LOG_LINES_DROPPED = Definition(
    name="lmsyncd.log_lines.dropped", kind="counter", unit="{line}", text="Lines the log could not take."
)
SAMPLES_FOLDED = Definition(
    name="lmsyncd.metric_samples.folded",
    kind="counter",
    unit="{sample}",
    text="Samples counted as other.",
    labels=(of.METRIC,),
)
