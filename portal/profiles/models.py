"""What a person says of their work, once, for all applications."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model


class Profile(Model):
    """One row a person; `answers` are in the storage form of the question kinds, by the names of `profile_fields`.

    Name, credentials, phone and email are the account's: they stand once, on `person`.
    """

    __tablename__ = "profile"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    saved_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return f"Profile {self.person_id}"
