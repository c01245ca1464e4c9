"""Users. Until accounts exist there is one, and every row of the domain belongs to it."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from studyq.database.base import Base, Id, Instant

LOCAL_USER = "00000000-0000-7000-8000-000000000001"
"""The user of an instance without login; made by the first migration."""


class User(Base):
    """Somebody whose library this is."""

    __tablename__ = "users"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[Instant]
