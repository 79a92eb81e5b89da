"""Tests of settings: options override the environment, that overrides a profile, and keys stay secret."""

import re
from pathlib import Path

import pytest

from coredata_async import ConfigurationError
from coredata_async.cli.settings import read

KEYS = ("geheim-heim", "geheim-vinna", "geheim-v3", "geheim-env")
FILE = """
default_profile = "home"

[profiles.home]
base_url = "https://home.coredata.is"
api_user = "heimir"
api_key = "geheim-heim"
api_key_v3 = "geheim-v3"
timeout = 5
ca_bundle = "ours.pem"

[profiles.work]
base_url = "https://work.coredata.is"
api_user = "vinnur"
api_key = "geheim-vinna"
max_retries = 2
"""


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "xdg" / "coredata" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(FILE)
    path.chmod(0o600)
    return path


@pytest.fixture
def quiet(bare):
    bare.secrets = KEYS
    return bare


def shown(shell, *arguments: str) -> dict[str, tuple[str, str]]:
    """Return the settings that are set."""
    (output,) = shell.ok(*arguments, "config", "show", "--json").lines
    return {
        name: (each["value"], each["from"])
        for name, each in output.items()
        if name not in {"config", "profile"} and each["from"] not in {"default", "not set"}
    }


def test_the_default_profile_counts_where_nothing_else_is_said(quiet, file) -> None:
    assert shown(quiet) == {
        "base_url": ("https://home.coredata.is", "profile 'home'"),
        "api_user": ("heimir", "profile 'home'"),
        "api_key": ("***", "profile 'home'"),
        "api_key_v3": ("***", "profile 'home'"),
        "timeout": ("5", "profile 'home'"),
        "ca_bundle": (str(file.parent / "ours.pem"), "profile 'home'"),
    }


def test_a_profile_is_chosen_by_option_or_environment_and_the_option_counts(quiet, file, monkeypatch) -> None:
    assert shown(quiet, "--profile", "work")["api_user"][0] == "vinnur"

    monkeypatch.setenv("COREDATA_PROFILE", "work")

    assert shown(quiet)["api_user"][0] == "vinnur"
    assert shown(quiet, "--profile", "home")["api_user"][0] == "heimir"


def test_option_beats_environment_beats_profile(quiet, file, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_API_USER", "umhverfir")
    monkeypatch.setenv("COREDATA_API_KEY", "geheim-env")
    monkeypatch.setenv("COREDATA_TIMEOUT", "  ")

    output = shown(quiet, "--base-url", "https://option.coredata.is")

    assert output["base_url"] == ("https://option.coredata.is", "option")
    assert output["api_user"] == ("umhverfir", "environment")
    assert output["api_key"] == ("***", "environment")
    assert output["timeout"] == ("5", "profile 'home'")


def test_options_also_follow_the_sub_command_and_the_last_word_counts(quiet, file) -> None:
    (output,) = quiet.ok(
        "--profile", "x", "config", "--profile", "home", "show", "--json", "--profile", "work"
    ).lines

    assert output["api_user"]["value"] == "vinnur"


def test_another_file_is_read_by_option(quiet, file, tmp_path) -> None:
    other = tmp_path / "other.conf"
    other.write_text('[profiles.x]\nbase_url = "https://x.coredata.is"\n')

    assert shown(quiet, "--config", str(other), "--profile", "x") == {
        "base_url": ("https://x.coredata.is", "profile 'x'")
    }


def test_an_unknown_setting_is_named_once_with_one_that_is_like_it(quiet, file) -> None:
    file.write_text('[profiles.x]\napi_keyy = "geheim"\n')

    done = quiet("config", "show")

    assert done.code == 2
    assert "profiles.x.api_keyy is not a setting; did you mean api_key?" in done.err
    assert done.err.count(str(file)) == 1
    assert "geheim" not in done.err


def test_a_file_that_does_not_exist_is_reported_on_one_line(quiet) -> None:
    done = quiet("config", "show", "--config", "/a/b.toml")

    assert (done.code, done.err) == (2, "coredata: the configuration file /a/b.toml does not exist\n")


def test_people_see_a_table_without_keys(quiet, file) -> None:
    output = quiet.ok("config", "show").out

    assert "***" in output
    assert re.search(r"api_user +heimir +api_user in profile 'home'", output)


def test_the_path_is_printed_whether_or_not_there_is_a_file(quiet, tmp_path) -> None:
    done = quiet.ok("config", "path")

    assert done.out.strip() == str(tmp_path / "xdg" / "coredata" / "config.toml")
    assert "does not exist" in done.err
    assert quiet.ok("config", "path", "--config", "/a/b").out == "/a/b\n"


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o644, True), (0o400, False)])
def test_a_file_with_keys_that_others_can_read_is_warned_of(quiet, file, mode, warned) -> None:
    file.chmod(mode)

    done = quiet.ok("config", "show", "--json")

    assert ("chmod 600" in done.err) == warned


