"""Settings come from the environment, read once at start. An unsafe or misspelt one aborts the
start with one clear sentence."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import click
from babel import Locale
from flask import Flask, current_app

from core import texts

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(click.ClickException):
    """An unusable setting; the message is one sentence for the person who starts the application.

    Commands print it and exit 1, without a traceback.
    """


#: name → what it does, for docs/reference/settings.md (a guard keeps the two equal).
DOCUMENTED = {
    "DATABASE_URL": (
        "SQLite file (sqlite:///…) or PostgreSQL (postgresql://…); default: rostrum.db under the "
        "instance path"
    ),
    "HOST": "address to listen on; default 127.0.0.1",
    "PORT": "port to listen on; default 8000",
    "SECRET_KEY": (
        "signs cookies and links; default: generated on the first run and kept in the instance path"
    ),
    "PUBLIC_URL": "address people and QR codes use; default http://HOST:PORT",
    "INSTANCE_PATH": "folder of the database, files, keys and job engine; default instance/",
    "MAIL_URL": (
        "smtp://user:password@host:port; without it mail is kept and readable in the application"
    ),
    "MAIL_FROM": "sender of mail; default Rostrum <rostrum@HOST of PUBLIC_URL>",
    "CONTACT_EMAIL": (
        "the centre's address for questions, on every page and in every email; default: that of "
        "MAIL_FROM"
    ),
    "CHECKPOINT_MAIL": "address that gets a copy of every signed checkpoint of the audit trail",
    "CHECKPOINT_URL": "https://… that gets a copy of every signed checkpoint by POST",
    "STORAGE_URL": "file:///folder for certificates; default: files/ under the instance path",
    "JOBS_URL": "redis://… for the distributed job engine; default: the embedded engine on SQLite",
    **{
        f"ISSUER_{code.upper()}": (
            f"name of the issuing centre on certificates, in {Locale('en').languages[code]}"
        )
        for code in texts.asked_for()
    },
    "WORKERS": "web processes of `make serve`; default 2",
    "WORKER_NICENESS": (
        "how much background work gives way to pages: 0 not at all, 19 the most; default 5"
    ),
    "PROXY_HOPS": (
        "number of reverse proxies in front whose forwarding headers are trusted; default 0"
    ),
    "REQUEST_MB": "megabytes that one request may carry; default 4",
    "FORM_FIELDS": "fields that one form may have; default 10000",
    "JSON_VALUES": "values that one JSON body may hold, about; default 50000",
    "API_PER_TOKEN": "API calls per minute with one token; default 3000, 0 for no limit",
    "API_PER_ACCOUNT": (
        "API calls per minute with all tokens of one account; default 6000, 0 for no limit"
    ),
    "API_PER_ORIGIN": (
        "API calls per minute from one address (or one IPv6 network); default 12000, 0 for no limit"
    ),
    "ROSTER_ADMISSION": (
        "review: roster staff decide whom to admit (default); rule: consent and a current skill "
        "are enough"
    ),
    "DEMO": "1 loads demonstration data on the first start (default), 0 starts empty",
    "NOW": "an instant at which the application's clock starts (demonstrations and tests, loopback "
    "only)",
}


@dataclass(frozen=True)
class Settings:
    """All settings. `instance_path` exists once they are read."""

    instance_path: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    secret_key: str = field(default="", repr=False)
    mail_url: str = field(default="", repr=False)
    mail_from: str = ""
    contact_email: str = ""
    checkpoint_mail: str = ""
    checkpoint_url: str = field(default="", repr=False)
    storage_url: str = ""
    jobs_url: str = field(default="", repr=False)
    issuer: Mapping[str, str] = field(default_factory=dict)
    workers: int = 2
    worker_niceness: int = 5
    proxy_hops: int = 0
    request_mb: int = 4
    form_fields: int = 10_000
    json_values: int = 50_000
    api_per_token: int = 3000
    api_per_account: int = 6000
    api_per_origin: int = 12_000
    roster_admission: str = "review"
    demo: bool = True
    now: datetime | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_local(self) -> bool:
        """Served only to this machine: demonstration sign-ins and a set clock are harmless."""
        return is_loopback(urlsplit(self.public_url).hostname) and is_loopback(self.host)

    @property
    def is_demonstration(self) -> bool:
        """A demonstration: its passwords are public, and its mail is never sent."""
        return self.demo and self.is_local

    @property
    def is_secure(self) -> bool:
        return self.public_url.startswith("https://")


#: The centre's name if the settings have none.
_ISSUER = {"en": "Rostrum Training Centre", "fr": "Centre de formation Rostrum"}


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions["settings"] = settings


def settings_of(app: Flask | None = None) -> Settings:
    """The settings of the current application, or of `app`."""
    settings: Settings = (app or current_app).extensions["settings"]
    return settings


def is_loopback(host: str | None) -> bool:
    if host in ("localhost", "[::1]"):
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ` (default: the process). Raises SettingsError."""
    environ = os.environ if environ is None else environ
    _refuse_misspelt(environ)
    values = {name: environ[name].strip() for name in DOCUMENTED if environ.get(name, "").strip()}
    instance = Path(values.get("INSTANCE_PATH", ROOT / "instance")).resolve()
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = values.get("HOST", "127.0.0.1")
    port = _whole_number(values, "PORT", 8000, 1, 65535)
    public_url = _public_url(values.get("PUBLIC_URL", f"http://{host}:{port}"))
    mail_from = _mailbox(values, "MAIL_FROM", f"Rostrum <rostrum@{_mail_host(public_url)}>")
    settings = Settings(
        instance_path=instance,
        database_url=_database_url(
            values.get("DATABASE_URL", f"sqlite:///{instance / 'rostrum.db'}")
        ),
        host=host,
        port=port,
        public_url=public_url,
        secret_key=_secret_key(values.get("SECRET_KEY"), instance),
        mail_url=_address(values, "MAIL_URL", ("smtp", "smtps")),
        mail_from=mail_from,
        contact_email=parseaddr(_mailbox(values, "CONTACT_EMAIL", mail_from))[1],
        checkpoint_mail=_mail_address(values, "CHECKPOINT_MAIL"),
        checkpoint_url=_https(values, "CHECKPOINT_URL"),
        storage_url=_storage_url(values.get("STORAGE_URL"), instance),
        jobs_url=_address(values, "JOBS_URL", ("redis", "rediss")),
        issuer=texts.filled(
            {
                code: values.get(f"ISSUER_{code.upper()}", _ISSUER.get(code))
                for code in texts.asked_for()
            }
        ),
        workers=_whole_number(values, "WORKERS", 2, 1, 64),
        worker_niceness=_whole_number(values, "WORKER_NICENESS", 5, 0, 19),
        proxy_hops=_whole_number(values, "PROXY_HOPS", 0, 0, 5),
        request_mb=_whole_number(values, "REQUEST_MB", 4, 3, 1024),
        form_fields=_whole_number(values, "FORM_FIELDS", 10_000, 1000, 1_000_000),
        json_values=_whole_number(values, "JSON_VALUES", 50_000, 1000, 10_000_000),
        api_per_token=_whole_number(values, "API_PER_TOKEN", 3000, 0, 1_000_000),
        api_per_account=_whole_number(values, "API_PER_ACCOUNT", 6000, 0, 1_000_000),
        api_per_origin=_whole_number(values, "API_PER_ORIGIN", 12_000, 0, 1_000_000),
        roster_admission=_one_of(values, "ROSTER_ADMISSION", ("review", "rule")),
        demo=_yes_or_no(values, "DEMO", True),
        now=_instant(values.get("NOW")),
    )
    if settings.now and not is_loopback(urlsplit(settings.public_url).hostname):
        raise SettingsError(
            "NOW sets the clock and is refused unless PUBLIC_URL is a loopback address."
        )
    return settings


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    long_names = [name for name in DOCUMENTED if len(name) >= 6]
    for name in environ:
        if name in DOCUMENTED or "_" not in name and len(name) < 7:
            continue
        close = difflib.get_close_matches(name, long_names, n=1, cutoff=0.87)
        if close:
            raise SettingsError(f"{name} is not a setting; did you mean {close[0]}?")


