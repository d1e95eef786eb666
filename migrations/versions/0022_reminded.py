"""Reminders go to each who writes in an application, not to its lead alone."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reminder", sa.Column("person_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE reminder SET person_id = application.person_id FROM application WHERE application.id = application_id"
    )
    op.drop_constraint(op.f("pk_reminder"), "reminder", type_="primary")
    op.create_primary_key(op.f("pk_reminder"), "reminder", ["application_id", "before", "person_id"])
    op.create_foreign_key(op.f("fk_reminder_person_id_person"), "reminder", "person", ["person_id"], ["id"])


def downgrade() -> None:
    op.execute(
        "DELETE FROM reminder AS one USING reminder AS other WHERE one.application_id = other.application_id"
        " AND one.before = other.before AND one.person_id > other.person_id"
    )
    op.drop_constraint(op.f("pk_reminder"), "reminder", type_="primary")
    op.drop_column("reminder", "person_id")
    op.create_primary_key(op.f("pk_reminder"), "reminder", ["application_id", "before"])
