"""The form that checks a receipt: a code, or the PDF."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import Length

from portal.receipts.codes import LONGEST

_SHORT = Length(max=LONGEST, message=f"Shorten this to {LONGEST} characters")


class CheckForm(FlaskForm):  # type: ignore[misc]
    """What somebody has of a receipt."""

    code = StringField("Code of the receipt", validators=[_SHORT])
    reference = StringField("Reference", validators=[_SHORT])
    pdf = FileField("Receipt as a PDF", render_kw={"accept": ".pdf,application/pdf"})

    def refuse(self, field: str, reason: str) -> None:
        """Show a reason beside a field."""
        self[field].errors = [*self[field].errors, reason]
