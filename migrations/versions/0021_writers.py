"""Writers whom the staff ask themselves, and assistants whose mail came back."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Whether the staff ask is told to the writer together with the waiver, so it stands as firmly.
FUNCTION = """
CREATE OR REPLACE FUNCTION portal_waiver_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.waived <> OLD.waived OR NEW.waiver_words <> OLD.waiver_words{more} THEN
    RAISE EXCEPTION 'a waiver does not change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column(
        "letter_request", sa.Column("by_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_letter_request_by_staff"), "letter_request", "NOT by_staff OR (NOT waived AND waiver_words = '')"
    )
    op.add_column("letter_link", sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_letter_link_came_back_at"), "letter_link", "came_back_at IS NULL OR ended_at IS NOT NULL"
    )
    op.execute(FUNCTION.format(more=" OR NEW.by_staff <> OLD.by_staff"))
    _watch("waived, waiver_words, by_staff")


def _watch(columns: str) -> None:
    op.execute("DROP TRIGGER waiver_fixed ON letter_request")
    op.execute(
        f"CREATE TRIGGER waiver_fixed BEFORE UPDATE OF {columns} ON letter_request"
        " FOR EACH ROW EXECUTE FUNCTION portal_waiver_fixed()"
    )


def downgrade() -> None:
    _watch("waived, waiver_words")
    op.execute(FUNCTION.format(more=""))
    op.drop_constraint(op.f("ck_letter_link_came_back_at"), "letter_link", type_="check")
    op.drop_column("letter_link", "came_back_at")
    op.drop_constraint(op.f("ck_letter_request_by_staff"), "letter_request", type_="check")
    op.drop_column("letter_request", "by_staff")
