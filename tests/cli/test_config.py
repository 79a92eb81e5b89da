"""Tests of `coredata config show`, which lists every setting, also those that are not set."""

import re
from pathlib import Path

import coredata_async

VARIABLE = re.compile(r"\b(?:COREDATA|FIVEPM)_(?!COMPLETE)[A-Z0-9_]*[A-Z0-9]\b")


def listed(shell, *arguments: str) -> dict[str, dict[str, str | None]]:
    (output,) = shell.ok("config", "show", "--json", *arguments).lines
    return output


def test_every_variable_that_the_package_reads_is_listed(bare) -> None:
    text = "".join(path.read_text("utf-8") for path in Path(coredata_async.__file__).parent.rglob("*.py"))
    names = {each.removeprefix("COREDATA_").lower() for each in VARIABLE.findall(text)}

    assert names - {"async"} <= set(listed(bare))
    assert len(names) >= 13


def test_what_nothing_sets_has_its_default_or_is_not_set(bare) -> None:
    found = listed(bare)

    assert (found["timeout"]["value"], found["timeout"]["from"]) == ("60", "default")
    assert (found["max_retries"]["value"], found["max_retries"]["from"]) == ("4", "default")
    assert found["base_url"] == {"value": None, "from": "not set", "name": "COREDATA_BASE_URL"}


def test_the_place_of_each_setting_is_named(bare, tmp_path, monkeypatch) -> None:
    file = tmp_path / "c.toml"
    file.write_text('default_profile = "a"\n[profiles.a]\nparent = "7"\n[fivepm.a]\nlogin = "x@y.is"\n')
    monkeypatch.setenv("COREDATA_LOG", "warning")
    monkeypatch.setenv("COREDATA_API_KEY", "geheim")
    monkeypatch.setenv("FIVEPM_PASSWORD", "geheim")
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:geheim@proxy.example:3128")
    bare.secrets = ("geheim",)

    found = listed(bare, "--config", str(file), "--timeout", "5")

    assert found["timeout"] == {"value": "5", "from": "option", "name": "--timeout"}
    assert found["log"] == {"value": "warning", "from": "environment", "name": "COREDATA_LOG"}
    assert found["parent"] == {"value": "7", "from": "profile 'a'", "name": "parent in profile 'a'"}
    assert found["profile"] == {"value": "a", "from": "configuration file", "name": "default_profile"}
    assert found["config"] == {"value": str(file), "from": "option", "name": "--config"}
    assert found["api_key_v3"] == {"value": "***", "from": "default", "name": "the same as api_key"}
    assert found["proxy"] == {"value": "***", "from": "environment", "name": "HTTPS_PROXY"}
    assert found["fivepm_login"]["value"] == "x@y.is"
    assert found["fivepm_password"] == {"value": "***", "from": "environment", "name": "FIVEPM_PASSWORD"}
    assert "HTTPS_PROXY" in bare.ok("config", "show").out
