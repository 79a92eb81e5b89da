"""Who to be, and where: options beat the environment, and that beats a profile of the configuration file."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
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
    """One way to reach a tenant. Numbers are text here: the client says what is wrong with one."""

    base_url: str | None = None
    api_user: str | None = None
    api_key: Secret[str] | None = None
    api_key_v3: Secret[str] | None = None
    timeout: str | None = None
    max_retries: str | None = None
    ca_bundle: Path | None = None
    """In a file, relative to it."""
    proxy: Secret[str] | None = None
    """A secret, because a password may be in it."""
    transport: str | None = None
    log: str | None = None
    parent: str | None = None
    """Id of the Project, Folder or Filespace for commands without `--parent`."""


NAMES: Final = tuple(spot.name for spot in attrs.fields(Profile))
_VARIABLE: Final = re.compile(rf"{PREFIX}({'|'.join(NAMES)})\b", re.IGNORECASE)


@frozen(kw_only=True)
class FivePMProfile:
    """One way to reach a 5pm account."""

    url: str | None = None
    """Or the account's name."""
    login: str | None = None
    password: Secret[str] | None = None


@frozen(kw_only=True)
class File:
    """What a configuration file holds."""

    default_profile: str | None = None
    profiles: dict[str, Profile] = field(factory=dict[str, Profile])
    fivepm: dict[str, FivePMProfile] = field(factory=dict[str, FivePMProfile])
    """By the same names, the 5pm account that goes with a profile."""


@frozen
class Layer:
    """Settings from one place."""

    origin: str
    """`profile 'home'`."""
    settings: Profile
    label: Callable[[str], str]
    """What a setting is called there."""


@frozen
class Settings:
    """All settings that count, and where each is from."""

    layers: Sequence[Layer]
    """The first that has a setting counts."""

    def origin(self, name: str) -> Layer | None:
        """Return where a setting is from."""
        return next((each for each in self.layers if getattr(each.settings, name) is not None), None)

    def secret(self, name: str) -> Secret[str] | str | Path | None:
        """One setting; a key stays wrapped."""
        layer = self.origin(name)
        value: Secret[str] | str | Path | None = getattr(layer.settings, name) if layer else None
        return value

    def environment(self) -> dict[str, str]:
        """Every setting as the variable that would set it, keys in clear."""
        found = {name: self.secret(name) for name in NAMES}
        return {
            PREFIX + name.upper(): value.get_secret_value() if isinstance(value, Secret) else str(value)
            for name, value in found.items()
            if value is not None
        }

    def explain_source(self, text: str) -> str:
        """A complaint about variables, in the words of the place where each was set."""

        def source_of(found: re.Match[str]) -> str:
            layer = self.origin(found[1].lower())
            return layer.label(found[1].lower()) if layer else found[0]

        return _VARIABLE.sub(source_of, text)


def default_path() -> Path:
    """`~/.config/coredata/config.toml`, or where the system keeps such files."""
    return Path(click.get_app_dir("coredata")) / "config.toml"


def read(path: Path, *, needed: bool) -> File:
    """Read a configuration file.

    Raises:
        ConfigurationError: It cannot be read. The message quotes none of it: it holds keys.
    """
    if not needed and not path.exists():
        return File()
    try:
        loader = typed_settings.FileLoader({"*": typed_settings.TomlFormat(None)}, [f"!{path}"])
        return typed_settings.load_settings(File, [loader])
    except InvalidSettingsError:
        why = "something in it is neither text nor a number"
    except TsError as exc:  # these name options and lines, not values
        why = str(exc)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or type(exc).__name__
    raise ConfigurationError(f"{path} is no configuration file: {why}")


def settings(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[Settings, Sequence[str]]:
    """All settings, and what people should be warned of.

    Raises:
        ConfigurationError: There is no such file, or no such profile in it.
    """
    environ = SecretMapping(environ)  # what is raised below shows the variables of its frames
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    file = read(path, needed="config" in chosen)
    around = Layer("environment", _make_profile(_environment(environ)), lambda each: PREFIX + each.upper())
    name = _chosen_profile(chosen, environ)[0] or file.default_profile
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
    """The 5pm account of the profile that counts, empty if it has none, and what people should be warned of.

    Raises:
        ConfigurationError: There is no such file, or a profile that was asked for is nowhere in it.
    """
    environ = SecretMapping(environ)
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    file = read(path, needed="config" in chosen)
    name = _chosen_profile(chosen, environ)[0] or file.default_profile
    if name is not None and name not in file.fivepm:
        _profile(file, name, path)
    return file.fivepm.get(name or "", FivePMProfile()), list(_permission_warning(path, file))


def profile_name(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str | None, str, str]:
    """Return the name of the profile that counts, the kind of place that says so, and its name there.

    Raises:
        ConfigurationError: If the configuration file cannot be read.
    """
    found = _chosen_profile(chosen, environ)
    if found[0]:
        return found
    path = Path(chosen["config"]) if "config" in chosen else default_path()
    name = read(path, needed="config" in chosen).default_profile
    return (name, "configuration file", "default_profile") if name else found


def _chosen_profile(chosen: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str | None, str, str]:
    if chosen.get("profile"):
        return chosen["profile"], "option", "--profile"
    name = environ.get(PREFIX + "PROFILE", "").strip()
    return (name, "environment", PREFIX + "PROFILE") if name else (None, "", "")


def _profile(file: File, name: str, path: Path) -> Profile:
    if name not in file.profiles:
        there = ", ".join(sorted(file.profiles)) or "none"
        raise ConfigurationError(f"there is no profile {name!r} in {path}; there are: {there}")
    return file.profiles[name]


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name: environ.get(PREFIX + name.upper(), "").strip() for name in NAMES}
    return {name: value for name, value in found.items() if value}  # an empty value counts as unset


def _make_profile(found: Mapping[str, str]) -> Profile:
    known = {name: value for name, value in found.items() if name in NAMES}
    return typed_settings.load_settings(Profile, [DictLoader(known)])


def _permission_warning(path: Path, file: File) -> Sequence[str]:
    """A warning, if others can read the keys."""
    keys = any(each.api_key or each.api_key_v3 for each in file.profiles.values())
    if os.name != "posix" or not (keys or any(each.password for each in file.fivepm.values())):
        return ()
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return (f"{path} holds a key, and others can read it: chmod 600 {path}",)
    return ()


def _override_warning(
    chosen: Mapping[str, str], around: Profile, profile: Profile, name: str
) -> Sequence[str]:
    """A warning, if the environment beats a profile that was asked for by option."""
    if "profile" not in chosen:
        return ()
    beaten = [each for each in NAMES if each not in chosen and getattr(around, each) is not None]
    named = ", ".join(PREFIX + each.upper() for each in beaten if getattr(profile, each) is not None)
    return (f"the environment beats profile {name!r}: {named}",) if named else ()
