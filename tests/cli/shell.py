"""The command in this process: what it prints, and what it exits with. No output ever holds a key."""

import json
from typing import Any

from attrs import define, frozen
from click.testing import CliRunner

from coredata_async.cli.app import run


@frozen
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@define
class Shell:
    """Runs `coredata` and looks for keys in whatever it says."""

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
        """Run one that must succeed."""
        done = self(*arguments, stdin=stdin)
        assert done.code == 0, done.err
        return done
