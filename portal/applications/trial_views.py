"""Staff try a form: one button that starts a test application, which then is filled in on the applicant's own pages."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications.blueprint import bp
from portal.applications.trials import start_test
from portal.catalogue.form_models import Form
from portal.catalogue.staff_queries import form_by_id
from portal.core.access import guard
from portal.core.clock import now


@bp.post("/tests/<int:form_id>")
@guard("application.test", form=form_by_id)
def test(form: Form) -> ResponseReturnValue:
    """Start a test application on this version, published or not."""
    made = start_test(form, by=current_user._get_current_object(), now=now())
    flash("This is how an applicant meets the form.|Fill it in, submit it, then delete it. It counts nowhere.")
    return redirect(url_for("applications.show", application_id=made.id), 303)