def _whole_number(values: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = values.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not “{text}”.")
    return int(text)


def _yes_or_no(values: Mapping[str, str], name: str, default: bool) -> bool:
    text = values.get(name, "1" if default else "0")
    if text not in ("0", "1"):
        raise SettingsError(f"{name} must be 0 or 1, not “{text}”.")
    return text == "1"


def _one_of(values: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """One of these words; the first is the default."""
    text = values.get(name, words[0])
    if text not in words:
        raise SettingsError(f"{name} must be {' or '.join(words)}, not “{text}”.")
    return text


def _public_url(text: str) -> str:
    url = urlsplit(text)
    if (
        url.scheme not in ("http", "https")
        or not url.hostname
        or url.query
        or url.path not in ("", "/")
    ):
        raise SettingsError(
            f"PUBLIC_URL must look like https://training.example.org, not “{text}”."
        )
    return text.rstrip("/")


def _database_url(text: str) -> str:
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return text


def _address(values: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    text = values.get(name, "")
    if text and (urlsplit(text).scheme not in schemes or not urlsplit(text).hostname):
        raise SettingsError(f"{name} must look like {schemes[0]}://host:port.")
    return text


def _mail_host(public_url: str) -> str:
    """The host after the @ of a sender: a bare IP address is not a domain."""
    host = urlsplit(public_url).hostname or ""
    return host if host.rpartition(".")[2].isalpha() else "localhost"


def _mailbox(values: Mapping[str, str], name: str, default: str) -> str:
    """An address that every mail server understands, with or without a name before it."""
    text = values.get(name, default)
    if not text.isprintable() or not re.fullmatch(
        r"[!-;=?A-Za-z0-9{|}~^_`]+@[A-Za-z0-9.-]*[A-Za-z0-9]", parseaddr(text)[1]
    ):
        raise SettingsError(
            f"{name} must look like Training centre <training@example.org>, not “{text}”."
        )
    return text


def _mail_address(values: Mapping[str, str], name: str) -> str:
    text = values.get(name, "")
    if text and (text.count("@") != 1 or text != "".join(text.split()) or not all(text.split("@"))):
        raise SettingsError(f"{name} must be an email address, not “{text}”.")
    return text


def _https(values: Mapping[str, str], name: str) -> str:
    text = _address(values, name, ("https", "http"))
    if text and urlsplit(text).scheme == "http" and not is_loopback(urlsplit(text).hostname):
        raise SettingsError(f"{name} must begin with https://.")
    return text


def _storage_url(text: str | None, instance: Path) -> str:
    if text is None:
        return f"file://{instance / 'files'}"
    if not text.startswith("file:///"):
        raise SettingsError("STORAGE_URL must begin with file:///.")
    return text


def _secret_key(secret: str | None, instance: Path) -> str:
    if secret is not None:
        if len(secret) < 32:
            raise SettingsError(
                "SECRET_KEY must have at least 32 characters; leave it out to have one made."
            )
        return secret
    return kept_secret(instance / "secret_key", lambda: secrets.token_urlsafe(48))


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The text stored at `path` (mode 0600), created on first use; two processes that start
    together agree on one."""
    try:
        if not os.path.lexists(path):
            _keep(path, make())
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise SettingsError(f"{path} cannot be read: {reason}.") from error


def _keep(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="ascii")
        os.link(draft, path)  # fails if the other process was first; then its secret counts
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"NOW must look like 2027-03-08T09:00:00Z, not “{text}”.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
