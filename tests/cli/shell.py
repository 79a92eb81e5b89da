"""The command in this process: its output and its exit code. The output must never contain a key."""

import json
from typing import Any

from attrs import define, frozen
from click.testing import CliRunner

from coredata_async.cli.app import run


@frozen
class Done:
    """Result of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@define
class Shell:
    """Runner of `coredata` that looks for keys in all output."""

    secrets: tuple[str, ...] = ()

    def __call__(self, *arguments: str, stdin: str = "") -> Done:
        with CliRunner().isolation(input=stdin) as (out, err, *_):
            code = 0
            try:
                run(arguments)
            except SystemExit as exc:
                code = exc.code if isinstance(exc.code, int) else 1
            done = Done(code, out.getvalue().decode(), err.getvalue().decode())
        for secret in self.secrets:
            assert secret not in done.out + done.err
        return done

    def ok(self, *arguments: str, stdin: str = "") -> Done:
        """Run a command that must succeed."""
        done = self(*arguments, stdin=stdin)
        assert done.code == 0, done.err
        return done
