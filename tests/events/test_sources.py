"""Messages can name files below allowed roots and URLs of allowed hosts, and nothing else."""

import os

import pytest

from coredata_async import ConfigurationError, SourceError
from coredata_async.events.sources import SourceRules


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.txt").write_text("a")
    (tmp_path / "outside.txt").write_text("o")
    return tmp_path / "root"


@pytest.fixture
def rules(root) -> SourceRules:
    return SourceRules(roots=[root], hosts=["files.example", "other.example:8443", "[::1]:9"])


@pytest.mark.parametrize("source", ["sub/a.txt", "sub/../sub/a.txt", "./sub/a.txt"])
async def test_a_path_below_the_root_is_allowed(root, rules, source) -> None:
    assert await rules.file(source) == (root / "sub/a.txt").resolve()
    assert await rules.file(str(root / source)) == (root / "sub/a.txt").resolve()


@pytest.mark.parametrize(
    "source", ["../outside.txt", "/etc/passwd", "/nowhere/at/all", "sub/../../outside.txt"]
)
async def test_a_path_elsewhere_is_refused_whether_it_exists_or_not(rules, source) -> None:
    with pytest.raises(SourceError, match="is not below an allowed root"):
        await rules.file(source)


async def test_a_symbolic_link_leads_nowhere_else(root, rules) -> None:
    (root / "out").symlink_to(root.parent / "outside.txt")
    (root / "up").symlink_to(root.parent)
    (root / "in").symlink_to(root / "sub")

    for source in ("out", "up/outside.txt"):
        with pytest.raises(SourceError, match="is not below an allowed root"):
            await rules.file(source)
    assert await rules.file("in/a.txt") == (root / "sub/a.txt").resolve()


@pytest.mark.parametrize(
    ("source", "reason"),
    [("sub", "not a regular file"), ("none", "No such file"), ("a\0b", "a character that no path has")],
)
async def test_what_is_not_a_file_is_refused(rules, source, reason) -> None:
    with pytest.raises(SourceError, match=reason) as found:
        await rules.file(source)

    assert not found.value.transient


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
async def test_a_pipe_is_refused_without_being_opened(root, rules) -> None:
    os.mkfifo(root / "pipe")

    with pytest.raises(SourceError, match="not a regular file"):
        await rules.file("pipe")


async def test_without_a_root_no_path_is_allowed(root) -> None:
    with pytest.raises(SourceError):
        await SourceRules().file(str(root / "sub/a.txt"))


async def test_a_relative_path_needs_one_root(root) -> None:
    rules = SourceRules(roots=[root, root.parent])

    with pytest.raises(SourceError, match="exactly one root"):
        await rules.file("sub/a.txt")


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example/a?b",
        "https://FILES.example:443/a",
        "https://other.example:8443/",
        "https://[::1]:9/",
    ],
)
def test_a_url_of_an_allowed_host_is_allowed(rules, url) -> None:
    assert rules.check_url(url) == url.partition("?")[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example/a",
        "file:///etc/passwd",
        "ftp://files.example/a",
        "https://files.example:8443/a",
        "https://other.example/a",
        "https://evil.example/files.example",
        "https://files.example@evil.example/a",
        "https://user:secret@files.example/a",
        "http://user:secret@files.example/a",
        "https://other.example/a#secret",
        "https://files.example.evil.example/a",
        "https:///a",
        "https://files.example:port/a",
        "https://[files.example/a",
        "https://files.example/a b",
        "https://files.example/a\n",
        "https://files.example/\ud800",
    ],
)
def test_another_url_is_refused(rules, url) -> None:
    with pytest.raises(SourceError) as found:
        rules.check_url(f"{url}?Signature=secret")

    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    "given",
    [
        {"hosts": ["https://h"]},
        {"hosts": ["h/path"]},
        {"hosts": [""]},
        {"networks": ["10.0.0.1/8"]},
        {"roots": ["/nowhere/at/all"]},
    ],
)
def test_rules_that_are_malformed_are_refused(given) -> None:
    with pytest.raises(ConfigurationError):
        SourceRules(**given)


def test_a_root_of_links_in_a_circle_is_refused(tmp_path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "link")

    with pytest.raises(ConfigurationError, match="is not a folder"):
        SourceRules(roots=[tmp_path / "link"])
