"""Command `coredata upload`: files and trees, each file once, resumable."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

import click

from coredata_async.bulk.check.dry_run import Action, Verb
from coredata_async.bulk.formatting import files, format_bytes
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.options import Effort, FileAttributes, Policy, Rule, Selection
from coredata_async.cli import connection
from coredata_async.cli.cluster_options import cluster_url_option, connection_options
from coredata_async.cli.connection import client, parent_option, require_parent
from coredata_async.cli.failures import FAILED
from coredata_async.cli.jobs import JobCommand, JobOptions, json_option, report_option
from coredata_async.cli.options import value
from coredata_async.cli.output import echo_json, printable, say
from coredata_async.cli.progress import JobOutput, choose_display
from coredata_async.cli.upload_options import OPTIONS, Ordered
from coredata_async.client import CoreData
from coredata_async.fields import plain_object

_REQUESTS: Final[dict[Verb, int]] = {"upload": 3, "version": 3, "folder": 1, "resolve": 2}
"""Minimum number of requests per action."""


class PathOrSource(click.Path):
    """A path that exists, or `SHARE:/PATH` of a cluster."""

    def __init__(self) -> None:
        super().__init__(exists=True, readable=False)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Check a path of this machine; that of a share is checked by its workers."""
        cluster = None if ctx is None else ctx.params.get("cluster")
        if isinstance(cluster, str) and cluster != "local":
            text = os.fsdecode(value)
            if ":" not in text:
                name = Path(os.path.abspath(text)).name  # noqa: PTH100  # a link that is named stays a name
                self.fail(
                    f"{text!r} is a path of this machine, and workers of the cluster read shares. Name a "
                    f"share and a path in it, such as fs01:/{name}, or use --cluster local.",
                    param,
                    ctx,
                )
            return value
        return super().convert(value, param, ctx)


@click.command(cls=Ordered)
@cluster_url_option(
    "Upload with many machines: the NATS server of a cluster, with SHARE:/PATH for PATH; or local, for a "
    "server and one worker process per core on this machine. Needs the extra cluster."
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PathOrSource())
@parent_option("Project, Folder or Filespace to upload into.")
@click.option(
    "--job",
    "journal",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Journal of the job. Default: one per server, user, parent and PATHs.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@json_option
@report_option
@click.option("--quiet", is_flag=True, help="Print only problems.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="With --cluster: maximum requests per second of all workers of the account together.",
)
@click.pass_context
def upload(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    parent: str | None,
    journal: str | None,
    dry_run: bool,
    as_json: bool,
    reports: tuple[Path, ...],
    quiet: bool,
    rules: Sequence[Rule],
    cluster: str | None,
    rate: float | None,
) -> None:
    """Upload files and trees, each file once.

    PATH "photos" becomes a folder of that name below the parent; "photos/." uploads its content. Run the
    same command again to continue after any interruption: finished files are skipped. Ctrl-C ends the job
    after the files in flight are finished; a second Ctrl-C stops it at once.
    """
    if dry_run and reports:
        raise click.UsageError("a dry run has no report: --json shows all of it")
    _refuse_overwriting(reports, paths, journal)
    into = require_parent(parent)
    made = client()
    attributes = value(FileAttributes, ctx)
    options = JobOptions(
        selection=value(Selection, ctx, rules=rules),
        policy=value(Policy, ctx),
        effort=value(Effort, ctx),
        dynatype=attributes.dynatype,
        contacts=attributes.contacts,
        tags=attributes.tags,
    )
    display = choose_display(as_json=as_json, quiet=quiet)
    conduct = JobCommand(watch=JobOutput(display, quiet), as_json=as_json, reports=reports)
    if cluster is not None:
        _refuse_options(cluster, journal, dry_run=dry_run)
    if cluster is not None and not dry_run:
        from coredata_async.cli.cluster_jobs import ClusterUpload  # noqa: PLC0415  # all of `cluster`

        uploading = ClusterUpload.create(made, paths, into, options, rate)
        raise click.exceptions.Exit(asyncio.run(uploading.run(made, cluster, conduct)))
    if rate is not None and cluster is None:
        raise click.UsageError("--rate needs --cluster")
    job = UploadJob(made, paths, parent=into, journal=journal, **options)
    raise click.exceptions.Exit(asyncio.run(_upload(made, job, conduct, dry_run=dry_run)))


upload.params += [*OPTIONS, *connection_options(), *connection.options(hidden=True)]


def _refuse_overwriting(reports: Sequence[Path], paths: Sequence[str], journal: str | None) -> None:
    """Refuse a report in the place of the journal, or of a file that is to be uploaded."""
    for place in map(os.path.realpath, reports):
        if journal is not None and os.path.realpath(journal) == place:
            raise click.UsageError("--report would overwrite the journal given by --job")
        for path in paths:
            if os.path.realpath(path) == place:
                raise click.UsageError(f"--report would overwrite {path}, which is to be uploaded")


def _refuse_options(cluster: str, journal: str | None, *, dry_run: bool) -> None:
    """Refuse options that have no meaning for a job of a cluster."""
    if journal is not None:
        raise click.UsageError(
            "--job names the journal of a job on one machine. A cluster keeps the journals of its jobs: "
            "`coredata job list --cluster URL` shows them"
        )
    if dry_run and cluster != "local":
        raise click.UsageError(
            "--dry-run reads files of this machine, and those of a share are where its workers are. Run "
            "`coredata upload DIR --parent ID --dry-run` there, without --cluster"
        )


async def _upload(made: CoreData, job: UploadJob, conduct: JobCommand, *, dry_run: bool) -> int:
    async with made:
        if dry_run:
            async with aclosing(job.plan()) as actions:
                return await print_dry_run(actions, as_json=conduct.as_json, quiet=conduct.watch.quiet)
        return await conduct.run(job)


async def print_dry_run(actions: AsyncIterator[Action], *, as_json: bool, quiet: bool = False) -> int:
    """Print every action, and return the exit code: failure if an action would fail."""
    counts: Counter[Verb] = Counter()
    sizes: Counter[Verb] = Counter()
    async for action in actions:
        counts[action.verb] += 1
        sizes[action.verb] += action.size
        if as_json:
            await asyncio.to_thread(echo_json, {"event": "action", **plain_object(action)})
        elif not quiet:
            await asyncio.to_thread(click.echo, action_line(action))
    requests = sum(counts[verb] * each for verb, each in _REQUESTS.items())
    if as_json:
        found = {verb: {"files": counts[verb], "bytes": sizes[verb]} for verb in sorted(counts)}
        echo_json({"event": "plan", "actions": found, "requests": requests})
    sums = ", ".join(
        f"{verb} {files(counts[verb]) if verb != 'folder' else f'{counts[verb]:,}'}"
        + (f" ({format_bytes(sizes[verb])})" if sizes[verb] else "")
        for verb in sorted(counts)
    )
    say(f"dry run: {sums or 'nothing to do'}; at least {requests:,} requests. Nothing was written.")
    return FAILED if counts["fail"] else 0


def action_line(action: Action) -> str:
    """Format an action in columns."""
    size = "" if action.verb == "folder" else format_bytes(action.size)
    words = f"  ({action.message})" if action.message else ""
    return printable(f"{action.verb:<8}{size:>10}  {action.path}{words}")
