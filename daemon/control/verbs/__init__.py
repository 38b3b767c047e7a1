"""The verbs, one family a file. ``answer`` is the list of them: a verb that is missing here does not type-check."""

from typing import assert_never

from daemon.control import protocol as p
from daemon.control.office import Asking
from daemon.control.verbs import (
    accounts,
    actors,
    audit,
    backing,
    backlog,
    chronicle,
    conflicts,
    conservation,
    credentials,
    erasing,
    exactly,
    exporting,
    following,
    foretelling,
    frames,
    identity,
    importing,
    letters,
    manifest,
    mapping,
    overview,
    piloting,
    process,
    promises,
    quarantine,
    queue,
    reconcile,
    remapping,
    remembering,
    replaying,
    reporting,
    retention,
    routing,
    sessions,
    sources,
    statistics,
    storing,
    story,
    supporting,
    switches,
    targets,
    tokens,
    unrouted,
    vault,
    verifying,
)


async def answer(request: p.AnyAsk, asking: Asking) -> p.Done:  # a table, read at once
    """Let the verb answer. Rows go by way of ``asking.emit``. Raises Refusal."""
    match request:
        case p.AskStatus():
            return await overview.status(asking)
        case p.AskHealth():
            return await overview.health(request, asking)
        case p.AskTenants():
            return await overview.tenants(asking)
        case p.AskVersion():
            return await process.version(asking)
        case p.ActorTree():
            return await actors.tree(request, asking)
        case p.ActorRestart():
            return await actors.restart(request, asking)
        case p.CacheList():
            return await remembering.listing(asking)
        case p.TargetList():
            return await targets.listing(asking)
        case p.TargetTest():
            return await targets.test(request, asking)
        case p.RouteTest():
            return await routing.test(request, asking)
        case p.QueueList():
            return await queue.listing(request, asking)
        case p.QueueShow():
            return await queue.show(request, asking)
        case p.QueueForecast():
            return await backlog.forecasts(request, asking)
        case p.QueueCatchup():
            return await backlog.catchup(request, asking)
        case p.DlqList(unrouted=str(tenant)) if tenant:
            return await unrouted.listing(request, asking)
        case p.DlqList():
            return await letters.listing(request, asking)
        case p.DlqShow():
            return await letters.show(request, asking)
        case p.DlqPlan(unrouted=str(tenant)) if tenant:
            return await unrouted.plan(request, asking)
        case p.DlqPlan():
            return await replaying.plan(request, asking)
        case p.DlqReplay(plan=str(plan)) if plan:
            return await exactly.replay(request, asking)
        case p.DlqReplay(unrouted=str(tenant)) if tenant:
            return await unrouted.replay(request, asking)
        case p.DlqReplay():
            return await replaying.replay(request, asking)
        case p.DlqDiscard():
            return await letters.discard(request, asking)
        case p.DlqAnnotate():
            return await letters.annotate(request, asking)
        case p.Top():
            return await frames.top(request, asking)
        case p.Watch():
            return await following.watch(request, asking)
        case p.Stats():
            return await statistics.stats(request, asking)
        case p.Report():
            return await reporting.report(request, asking)
        case p.Events():
            return await chronicle.events(request, asking)
        case p.AlertList():
            return await chronicle.alert_list(request, asking)
        case p.AlertTest():
            return await chronicle.alert_test(request, asking)
        case p.Sla():
            return await promises.sla(request, asking)
        case p.PilotCreate():
            return await piloting.create(request, asking)
        case p.PilotStatus():
            return await piloting.status(request, asking)
        case p.PilotPromote():
            return await piloting.promote(request, asking)
        case p.PilotStop():
            return await piloting.stop(request, asking)
        case p.Forecast():
            return await foretelling.forecast(request, asking)
        case p.Why():
            return await story.why(request, asking)
        case p.Trace():
            return await story.trace(request, asking)
        case p.Pause():
            return await switches.pause(request, asking)
        case p.Resume():
            return await switches.resume(request, asking)
        case p.Drain():
            return await process.drain(request, asking)
        case p.Reload():
            return await process.reload(request, asking)
        case p.ConfigCheck():
            return await process.config_check(asking)
        case p.ConfigShow():
            return await process.config_show(request, asking)
        case p.RetentionShow():
            return await retention.show(request, asking)
        case p.RetentionRun():
            return await retention.run(request, asking)
        case p.RetentionForecast():
            return await storing.forecast(request, asking)
        case p.Backup():
            return await backing.backup(request, asking)
        case p.Verify():
            return await verifying.verify(request, asking)
        case p.Support():
            return await supporting.support(request, asking)
        case p.ErasePlan():
            return await erasing.plan(request, asking)
        case p.EraseRun():
            return await erasing.run(request, asking)
        case p.EraseList():
            return await erasing.listing(request, asking)
        case p.ExportBegin():
            return await exporting.begin(request, asking)
        case p.ExportPage():
            return await exporting.page(request, asking)
        case p.ImportLines():
            return await importing.lines(request, asking)
        case p.ImportPart():
            return await importing.part(request, asking)
        case p.SourceList():
            return await sources.listing(request, asking)
        case p.SourcePause():
            return await sources.pause(request, asking)
        case p.SourceResume():
            return await sources.resume(request, asking)
        case p.SourceSync():
            return await sources.sync(request, asking)
        case p.SourceBackfill():
            return await sources.backfill(request, asking)
        case p.CredentialList():
            return await credentials.listing(request, asking)
        case p.CredentialCreate():
            return await credentials.create(request, asking)
        case p.CredentialRotate():
            return await credentials.rotate(request, asking)
        case p.CredentialRevoke():
            return await credentials.revoke(request, asking)
        case p.IdentityFind():
            return await identity.find(request, asking)
        case p.IdentityList():
            return await identity.listing(request, asking)
        case p.IdentityLink():
            return await identity.link(request, asking)
        case p.IdentityUnlink():
            return await identity.unlink(request, asking)
        case p.ConflictList():
            return await conflicts.listing(request, asking)
        case p.ConflictShow():
            return await conflicts.show(request, asking)
        case p.ConflictApprove():
            return await conflicts.approve(request, asking)
        case p.ConflictReject():
            return await conflicts.reject(request, asking)
        case p.ConflictUndo():
            return await conflicts.undo(request, asking)
        case p.QuarantineList():
            return await quarantine.listing(request, asking)
        case p.QuarantineShow():
            return await quarantine.show(request, asking)
        case p.QuarantineRetry():
            return await quarantine.retry(request, asking)
        case p.QuarantineEdit():
            return await quarantine.edit(request, asking)
        case p.QuarantineDismiss():
            return await quarantine.dismiss(request, asking)
        case p.Manifest():
            return await manifest.make(request, asking)
        case p.MapList():
            return await mapping.listing(request, asking)
        case p.MapShow():
            return await mapping.show(request, asking)
        case p.MapTest():
            return await mapping.test(request, asking)
        case p.MapDiff():
            return await remapping.diff(request, asking)
        case p.MapActivate():
            return await remapping.activate(request, asking)
        case p.MapRollback():
            return await remapping.rollback(request, asking)
        case p.SessionList():
            return await sessions.listing(request, asking)
        case p.SessionRevoke():
            return await sessions.revoke(request, asking)
        case p.ReconcilePlan():
            return await reconcile.plan(request, asking)
        case p.ReconcileShow():
            return await reconcile.show(request, asking)
        case p.ReconcileApply() | p.ReconcileAccept():
            return await reconcile.apply(request, asking)
        case p.ReconcileRun():
            return await reconcile.run(request, asking)
        case p.ReconcileReport():
            return await accounts.report(request, asking)
        case p.ReconcileStatus():
            return await reconcile.status(request, asking)
        case p.AskWhoami():
            return await audit.whoami(asking)
        case p.AuditList():
            return await audit.listing(request, asking)
        case p.AuditVerify():
            return await audit.verify(request, asking)
        case p.AuditExport():
            return await audit.export(request, asking)
        case p.AuditAnchor():
            return await audit.anchor(request, asking)
        case p.ConservationList():
            return await conservation.listing(request, asking)
        case p.ConservationVerify():
            return await conservation.verify(request, asking)
        case p.SecretSet():
            return await vault.put(request, asking)
        case p.TokenList():
            return await tokens.listing(request, asking)
        case p.TokenScopes():
            return await tokens.scopes(request, asking)
        case p.TokenRotate():
            return await tokens.rotate(request, asking)
        case p.TokenRevoke():
            return await tokens.revoke(request, asking)
        case p.SecretList():
            return await vault.listing(request, asking)
        case p.SecretRemove():
            return await vault.remove(request, asking)
        case p.VaultStatus():
            return await vault.status(asking)
        case p.VaultRotate():
            return await vault.rotate(request, asking)
        case p.VaultUnlock():
            return await vault.unlock(request, asking)
        case p.VaultShred():
            return await vault.shred(request, asking)
        case _ as never:
            assert_never(never)
