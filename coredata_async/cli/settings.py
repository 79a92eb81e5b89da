"""Settings of the connection: options override the environment, and that overrides a profile of the file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import attrs
import click
import typed_settings
from attrs import field, frozen
from typed_settings import Secret
from typed_settings.exceptions import InvalidSettingsError, TsError
from typed_settings.loaders import DictLoader

from coredata_async.errors import ConfigurationError
from coredata_async.secret import SecretMapping

PREFIX: Final = "COREDATA_"
NEEDED: Final = ("base_url", "api_user", "api_key")


@frozen(kw_only=True)
class Profile:
    """Connection to one tenant. Numbers are text here, because the client reports invalid ones."""

    base_url: str | None = None
    api_user: str | None = None
    api_key: Secret[str] | None = None
    api_key_v3: Secret[str] | None = None
    timeout: str | None = None
    max_retries: str | None = None
    ca_bundle: Path | None = None
    """Path; in a configuration file, relative to that file."""
    proxy: Secret[str] | None = None
    """Proxy; a secret, because it may contain a password."""
    transport: str | None = None
    log: str | None = None
    parent: str | None = None
    """Id of the Project, Folder or Filespace for commands without `--parent`."""


NAMES: Final = tuple(attribute.name for attribute in attrs.fields(Profile))
_UNKNOWN: Final = re.compile(r"Invalid options found in .*: (.+)", re.DOTALL)
"""Message of typed-settings about names in a file that it does not know."""
_VARIABLE: Final = re.compile(rf"{PREFIX}({'|'.join(NAMES)})\b", re.IGNORECASE)


@frozen(kw_only=True)
class FivePMProfile:
    """Connection to one 5pm account."""

    url: str | None = None
    """URL, or name of the account."""
    login: str | None = None
    password: Secret[str] | None = None


@frozen(kw_only=True)
class File:
    """Content of a configuration file."""

    default_profile: str | None = None
    profiles: dict[str, Profile] = field(factory=dict[str, Profile])
    fivepm: dict[str, FivePMProfile] = field(factory=dict[str, FivePMProfile])
    """By profile name, the 5pm account of that profile."""


@frozen
class Layer:
    """Settings from one source."""

    origin: str
    """Source, such as `profile 'home'`."""
    settings: Profile
    label: Callable[[str], str]
    """Function that returns the name of a setting in this source."""


@frozen
class Settings:
    """All effective settings, with the source of each."""

    layers: Sequence[Layer]
    """Sources; the first one that contains a setting counts."""

    def origin(self, name: str) -> Layer | None:
        """Return the source of a setting."""
        return next((each for each in self.layers if getattr(each.settings, name) is not None), None)

    def secret(self, name: str) -> Secret[str] | str | Path | None:
        """Return one setting; keys stay wrapped."""
        layer = self.origin(name)
        value: Secret[str] | str | Path | None = getattr(layer.settings, name) if layer else None
        return value

    def environment(self) -> dict[str, str]:
        """Return every setting as the variable that sets it, with keys in clear text."""
        found = {name: self.secret(name) for name in NAMES}
        return {
            PREFIX + name.upper(): value.get_secret_value() if isinstance(value, Secret) else str(value)
            for name, value in found.items()
            if value is not None
        }

    def explain_source(self, text: str) -> str:
        """Replace the names of variables in a message by the names in the source of each setting."""

        def source_of(found: re.Match[str]) -> str:
            layer = self.origin(found[1].lower())
            return layer.label(found[1].lower()) if layer else found[0]

        return _VARIABLE.sub(source_of, text)


def default_path() -> Path:
    """Return `~/.config/coredata/config.toml`, or the corresponding path of the system."""
    return Path(click.get_app_dir("coredata")) / "config.toml"


def read(path: Path, *, needed: bool) -> File:
    """Read a configuration file.

    Raises:
        ConfigurationError: If it cannot be read. The message does not quote the content, which contains keys.
    """
    # `Path.exists` raises an error before Python 3.14 if the home directory belongs to another user.
    if not needed and not os.path.exists(path):  # noqa: PTH110
        return File()
    if not os.path.lexists(path):
        raise ConfigurationError(f"the configuration file {path} does not exist")
    try:
        loader = typed_settings.FileLoader({"*": typed_settings.TomlFormat(None)}, [f"!{path}"])
        return typed_settings.load_settings(File, [loader])
    except InvalidSettingsError:
        why = "a value in it is neither text nor a number"
    except TsError as exc:  # these name options and lines, not values
        why = _explain(str(exc))
    except (OSError, ValueError, RuntimeError) as exc:  # the last for links in a circle, and deep nesting
        why = getattr(exc, "strerror", None) or type(exc).__name__
    raise ConfigurationError(f"{path} is not a valid configuration file: {why}")


def _explain(text: str) -> str:
    """Return a message of typed-settings with the unknown settings alone, and a name that is like them."""
    found = _UNKNOWN.fullmatch(text)
    if found is None:
        return text
    near = get_close_matches(found[1].rpartition(".")[2], (*NAMES, "url", "login", "password"), n=1)
    return f"{found[1]} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def settings(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[Settings, Sequence[str]]:
    """Return all settings, and warnings for people.

    Raises:
        ConfigurationError: If the file or the profile does not exist.
    """
    environ = SecretMapping(environ)  # a traceback of the error below shows the variables of its frames
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    file = read(path, needed="config" in chosen)
    around = Layer("environment", _make_profile(_environment(environ)), lambda each: PREFIX + each.upper())
    name = _select_profile(chosen, environ)[0] or file.default_profile
    layers = [Layer("option", _make_profile(chosen), lambda each: f"--{each.replace('_', '-')}"), around]
    warnings = list(_permission_warning(path, file))
    if name is not None:
        profile = _profile(file, name, path)
        layers.append(Layer(f"profile {name!r}", profile, lambda each: f"{each} in profile {name!r}"))
        warnings += _override_warning(chosen, around.settings, profile, name)
    return Settings(layers), warnings


def fivepm_profile(
    chosen: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[FivePMProfile, Sequence[str]]:
    """Return the 5pm account of the selected profile, empty if it has none, and warnings for people.

    Raises:
        ConfigurationError: If the file does not exist, or does not contain the requested profile.
    """
    environ = SecretMapping(environ)
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    file = read(path, needed="config" in chosen)
    name = _select_profile(chosen, environ)[0] or file.default_profile
    if name is not None and name not in file.fivepm:
        _profile(file, name, path)
    return file.fivepm.get(name or "", FivePMProfile()), list(_permission_warning(path, file))


def profile_name(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str | None, str, str]:
    """Return the name of the selected profile, the kind of source that selects it, and its name there.

    Raises:
        ConfigurationError: If the configuration file cannot be read.
    """
    found = _select_profile(chosen, environ)
    if found[0]:
        return found
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    name = read(path, needed="config" in chosen).default_profile
    return (name, "configuration file", "default_profile") if name else found


def _select_profile(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str | None, str, str]:
    if chosen.get("profile"):
        return chosen["profile"], "option", "--profile"
    name = environ.get(PREFIX + "PROFILE", "").strip()
    return (name, "environment", PREFIX + "PROFILE") if name else (None, "", "")


def _profile(file: File, name: str, path: Path) -> Profile:
    if name not in file.profiles:
        there = ", ".join(sorted(file.profiles)) or "none"
        raise ConfigurationError(f"profile {name!r} does not exist in {path}; profiles: {there}")
    return file.profiles[name]


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name: environ.get(PREFIX + name.upper(), "").strip() for name in NAMES}
    return {name: value for name, value in found.items() if value}  # an empty value counts as unset


def _make_profile(found: Mapping[str, str]) -> Profile:
    known = {name: value for name, value in found.items() if name in NAMES}
    return typed_settings.load_settings(Profile, [DictLoader(known)])


def _permission_warning(path: Path, file: File) -> Sequence[str]:
    """Return a warning if other users can read the keys."""
    keys = any(each.api_key or each.api_key_v3 for each in file.profiles.values())
    if os.name != "posix" or not (keys or any(each.password for each in file.fivepm.values())):
        return ()
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return (f"{path} contains a key, and other users can read it: chmod 600 {path}",)
    return ()


def _override_warning(
    chosen: Mapping[str, str], around: Profile, profile: Profile, name: str
) -> Sequence[str]:
    """Return a warning if the environment overrides a profile that was selected by option."""
    if "profile" not in chosen:
        return ()
    beaten = [each for each in NAMES if each not in chosen and getattr(around, each) is not None]
    named = ", ".join(PREFIX + each.upper() for each in beaten if getattr(profile, each) is not None)
    return (f"the environment overrides profile {name!r}: {named}",) if named else ()
