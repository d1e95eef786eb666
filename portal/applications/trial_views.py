"""Staff try a form: one button that starts a test application, which then is filled in on the applicant's own pages."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import trials
from portal.applications.staff_blueprint import bp
from portal.catalogue.form_models import Form
from portal.catalogue.staff_queries import form_by_id
from portal.core.access import guard
from portal.core.clock import now


@bp.post("/forms/<int:form_id>/test-applications")
@guard("application.test", form=form_by_id)
def start_test(form: Form) -> ResponseReturnValue:
    """Start a test application on this version, published or not."""
    made = trials.start_test(form, by=current_user._get_current_object(), now=now())
    flash("This is how an applicant meets the form.|Fill it in, submit it, then delete it. It counts nowhere.")
    return redirect(url_for("applications.show", application_id=made.id), 303)