def test_a_file_without_keys_may_be_read_by_all(quiet, file) -> None:
    file.write_text('[profiles.x]\nbase_url = "https://x.coredata.is"\n')
    file.chmod(0o644)

    assert quiet.ok("config", "show").err == ""


def test_an_environment_that_beats_a_profile_asked_for_is_warned_of(quiet, file, monkeypatch) -> None:
    monkeypatch.setenv("COREDATA_API_KEY", "geheim-env")

    assert "COREDATA_API_KEY" in quiet.ok("--profile", "work", "config", "show").err
    assert quiet.ok("config", "show").err == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[profiles.a]\nbase_urll = "x"\napi_key = "geheim-heim"', "base_urll"),
        ('[profiles.a]\napi_key = "geheim-heim', "Unterminated string"),
        ('[profiles.a]\nca_bundle = 3\napi_key = "geheim-heim"', "neither text nor a number"),
        ("profiles = 3", "profiles"),
        ("\xff", "configuration file"),
        ('default_profile = "gone"', "'gone'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_quoting_it(quiet, file, text, said) -> None:
    file.write_bytes(text.encode("latin-1"))

    done = quiet("whoami")

    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--config", "/not/there"), ("--profile", "nope"), ("--config", "/")])
def test_a_file_or_profile_that_is_not_there_is_a_matter_of_configuration(quiet, file, arguments) -> None:
    assert quiet("whoami", *arguments).code == 2


def test_the_profiles_there_are_get_named(quiet, file) -> None:
    assert "home, work" in quiet("--profile", "nope", "whoami").err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((("--timeout", "soon"), {}), "--timeout must be"),
        ((("--max-retries", "-1"), {}), "--max-retries must be"),
        (((), {"COREDATA_TIMEOUT": "soon"}), "COREDATA_TIMEOUT must be"),
        (((), {}), "ours.pem"),
        ((("--ca-bundle", "/not/there.pem"), {}), "--ca-bundle"),
        ((("--base-url", "http://example.com"), {"COREDATA_CA_BUNDLE": " "}), "https"),
    ],
)
def test_a_bad_setting_is_reported_by_its_name_in_its_source(quiet, file, monkeypatch, given, said) -> None:
    arguments, environ = given
    if said != "ours.pem":
        file.write_text(FILE.replace('ca_bundle = "ours.pem"', ""))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    done = quiet(*arguments, "whoami")

    assert done.code == 2
    assert said in done.err


def test_without_any_settings_it_says_which_to_make(quiet) -> None:
    done = quiet("whoami")

    assert done.code == 2
    assert "COREDATA_BASE_URL COREDATA_API_USER COREDATA_API_KEY" in done.err
    assert "config.toml" in done.err


