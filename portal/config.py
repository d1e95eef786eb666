"""Settings, read once from the environment and frozen.

Every field is documented in docs/operations.md (a test holds the two together).  In production the process refuses
to start when a secret is missing; the demo and the tests make their own.
"""

import json
import re
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\]):\d{1,5}")


class Environment(StrEnum):
    """Where the portal runs: `production` is strict, `demo` and `test` make their own secrets."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class Settings(BaseSettings):
    """All that a deployment can choose.  Names of environment variables are the field names in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    portal_env: Environment = Field(Environment.PRODUCTION, description="production, demo or test.")
    data_dir: Path = Field(Path("var"), description="Folder of all local state: database, files, mailbox, assets.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port the web server listens on.")
    host: str = Field("127.0.0.1", description="Address the web server binds to.")
    workers: int = Field(2, ge=1, le=64, description="Web server processes.")
    base_url: str = Field("", description="Public address, as in https://portal.example.org; used in mail.")
    proxy_count: int = Field(0, ge=0, le=4, description="Trusted reverse proxies in front of the web server.")

    database_url: str = Field("", description="postgresql://… of an external server; empty starts the embedded one.")
    database_pool_size: int = Field(5, ge=1, description="Database connections kept by each web process.")

    secret_key: str = Field("", description="Signs cookies and tokens; at least 32 random characters.")
    password_salt: str = Field("", description="Salt for hashed tokens; at least 32 random characters.")
    receipt_key: str = Field(
        "", description="Signs receipts; empty takes SECRET_KEY. A receipt is good for as long as its key is."
    )
    self_identification_key: str = Field(
        "",
        description="Hides whose voluntary answers are whose; empty takes SECRET_KEY. Keep it once there are any.",
    )
    totp_secrets: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict, description='JSON object of key id to secret that encrypts TOTP seeds: {"1": "…"}.'
    )

    storage_url: str = Field(
        "", description="Where files live: empty for DATA_DIR/files, memory:// or s3://bucket/prefix."
    )
    storage_endpoint: str = Field("", description="Endpoint of an S3-compatible store other than AWS.")
    storage_access_key: str = Field("", description="Access key of the S3 store.")
    storage_secret_key: str = Field("", description="Secret key of the S3 store.")
    storage_region: str = Field("us-east-1", description="Region of the S3 store.")
    max_upload_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="Largest file a person may upload, in bytes.")

    clamd_socket: str = Field(
        "", description="ClamAV that checks uploads: path of clamd's Unix socket, or host:port of this machine."
    )
    clamd_timeout: float = Field(60.0, gt=0, description="Seconds to wait for each step of the virus scanner.")

    mail_server: str = Field("", description="SMTP host; empty delivers to the local mailbox DATA_DIR/mailbox.")
    mail_port: int = Field(25, ge=1, le=65535, description="SMTP port.")
    mail_username: str = Field("", description="SMTP user, when the server asks for one.")
    mail_password: str = Field("", description="SMTP password.")
    mail_tls: str = Field("starttls", pattern="^(none|starttls|tls)$", description="none, starttls or tls.")
    mail_from: str = Field("Primary Care Opportunities <portal@example.org>", description="From address of all mail.")
    mail_timeout: float = Field(20.0, gt=0, description="Seconds to wait for the SMTP server.")

    bounce_webhook_secret: str = Field(
        "", description="Key of signed reports of mail that came back; empty takes none."
    )
    bounce_maildir: str = Field("", description="Maildir that receives mail that came back, for portal read-bounces.")
    bounce_imap_server: str = Field("", description="IMAP host of a mailbox that receives mail that came back.")
    bounce_imap_port: int = Field(993, ge=1, le=65535, description="IMAP port; always over TLS.")
    bounce_imap_username: str = Field("", description="IMAP user.")
    bounce_imap_password: str = Field("", description="IMAP password.")
    bounce_imap_folder: str = Field("INBOX", description="Folder of that mailbox.")

    redis_url: str = Field("", description="Redis that counts attempts for throttling when there are several hosts.")
    throttling: bool = Field(True, description="Throttle sign-in and registration.")
    time_zone: str = Field("America/New_York", description="Zone in which deadlines are shown.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe log record kept.")
    log_format: str = Field("json", pattern="^(json|text)$", description="json for machines, text for a terminal.")

    @field_validator("totp_secrets", mode="before")
    @classmethod
    def _parse_totp_secrets(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @field_validator("clamd_socket")
    @classmethod
    def _local_scanner(cls, value: str) -> str:
        """Files go to the scanner as they are, so it is one of this machine."""
        is_here = LOOPBACK.fullmatch(value) and 0 < int(value.rpartition(":")[2]) < 65536
        if value and not value.startswith("/") and not is_here:
            raise ValueError("CLAMD_SOCKET is a path, or 127.0.0.1, [::1] or localhost with a port")
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.resolve()

    @model_validator(mode="after")
    def _refuse_incomplete_production(self) -> Self:
        if self.portal_env is not Environment.PRODUCTION:
            return self
        missing = [
            name.upper()
            for name in ("database_url", "secret_key", "password_salt", "totp_secrets", "base_url")
            if not getattr(self, name)
        ]
        if missing:
            raise ValueError(f"set {', '.join(missing)} before starting in production")
        if len(self.secret_key) < 32 or len(self.password_salt) < 32:
            raise ValueError("SECRET_KEY and PASSWORD_SALT need at least 32 characters")
        return self

    @property
    def is_production(self) -> bool:
        return self.portal_env is Environment.PRODUCTION

    @property
    def sqlalchemy_url(self) -> str:
        """The database URL with the driver that the portal uses named in it."""
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    @property
    def psycopg_url(self) -> str:
        """The same URL as libpq writes it."""
        return self.sqlalchemy_url.replace("postgresql+psycopg://", "postgresql://", 1)


def local_secrets(data_dir: Path) -> dict[str, Any]:
    """Secrets of a local installation, made once and kept readable by their owner only.

    In: the data folder.  Out: settings to pass to `Settings`.  Never used in production.
    """
    path = data_dir / "secrets.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    made = {
        "secret_key": secrets.token_urlsafe(48),
        "password_salt": secrets.token_urlsafe(48),
        "totp_secrets": {"1": secrets.token_urlsafe(32)},
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(made))
    return made


def flask_config(settings: Settings) -> dict[str, Any]:
    """The settings as Flask and its extensions name them."""
    secure = settings.base_url.startswith("https://")
    return {
        "SETTINGS": settings,
        "PORTAL_NAME": "Primary Care Opportunities",
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.portal_env is Environment.TEST,
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes + 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "MAX_FORM_PARTS": 2000,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": settings.database_pool_size,
            "max_overflow": settings.database_pool_size,
            "pool_pre_ping": True,
            "hide_parameters": True,  # an error's text may reach a terminal or a log; values stay out of it
            # Plans are made for the values at hand: a word that all rows hold and a rare one want different ones.
            "connect_args": {
                "connect_timeout": 5,
                "application_name": "portal",
                "options": "-c plan_cache_mode=force_custom_plan",
            },
        },
        "WTF_CSRF_TIME_LIMIT": None,
    }
