"""Answers for people: tables and stories, coloured where the output is a terminal."""

import time
from typing import assert_never

import msgspec

from daemon.cli import (
    audited,
    balances,
    conflicts,
    erasures,
    identities,
    keeping,
    mappings,
    piloted,
    pulses,
    quarantined,
    readings,
    safekeeping,
    stories,
    tables,
)
from daemon.cli.cells import clean
from daemon.cli.consoles import Lines
from daemon.cli.progressing import over, progress
from daemon.cli.render import tell
from daemon.control import views
from daemon.control.protocol import Done, Refusal

FLUSH_ROWS = 500
"""A long table is begun anew after so many rows, so that a long answer is seen as it comes."""
PIPE_COLUMNS = 200


class People:
    """Tables and stories, coloured where the output is a terminal."""

    def __init__(self) -> None:
        self._console = Lines(highlight=False, markup=False, emoji=False)
        if not self._console.is_terminal:
            self._console = Lines(highlight=False, markup=False, emoji=False, width=PIPE_COLUMNS)
        self._listed: list[tables.Listed] = []
        self._told = False
        self._now_us = time.time_ns() // 1000

    def row(self, raw: msgspec.Raw) -> None:
        try:
            view = views.decode_view(raw)
        except msgspec.DecodeError:
            self._flush()
            self._console.print(clean(bytes(raw).decode(errors="replace")))  # a newer daemon's kind of row
            return
        if isinstance(view, views.ProgressRow):
            progress(view)
            return
        over()
        match view:
            case (
                views.Overall()
                | views.DeliveryStory()
                | views.StatementStory()
                | views.KnownRow()
                | views.TestRow()
                | views.JudgementRow()
                | views.PreviewRow()
                | views.ReloadRow()
                | views.ConfigRow()
                | views.VersionRow()
                | views.PlanRow()
                | views.ForecastRow()
                | views.SecretRow()
                | views.VaultRow()
            ):
                self._flush()
                if self._told:
                    self._console.print()
                self._told = True
                self._console.print(stories.story(view, self._now_us))
            case (
                views.LaneRow()
                | views.TenantRow()
                | views.CheckRow()
                | views.ActorRow()
                | views.CacheRow()
                | views.TargetRow()
                | views.ExchangeRow()
                | views.DeliveryRow()
                | views.ArrivalRow()
                | views.SpanRow()
                | views.ChangedRow()
                | views.ProblemRow()
                | views.CauseRow()
                | views.UnroutedRow()
                | views.PlannedRow()
                | views.CaughtUpRow()
                | views.SlaRow()
                | views.LateRow()
                | views.KeptRow()
                | views.SourceRow()
                | views.CredentialRow()
                | views.TokenRow()
                | views.ScopeRow()
                | views.MappingRow()
                | views.ImportFaultRow()
                | views.ErasureRow()
                | views.QuarantinedRow()
                | views.ConflictRow()
                | views.FieldDiffRow()
                | views.ActivationRow()
                | views.SessionRow()
                | views.EventRow()
                | views.AlarmRow()
                | views.AlertRow()
                | views.PulseRow()
                | views.SourcePulseRow()
                | views.FigureRow()
                | views.MoveRow()
                | views.DriftRow()
                | views.RosterChangeRow()
                | views.RosterMoveRow()
                | views.RosterPlanRow()
                | views.RosterRow()
                | views.RuleRow()
                | views.StandingRow()
                | views.AuditRow()
                | views.PutRow()
                | views.DataKeyRow()
                | views.MisfitRow()
                | views.BalanceRow()
                | views.ContradictionRow()
                | views.VerifiedRow()
                | views.WrongRow()
                | views.StorageRow()
                | views.SupportPartRow()
                | views.NeedRow()
            ):
                if self._listed and type(self._listed[0]) is not type(view):
                    self._flush()
                self._listed.append(view)
                if len(self._listed) >= FLUSH_ROWS and not isinstance(view, views.ActorRow):
                    self._flush()
            case views.FrameRow() | views.WatchedRow() | views.ReportRow():
                self._flush()
                self._console.print(pulses.said(view))
            case views.SpaceRow() | views.SweptRow():
                self._flush()
                self._console.print(keeping.line(view))
            case views.ReadingRow():
                self._flush()
                self._console.print(readings.line(view))
            case views.TableRow():
                self._flush()
                self._console.out(mappings.toml(view), end="", highlight=False)
            case views.MappedRow():
                self._flush()
                self._console.print(mappings.said(view))
            case views.RecordRow():
                self._flush()
                self._console.print(quarantined.record(view))
            case views.MapDiffRow():
                self._flush()
                self._console.print(quarantined.summary(view))
            case views.PersonRow():
                self._flush()
                self._console.print(identities.person(view))
            case views.ConflictStory():
                self._flush()
                self._console.print(conflicts.story(view))
            case views.MatchRow():
                self._flush()
                self._console.print(identities.match(view))
            case views.WhoRow() | views.ProvenRow() | views.AuditHeadRow() | views.ChainRow():
                self._flush()
                self._console.print(audited.said(view))
            case views.CountedRow():
                self._flush()
                self._console.print(balances.said(view))
            case views.BackupHeadRow() | views.BackupRow() | views.BackupFileRow() | views.DiskRow():
                self._flush()
                self._console.print(safekeeping.said(view))
            case views.PilotRow() | views.OutlookRow():
                self._flush()
                self._console.print(piloted.said(view))
            case views.BackupPartRow():
                pass  # bytes for a file, not for people
            case views.ErasePlanRow() | views.ErasingRow():
                self._flush()
                self._console.print(erasures.said(view))
            case _ as never:
                assert_never(never)

    def end(self, done: Done) -> None:
        over()
        self._flush()
        if done.note:
            self._console.print(clean(done.note), style="dim")

    def refused(self, refusal: Refusal) -> None:
        self._flush()
        tell(refusal)

    def _flush(self) -> None:
        if self._listed:
            self._console.print(tables.table(self._listed, self._now_us))
            self._listed = []
