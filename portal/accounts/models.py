"""People, their passkeys and their memberships."""

from datetime import datetime
from typing import Any

from flask_security import AsaList, UserMixin, WebAuthnMixin
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from portal.accounts.status import Role
from portal.core.db import HasId, Model


class Person(HasId, Model, UserMixin):
    """Somebody with an account.  The columns below the line are Flask-Security's, under the names it asks for.

    `was_assigned`, whether they were ever given a file to review, is known of whoever's session it is, and None
    otherwise.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_sort_name", "sort_name", "id"),
        Index(
            "ix_person_search", "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"}
        ),
    )

    given_name: Mapped[str]
    family_name: Mapped[str]
    credentials: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    time_zone: Mapped[str] = mapped_column(server_default="")
    mail_off: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    sort_name: Mapped[str]
    search_text: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(unique=True)  # type: ignore[assignment]
    confirmed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    current_login_at: Mapped[datetime | None]  # type: ignore[assignment]
    last_login_ip: Mapped[str | None]
    current_login_ip: Mapped[str | None]
    login_count: Mapped[int | None]  # type: ignore[assignment]
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    tf_last_counter: Mapped[int | None] = mapped_column(BigInteger)
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))

    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="person", foreign_keys="Membership.person_id", cascade="all, delete-orphan"
    )
    webauthn: Mapped[list["Passkey"]] = relationship(  # type: ignore[assignment]
        back_populates="person", cascade="all, delete-orphan"
    )
    was_assigned: Mapped[bool | None] = query_expression()

    def __str__(self) -> str:
        return self.full_name

    def is_locked(self, form_error: list[str] | None = None) -> bool:
        """Whether to refuse a proven sign-in; Flask-Security's passkey form asks only this of inactive accounts."""
        return not self.active

    @property
    def full_name(self) -> str:
        """`Maren Okafor-Lind, MD`."""
        name = f"{self.given_name} {self.family_name}".strip()
        return f"{name}, {self.credentials}" if self.credentials else name

    @property
    def display_name(self) -> str:
        """Short form for the page head: `Maren O.`."""
        return f"{self.given_name} {self.family_name[:1]}." if self.family_name else self.given_name

    @property
    def initials(self) -> str:
        return f"{self.given_name[:1]}{self.family_name[:1]}".upper()

    @property
    def role_label(self) -> str:
        """The widest role held, in lower case: admin, coordinator, reviewer or applicant."""
        held = {membership.role for membership in self.memberships}
        return next((role.value for role in Role if role in held), "applicant")


class Membership(HasId, Model):
    """A role held by a person: everywhere (admins), in a unit, or for one listing."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'coordinator', 'reviewer')", name="role"),
        CheckConstraint(
            "CASE WHEN role = 'admin' THEN unit_id IS NULL AND opportunity_id IS NULL"
            " ELSE num_nonnulls(unit_id, opportunity_id) = 1 END",
            name="scope",
        ),
        UniqueConstraint("person_id", "role", "unit_id", "opportunity_id", postgresql_nulls_not_distinct=True),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    role: Mapped[Role]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), index=True)
    opportunity_id: Mapped[int | None] = mapped_column(ForeignKey("opportunity.id", ondelete="CASCADE"), index=True)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    granted_at: Mapped[datetime]

    person: Mapped[Person] = relationship(back_populates="memberships", foreign_keys=[person_id])

    def __str__(self) -> str:
        return self.role.label


class Passkey(HasId, Model, WebAuthnMixin):
    """A passkey, under the column names that Flask-Security asks for."""

    __tablename__ = "passkey"

    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int | None] = mapped_column(default=0)  # type: ignore[assignment]
    transports: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    backup_state: Mapped[bool]
    device_type: Mapped[str]
    extensions: Mapped[str | None]
    create_datetime: Mapped[datetime] = mapped_column(server_default=text("now()"))
    lastuse_datetime: Mapped[datetime]
    name: Mapped[str]
    usage: Mapped[str]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), index=True)

    person: Mapped[Person] = relationship(back_populates="webauthn")

    def get_user_mapping(self) -> dict[str, int]:
        """The filter by which Flask-Security finds the owner."""
        return {"id": self.user_id}


class KeptForm(HasId, Model):
    """What somebody had typed when their session had ended; given back once after sign-in, deleted after a day."""

    __tablename__ = "kept_form"

    token_hash: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str]
    fields: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
