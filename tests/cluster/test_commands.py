"""The commands of a cluster, as people use them."""

import asyncio
import json
import os
import signal
import subprocess

import pytest
from click.testing import CliRunner

from coredata_async.cli.job import job
from tests.cluster.fleet import check_service, fleet_of, plant
from tests.cluster.servers import coredata, environment

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


def lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def run(box, server, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    made = environment(box, server, {**os.environ, **more})
    return subprocess.run(
        coredata(*arguments), env=made, capture_output=True, text=True, timeout=100, check=False
    )


def test_one_command_uploads_with_a_cluster_of_its_own(box, server, tmp_path) -> None:
    root = tmp_path / "photos"
    paths = plant(root, 3, 5)
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    command = ("upload", f"{root}/.", "--parent", box.project, "--cluster", "local", "--json")

    done = run(box, server, *command, **state)

    assert done.returncode == 0, done.stderr
    check_service(box, paths)
    report = lines(done.stdout)[-1]
    assert report["event"] == "report"
    assert report["counts"]["done"] == len(paths)
    again = run(box, server, *command, "--assume-alone", **state)
    assert again.returncode == 0, again.stderr
    assert lines(again.stdout)[-1]["counts"]["skipped"] == len(paths)
    check_service(box, paths)


@pytest.mark.usefixtures("interruptible")
async def test_a_job_is_begun_listed_watched_and_reported_by_commands(box, server, cluster, tmp_path) -> None:
    url = ("--cluster", server.files.url)
    box.faults.delay("folders.create", 3.0)  # the job is still at work when its command is interrupted
    async with fleet_of(1, box, server, cluster, tmp_path) as (_, paths):
        uploading = await asyncio.create_subprocess_exec(
            *coredata("upload", "fs01:/", "--parent", box.project, *url),
            env=environment(box, server, os.environ),
            stderr=asyncio.subprocess.PIPE,
        )
        assert uploading.stderr is not None
        job = (await uploading.stderr.readline()).decode().split()[-1]
        uploading.send_signal(signal.SIGINT)
        said = (await uploading.communicate())[1].decode()
        assert uploading.returncode == 130, said
        watched = await asyncio.to_thread(run, box, server, "job", "watch", job, *url, "--json")
        listed = await asyncio.to_thread(run, box, server, "job", "list", *url, "--json")
        page = tmp_path / "r.html"
        command = ("job", "report", job, *url, "--json", "--report", str(page))
        shown = await asyncio.to_thread(run, box, server, *command)

    check_service(box, paths)
    assert watched.returncode == 0, watched.stderr
    assert lines(watched.stdout)[-1]["counts"]["done"] == len(paths)
    [row] = lines(listed.stdout)
    assert (row["job"], row["state"], row["done"]) == (job, "complete", len(paths))
    assert lines(shown.stdout)[-1]["shards"]["done"] == row["shards"]
    assert page.read_text().startswith("<!doctype html>")


def test_a_job_that_does_not_exist_is_a_usage_error(box, server) -> None:
    done = run(box, server, "job", "watch", "x", "--cluster", server.files.url)

    assert done.returncode == 2
    assert "no job 'x'" in done.stderr


@pytest.mark.parametrize("name", ["list", "watch", "drain", "stop", "retry", "report"])
def test_each_command_of_jobs_takes_the_options_of_the_connection(name) -> None:
    options = {option for each in job.commands[name].params for option in each.opts}

    names = ("token-file", "fingerprint", "ca", "monitor", "replicas")
    assert options >= {f"--cluster-{each}" for each in names}


def test_a_missing_cluster_names_the_variable() -> None:
    done = CliRunner().invoke(job, ["list"])

    assert done.exit_code == 2
    assert "COREDATA_CLUSTER_URL" in done.output


def test_a_cluster_that_is_down_is_a_clear_error(box, server) -> None:
    server.kill()

    done = run(box, server, "job", "list", "--cluster", server.files.url)

    assert done.returncode == 6
    assert "cannot be reached: Connection refused" in done.stderr
    assert "check the address, and that the server runs" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("worker",), "--cluster"),
        (("worker", "--cluster", "nats://127.0.0.1:1"), "--share"),
        (("worker", "--cluster", "nats://10.0.0.1:1", "--share", "a=/tmp"), "encrypted"),
        (("upload", "nowhere", "--parent", "p"), "does not exist"),
        (("upload", "a:/", "--parent", "p", "--cluster", "nats://127.0.0.1:1", "--dry-run"), "--dry-run"),
    ],
)
def test_a_wrong_command_says_what_is_missing(box, server, arguments: tuple[str, ...], words: str) -> None:
    done = run(box, server, *arguments)

    assert done.returncode == 2, done.stderr
    assert words in done.stderr


def test_a_path_of_this_machine_is_not_taken_for_a_source(box, server, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    command = ("upload", str(tmp_path / "photos"), "--parent", box.project, "--cluster")

    refused = run(box, server, *command, server.files.url)

    assert refused.returncode == 2
    assert "such as fs01:/photos, or use --cluster local" in " ".join(refused.stderr.split())


def test_options_of_one_machine_are_refused_with_what_to_do_instead(box, server, tmp_path) -> None:
    url = ("--parent", box.project, "--cluster", server.files.url)

    dry = run(box, server, "upload", "fs01:/", "--dry-run", *url)
    named = run(box, server, "upload", "fs01:/", "--job", str(tmp_path / "job.sqlite"), *url)

    assert (dry.returncode, named.returncode) == (2, 2)
    assert "--dry-run` there, without --cluster" in " ".join(dry.stderr.split())
    assert "coredata job list" in named.stderr


def test_a_dry_run_of_a_local_cluster_shows_what_would_be_done(box, server, tmp_path) -> None:
    paths = plant(tmp_path / "photos", 1, 2)
    command = ("upload", f"{tmp_path}/photos/.", "--parent", box.project, "--cluster", "local", "--dry-run")

    shown = run(box, server, *command, XDG_STATE_HOME=str(tmp_path / "state"))

    assert shown.returncode == 0, shown.stderr
    assert f"upload {len(paths)} files" in shown.stderr
    assert not list(box.state.files)


def test_a_refused_token_names_the_option(box, server, tmp_path) -> None:
    (tmp_path / "token").write_text("wrong")
    options = ("--cluster", server.files.url, "--cluster-token-file", str(tmp_path / "token"))

    for command in (("job", "list"), ("worker", "--share", f"fs01={tmp_path}")):
        refused = run(box, server, *command, *options)

        assert refused.returncode == 6, refused.stderr
        assert "refuses the token: `coredata cluster status`" in refused.stderr
        assert "--cluster-token-file or COREDATA_CLUSTER_TOKEN_FILE" in refused.stderr
