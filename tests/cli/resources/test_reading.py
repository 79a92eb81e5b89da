"""Tests of the commands that read: the user of the key, and the user's recent projects."""


def test_whoami_is_the_user_the_key_belongs_to(shell, far) -> None:
    assert shell.ok("whoami", "--json").lines[0]["username"] == far.api_user
    assert far.api_user in shell.ok("whoami").out


def test_recent_lists_the_projects_visited(shell, far) -> None:
    shell.ok("projects", "get", far.project)

    shell.ok("recent")
    assert {each["type"] for each in shell.ok("recent", "--json").lines} <= {"Project"}
    assert far.state.requests[-1].target.startswith("/api/v2/user/projects/recent/")
