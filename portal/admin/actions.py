"""What admins do across features: settings, synonyms, a mail for a new password."""

from collections.abc import Sequence

from flask_security.recoverable import generate_reset_password_token
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.actions import send_invitation
from portal.accounts.models import Person
from portal.admin import queries
from portal.catalogue.models import Synonym
from portal.core import audit
from portal.core.branding import Branding, forget_brand
from portal.core.db import db
from portal.messaging.actions import write
from portal.messaging.rendering import absolute_url


class ChangedMeanwhile(Exception):
    """Somebody else saved the same thing first."""


def update_settings(values: dict[str, str], *, seen: int, by: Person) -> Branding:
    """Save names, words and colours.

    In: all columns of the row, checked; the version that the admin saw (0 for none yet).  Raises ChangedMeanwhile.
    """
    row = queries.branding()
    if (row.version if row else 0) != seen:
        raise ChangedMeanwhile
    row = row or Branding(id=1)
    before = {name: getattr(row, name) for name in values}
    try:
        with db.session.begin_nested():
            for name, value in values.items():
                setattr(row, name, value)
            db.session.add(row)
    except (StaleDataError, IntegrityError) as error:
        raise ChangedMeanwhile from error
    changed = sorted(name for name, value in values.items() if before[name] != value)
    audit.record(by, "settings.changed", row, changed=changed)
    forget_brand()
    return row


def update_synonyms(groups: Sequence[Sequence[str]], *, seen: Sequence[Sequence[str]], by: Person) -> None:
    """Make these the groups of words that mean the same.

    In: the groups, and those that the admin saw.  Rows that stay are not touched.  Raises ChangedMeanwhile.
    """
    rows = queries.synonyms()
    if [row.terms for row in rows] != [list(terms) for terms in seen]:
        raise ChangedMeanwhile
    wanted = [list(terms) for terms in groups]
    removed = [row for row in rows if row.terms not in wanted]
    kept = [row.terms for row in rows if row.terms in wanted]
    added = [terms for terms in wanted if terms not in kept]
    for row in removed:
        db.session.delete(row)
    db.session.add_all(Synonym(terms=terms) for terms in added)
    facts = {"removed": [", ".join(row.terms) for row in removed], "added": [", ".join(terms) for terms in added]}
    audit.record(by, "synonyms.changed", None, **facts)


def send_new_password_mail(person: Person, *, by: Person) -> None:
    """Write the mail from which the person chooses a password: an invitation again where there is none yet."""
    if person.password is None:
        send_invitation(person, by=by)
    else:
        link = absolute_url("security.reset_password", token=generate_reset_password_token(person))  # type: ignore[no-untyped-call]
        write("reset_password", to=person, about=person, reset_link=link)
    audit.record(by, "person.password-mail-sent", person)
