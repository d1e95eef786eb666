"""A letter out of a form: the same for writers, their assistants and the staff; what is wrong stands at its field."""

from typing import Any

from portal.applications.inspection import BadFile
from portal.core import storage
from portal.core.clock import now
from portal.core.text import clean
from portal.letters import writing
from portal.letters.models import LetterRequest
from portal.letters.refusals import Refused
from portal.letters.status import Sender
from portal.letters.writing import Sent


def take_in(asked: LetterRequest, form: Any, *, sender: Sender, name: str, **more: Any) -> bool:
    """Take the letter of a valid form in, if it can be.

    In: the request; a form with `file` and `body`; who sends it, under which name, and what else `writing.Sent` holds.
    Out: whether it is here; where it is not, the form says why, and typed text stays in it.
    """
    file = form.file.data
    is_file = bool(file and getattr(file, "filename", ""))
    sent = Sent(
        sender=sender, name=name, stream=file.stream if is_file else None, filename=file.filename if is_file else "",
        body=clean(form.body.data or ""), **more,
    )  # fmt: skip
    try:
        writing.deliver(asked, sent, now=now())
    except BadFile as bad:
        form.file.errors = [f"{bad.reason}. {bad.advice}".strip()]
    except storage.StorageDown:
        form.file.errors = ["Send it again in a few minutes: the file could not be stored."]
    except Refused as refused:
        blame(form, refused)
    else:
        return True
    return False


def blame(form: Any, refused: Refused) -> None:
    """Have the form say why something was refused: at the field, where it is about one."""
    if refused.field:
        form[refused.field].errors = [refused.reason]
    else:
        form.form_errors.append(refused.reason)
