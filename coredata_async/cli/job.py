"""Command `coredata job`: the jobs of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from coredata_async.bulk.report.report import as_json as report_as_json
from coredata_async.cli.cluster_jobs import ClusterOutput
from coredata_async.cli.cluster_options import cluster_url_option, connection_options, open_cluster
from coredata_async.cli.help_text import Group
from coredata_async.cli.jobs import JobCommand, report_file, summarise, write_report
from coredata_async.cli.output import echo_json, say, show_table
from coredata_async.cli.progress import choose_display
from coredata_async.cluster.dead_letters import retry_job
from coredata_async.cluster.job import ClusterJob
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.progress import Progress
from coredata_async.cluster.report import read_report
from coredata_async.cluster.report_page import render_page

_cluster = cluster_url_option("NATS server of the cluster.", required=True)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
_job = click.argument("job", metavar="JOB")
_reports = click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    type=report_file,
    help="Write the report: .json for programs, .html for people. [repeatable]",
)


@click.group(cls=Group)
def job() -> None:
    """Follow and end the jobs of a cluster, from any machine."""


@job.command(name="list")
@_cluster
@_json
def list_jobs(cluster: str, *, as_json: bool) -> None:
    """List all jobs, the oldest first."""
    asyncio.run(_list(cluster, as_json=as_json))


async def _list(url: str, *, as_json: bool) -> None:
    async with await open_cluster(url) as cluster:
        rows: list[list[str]] = []
        for each in await (await Jobs.open(cluster)).all():
            progress = await Progress.read(await cluster.table(each.table), each)
            began = datetime.fromtimestamp(each.created, UTC).isoformat(timespec="seconds")
            done = {"files": progress.files, "done": progress.total("done"), "shards": len(progress.shards)}
            lost = len(progress.lost)
            sources = [str(source) for source in each.sources]
            if as_json:
                fields = {"job": each.id, "state": each.state, "created": began, "parent": each.parent}
                echo_json({**fields, "sources": sources, **done, "lost_shards": lost})
            counts = [f"{done['done']:,} of {done['files']:,}{'' if progress.scanned else '+'}"]
            state = f"{each.state}, {lost:,} given up" if lost else each.state
            rows.append([each.id, state, began, *counts, each.parent, " ".join(sources)])
        if not rows:
            say("there are no jobs")
        elif not as_json:
            show_table(["job", "state", "began", "files", "parent", "sources"], rows)


@job.command()
@_job
@_cluster
@_json
@_reports
def watch(job: str, cluster: str, reports: tuple[Path, ...], *, as_json: bool) -> None:
    """Follow a job to its end. Ctrl-C ends only this command; the job goes on."""
    raise click.exceptions.Exit(asyncio.run(_watch(cluster, job, reports, as_json=as_json)))


@job.command()
@_job
@_cluster
@_json
def drain(job: str, cluster: str, *, as_json: bool) -> None:
    """End a job after the files in flight. The same upload command begins another job for what is left."""
    raise click.exceptions.Exit(
        asyncio.run(_watch(cluster, job, (), as_json=as_json, order=ClusterJob.drain))
    )


@job.command()
@_job
@_cluster
@_json
def stop(job: str, cluster: str, *, as_json: bool) -> None:
    """End a job within seconds."""
    raise click.exceptions.Exit(asyncio.run(_watch(cluster, job, (), as_json=as_json, order=ClusterJob.stop)))


@job.command()
@_job
@_cluster
@_json
@_reports
def retry(job: str, cluster: str, reports: tuple[Path, ...], *, as_json: bool) -> None:
    """Try the scans and shards again that were given up, and follow the job to its end."""
    raise click.exceptions.Exit(asyncio.run(_watch(cluster, job, reports, as_json=as_json, again=True)))


async def _watch(
    url: str,
    job: str,
    reports: tuple[Path, ...],
    *,
    as_json: bool,
    order: Callable[[ClusterJob], object] | None = None,
    again: bool = False,
) -> int:
    output = ClusterOutput(choose_display(as_json=as_json, quiet=False))
    conduct = JobCommand(
        watch=output, as_json=as_json, reports=reports, interruptible=False, page=render_page
    )
    async with await open_cluster(url) as cluster:
        if again:
            await retry_job(cluster, job)
        watched = await ClusterJob.attach(cluster, job, order=order)
        return await conduct.run(watched)


@job.command()
@_job
@_cluster
@_json
@_reports
def report(job: str, cluster: str, reports: tuple[Path, ...], *, as_json: bool) -> None:
    """Show the merged report of a job, also while it runs."""
    raise click.exceptions.Exit(asyncio.run(_report(cluster, job, reports, as_json=as_json)))


async def _report(url: str, job: str, reports: tuple[Path, ...], *, as_json: bool) -> int:
    async with await open_cluster(url) as cluster:
        record = await (await Jobs.open(cluster)).get(job)
        progress = await Progress.read(await cluster.table(record.table), record)
        merged = await read_report(cluster, record, progress, running=not record.has_ended)
    for path in reports:
        write_report(merged, path, render_page)
        say(f"report: {path}")
    if as_json:
        echo_json({"event": "report", **report_as_json(merged)})
    else:
        summarise(merged)
    return merged.exit_code


for _command in job.commands.values():
    _command.params += connection_options()
