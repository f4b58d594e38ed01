"""The environment variables, read and checked. Values that cannot work are refused at start, with a sentence that
names the variable: later they would make a page fail, or a channel layer that never answers.

Invariant: an address may hold a password, so no sentence quotes one.
"""

import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

from channels_yjs.conf import DEFAULTS, PREFIX

WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
LEVELS = ["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"]
HOST = re.compile(r"\*|\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[a-f0-9]*:[a-f0-9.:]+\]")  # the forms that Django compares with
# Browsers omit the default port, and Django compares letter by letter.
ORIGIN = re.compile(r"(https://[a-z0-9*.:\[\]-]+(?<!:443)|http://[a-z0-9*.:\[\]-]+(?<!:80))")
# An "@" or "#" in the rest belongs to a password that has, unescaped, a character that ends the part before.
ADDRESS = re.compile(r"(?P<scheme>\w+)://(?P<server>[^/?#]*)(?P<path>[^?@#]*)(?P<options>[^@#]*)")
ESCAPES = "In a user, password or path, write % as %25, / as %2F, ? as %3F, # as %23 and @ as %40."


class Secret(str):
    """Text that is hidden where values are printed, for instance on Django's debug page."""

    def __repr__(self) -> str:
        return "'********'"


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool) -> bool:
    word = text(name, "on" if default else "off").lower()
    if word not in WORDS:
        refuse(name, f"must be on or off, not {word!r}.")
    return WORDS[word]


def number(name: str, default: int, least: int = 1) -> int:
    value = text(name, str(default))
    if not re.fullmatch("[0-9]{1,18}", value) or int(value) < least:
        refuse(name, f"must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def seconds(name: str, default: float, least: float = 0.1) -> float:
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not least <= number < math.inf:
        refuse(name, f"must be a number of seconds of at least {least}, not {value!r}.")
    return number


def engine() -> dict[str, Any]:
    """The engine's settings, each from a variable of the same name without the prefix."""
    return {PREFIX + name: _read(variable_of(name), default) for name, default in DEFAULTS.items()}


def _read(name: str, default: Any) -> Any:
    if isinstance(default, bool):
        return flag(name, default)
    return seconds(name, default) if isinstance(default, float) else number(name, default)


def variable_of(name: str) -> str:
    """The name of the environment variable: people who run this app know notes, not documents."""
    return name.replace("DOCUMENT", "NOTE")


def level(name: str, default: str) -> str:
    value = text(name, default).upper()
    if value not in LEVELS:
        refuse(name, f"must be one of {', '.join(LEVELS)}, not {value!r}.")
    return value


def hosts(name: str) -> list[str]:
    form = "a host such as notes.example.org, .example.org or [::1], without https://, port or path"
    return _all(name, HOST, form)


def origins(name: str) -> list[str]:
    return _all(name, ORIGIN, "an origin such as https://notes.example.org, without a path or the default port")


def redis(name: str) -> str:
    form = f"must look like redis://:password@host:6379/0. {ESCAPES}"
    address = text(name)
    if address:
        from redis.asyncio import ConnectionPool  # imported here: it takes a third of a second
        from redis.exceptions import RedisError

        parts = _parts(name, address, ["redis", "rediss", "unix"], form)
        if parts["scheme"] != "unix" and not re.fullmatch("/?[0-9]*", parts["path"]):
            refuse(name, form)
        try:
            pool: Any = ConnectionPool.from_url(address)
            pool.make_connection()  # checks the options, and connects to nothing yet
        except (RedisError, TypeError, ValueError):
            refuse(name, form)
    return Secret(address)


def database(name: str, default: Path) -> dict[str, Any]:
    """The database's settings. The default is an SQLite file; relative paths start from its folder."""
    form = f"must look like postgres://user:password@host/name or sqlite:////folder/db.sqlite3. {ESCAPES}"
    if name not in os.environ:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": default}
    address = text(name)
    parts = _parts(name, address, ["sqlite", "postgres", "postgresql"], form)
    path = unquote(parts["path"].removeprefix("/"))
    if parts["scheme"] == "sqlite":
        if parts["server"] or parts["options"] or not path:
            refuse(name, form)
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": default.parent / path}
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(address)
    except ValueError:
        refuse(name, form)
    if not (path or "service=" in parts["options"]):
        refuse(name, form)
    return settings


def refuse(name: str, reason: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} {reason}") from None


def _all(name: str, pattern: re.Pattern[str], form: str) -> list[str]:
    entries = [entry.strip().lower() for entry in text(name).split(",") if entry.strip()]
    for entry in entries:
        if not pattern.fullmatch(entry):
            refuse(name, f"has the entry {entry!r}. Each must be {form}.")
    return entries


def _parts(name: str, address: str, schemes: Iterable[str], form: str) -> dict[str, str]:
    found = ADDRESS.fullmatch(address)
    if not found or found["scheme"] not in schemes:
        refuse(name, form)
    return found.groupdict()
