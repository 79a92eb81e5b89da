"""The launchers of workers in `.docs/examples/cluster` are valid, and their commands exist."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from coredata_async.cli.worker import worker
from coredata_async.sandbox import SandboxThread
from tests.cluster.fleet import check_service, plant
from tests.cluster.servers import environment

EXAMPLES = Path(__file__).parents[2] / ".docs" / "examples" / "cluster"


def systemd_command() -> list[str]:
    text = (EXAMPLES / "coredata-worker.service").read_text()
    line = next(each for each in text.splitlines() if each.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))


def kubernetes_objects() -> list[dict[str, object]]:
    yaml = pytest.importorskip("yaml", reason="needs the extra `launchers`")
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))


def kubernetes_command() -> list[str]:
    [deployment] = kubernetes_objects()
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return [*container["command"], *container["args"]]


def slurm_command(folder: Path, *arguments: str) -> list[str]:
    """Run the script with an `srun` that prints what it would start."""
    stub = folder / "srun"
    stub.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    stub.chmod(0o755)
    variables = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "COREDATA_CLUSTER_URL": "tls://head.example:4222",
        "SLURM_CPUS_PER_TASK": "4",
        "SLURM_JOB_ID": "17",
        "TMPDIR": str(folder),
    }
    command = ["bash", str(EXAMPLES / "slurm.sh"), *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.UsageError(done.stderr)
    return [str(each) for each in json.loads(done.stdout) if each != "--kill-on-bad-exit=0"]


def parse(command: list[str], folder: Path) -> dict[str, object]:
    """Parse a command as `coredata worker` does, with a token and a share of this test."""
    (folder / "token").write_text("token")
    (folder / "docs").mkdir()
    for path in ("${CREDENTIALS_DIRECTORY}/token", "/etc/coredata/token"):
        command = [each.replace(path, str(folder / "token")) for each in command]
    command = [each.replace("/srv/docs", str(folder / "docs")) for each in command]
    assert (Path(command[0]).name, command[1]) == ("coredata", "worker")
    with worker.make_context("worker", command[2:]) as context:
        return dict(context.params)


def test_the_systemd_unit_is_valid(tmp_path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    text = (EXAMPLES / "coredata-worker.service").read_text()
    unit = tmp_path / "coredata-worker.service"
    unit.write_text(text.replace("/usr/local/bin/coredata", sys.executable))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_kubernetes_manifest_follows_the_schema() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="needs the extra `launchers`")
    objects = kubernetes_objects()

    for each in objects:
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)

    assert [each["kind"] for each in objects] == ["Deployment"]


def test_a_manifest_with_a_wrong_field_does_not_follow_the_schema() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="needs the extra `launchers`")
    [deployment] = kubernetes_objects()
    deployment["spec"]["replica"] = 1

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, kubernetes_validate.latest_version(), strict=True)


def test_pods_have_time_to_give_shards_back_and_no_secret_in_their_arguments() -> None:
    [deployment] = kubernetes_objects()
    pod = deployment["spec"]["template"]["spec"]

    assert pod["terminationGracePeriodSeconds"] >= 60
    assert "KEY" not in " ".join(kubernetes_command())
    [container] = pod["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "coredata"}}]


@pytest.mark.parametrize("launcher", ["systemd", "kubernetes", "slurm"])
def test_the_command_of_a_launcher_is_one_of_coredata(launcher, tmp_path) -> None:
    command = {
        "systemd": systemd_command,
        "kubernetes": kubernetes_command,
        "slurm": lambda: slurm_command(tmp_path, "fs01=/srv/docs"),
    }[launcher]()

    options = parse(command, tmp_path)

    assert str(options["cluster"]).startswith("tls://")
    assert [each.partition("=")[0] for each in options["shares"]] == ["fs01"]
    assert options["processes"] == 4


def test_the_slurm_script_says_how_it_is_used(tmp_path) -> None:
    with pytest.raises(click.UsageError, match=r"usage: sbatch slurm\.sh NAME=PATH"):
        slurm_command(tmp_path)


@pytest.mark.servers
@pytest.mark.timeout(120)
def test_each_dask_worker_starts_a_worker_for_a_job(server, tmp_path) -> None:
    pytest.importorskip("distributed", reason="needs the extra `launchers`")
    paths = plant(tmp_path / "docs", 3, 5)
    with SandboxThread() as box:
        variables = environment(box, server, {**os.environ, "COREDATA_CLUSTER_URL": server.files.url})
        variables["XDG_STATE_HOME"] = str(tmp_path / "state")
        command = [sys.executable, str(EXAMPLES / "dask_workers.py"), f"fs01={tmp_path / 'docs'}", "--"]
        done = subprocess.run(
            [*command, "fs01:/", "--parent", box.project, "--json"],
            env=variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        check_service(box, paths)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["counts"]["done"] == len(paths)
