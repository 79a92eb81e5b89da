import json
import os
import pickle
import platform
import stat
import sys

import pytest

from coredata_async.bulk.journal.journal import Journal
from coredata_async.errors import ConfigurationError, JournalInUseError
from tests.bulk.journals import BINDING, another_process, finding, findings, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.sqlite"


async def test_a_second_opening_in_this_process_is_refused(path):
    async with opened(path) as journal:
        with pytest.raises(JournalInUseError, match=r"in use by this process, since 2.*--job") as caught:
            await Journal.open(path, BINDING)
        assert isinstance(caught.value, ConfigurationError)
        assert (caught.value.pid, caught.value.host) == (os.getpid(), platform.node())
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.pid, again.host) == (str(caught.value), os.getpid(), platform.node())

        await journal.write(finding("still fine"))
    async with opened(path):
        pass


async def test_no_other_process_can_open_it_until_it_is_killed(path):
    async with another_process(path) as process:
        await process.stdout.readline()
        with pytest.raises(JournalInUseError, match=rf"in use by process {process.pid} on ") as caught:
            await Journal.open(path, BINDING)
        assert (caught.value.pid, caught.value.host) == (process.pid, platform.node())
        process.kill()
        await process.wait()

        async with opened(path) as journal:
            assert journal.run == 2


async def test_what_a_write_returned_for_survives_sigkill_at_any_moment(path):
    said = -1
    for _ in range(4):
        async with another_process(path, said + 1) as process:
            said = int(await process.stdout.readline())
            process.kill()
            rest, _ = await process.communicate()
            lines = rest.decode("ascii").splitlines()
            said = max([said, *(int(line) for line in lines[:-1])])

        async with opened(path) as journal:
            words = set(await findings(journal))
            assert {f"noted {n}" for n in range(said + 1)} <= words
            assert {f"written {n}" for n in range(said + 1)} <= words
            said = max(int(each.split()[1]) for each in words)


async def test_the_owner_file_of_a_killed_process_has_no_effect(path):
    path.with_name("job.sqlite.owner").write_text('{"host": 7}', "utf-8")

    async with opened(path):
        fields = json.loads(path.with_name("job.sqlite.owner").read_text("utf-8"))
        assert fields["pid"] == os.getpid()
        path.with_name("job.sqlite.owner").write_text("no JSON", "utf-8")
        with pytest.raises(JournalInUseError, match="in use by another program") as caught:
            await Journal.open(path, BINDING)
        assert (caught.value.pid, caught.value.host) == (None, None)

    assert sorted(each.name for each in path.parent.iterdir()) == ["job.sqlite"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of Unix")
async def test_only_its_user_can_read_any_of_its_files(path):
    async with opened(path) as journal:
        await journal.write(finding("x"))

        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}

    assert modes == dict.fromkeys(("job.sqlite", "job.sqlite-wal", "job.sqlite.owner"), 0o600)