def test_a_profile_is_enough_to_sign_in(far, bare, tmp_path) -> None:
    file = tmp_path / "c.toml"
    file.touch(0o600)
    file.write_text(
        f'[profiles.box]\nbase_url = "{far.url}"\napi_user = "{far.api_user}"\napi_key = "{far.api_key}"'
    )
    bare.secrets = (far.api_key,)

    done = bare.ok("whoami", "--config", str(file), "--profile", "box", "--json")

    assert done.lines[0]["username"] == far.api_user


def test_reading_raises_nothing_that_holds_a_key(tmp_path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[profiles.a]\nca_bundle = 3\napi_key = "geheim-heim"')

    with pytest.raises(ConfigurationError) as caught:
        read(path, needed=True)

    assert "geheim" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_password_in_an_address_is_masked(quiet) -> None:
    quiet.secrets = ("geheim",)

    assert "//***@x" in quiet.ok("config", "show", "--base-url", "https://me:geheim@x").out
    assert quiet("whoami", "--base-url", "https://me:geheim@x").code == 2


@pytest.mark.parametrize(
    ("option", "given", "shown"),
    [
        ("--base-url", "https://me:geheim/1@x", "https://***@x"),
        ("--base-url", "me:geheim@x", "***@x"),
        ("--base-url", "https://x/?api_key=geheim", "https://x/?…"),
        ("--api-user", "me:geheim", "me:***"),
    ],
)
def test_a_secret_where_none_belongs_is_masked(quiet, option: str, given: str, shown: str) -> None:
    quiet.secrets = ("geheim",)

    assert f'"{shown}"' in quiet.ok("config", "show", "--json", option, given).out


def test_a_profile_may_have_any_name(quiet, file) -> None:
    file.write_text(
        '[profiles."{0} a"]\nbase_url="http://x"\napi_user="a"\napi_key="geheim-heim"\ntimeout="x"'
    )

    assert "timeout in profile '{0} a' must be" in quiet("whoami", "--profile", "{0} a").err


def test_proxies_of_the_environment_are_honoured_and_an_option_beats_them(shell, monkeypatch) -> None:
    """Nothing listens at port 9: a request through such a proxy does not arrive."""
    for name in ("http_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "bob:s3cr3tpw@127.0.0.1:9")

    assert "cannot connect to the proxy" in shell("spaces", "list").err
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    shell.ok("spaces", "list")
    for given in (
        ("--proxy", "http://bob:s3cr3tpw@127.0.0.1:9", "spaces", "list"),
        ("spaces", "list", "--proxy", "bob:s3cr3tpw@127.0.0.1:9"),
    ):
        done = shell(*given)
        assert "cannot connect to the proxy" in done.err
        assert "s3cr3tpw" not in done.out + done.err


def test_a_proxy_that_cannot_be_used_is_a_matter_of_configuration(shell) -> None:
    done = shell("--proxy", "socks5://bob:s3cr3tpw@127.0.0.1:1080", "spaces", "list")

    assert done.code == 2
    assert "SOCKS" in done.err
    assert "s3cr3tpw" not in done.err


def test_a_proxy_in_a_profile_is_shown_masked(quiet, file) -> None:
    file.write_text(FILE.replace("timeout = 5", 'timeout = 5\nproxy = "http://bob:s3cr3tpw@p:1"'))

    assert shown(quiet)["proxy"] == ("***", "profile 'home'")


@pytest.mark.parametrize("content", ["a = " + "[" * 5000, "a = " + "{b=" * 5000])
def test_a_file_that_is_nested_without_end_is_refused(tmp_path, content) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match="is not a valid configuration file"):
        read(path, needed=True)


def test_links_in_a_circle_are_refused(tmp_path) -> None:
    path = tmp_path / "config.toml"
    path.symlink_to(path)

    with pytest.raises(ConfigurationError, match="is not a valid configuration file"):
        read(path, needed=True)


def test_a_home_that_may_not_be_entered_has_no_configuration_file(shell, tmp_path, monkeypatch) -> None:
    # A name that is too long fails as a home of another user does, also for root, who may enter every one.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ("x" * 300)))

    shell.ok("whoami")
    assert "does not exist" in shell.ok("config", "path").err
