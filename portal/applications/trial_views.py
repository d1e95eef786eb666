"""Staff try a form: one button that starts a test application, which then is filled in on the applicant's own pages,
and one that invites them to complete what is asked later."""

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.applications import queries, trials
from portal.applications.models import Application
from portal.applications.refusals import WrongStep
from portal.applications.staff_blueprint import bp
from portal.catalogue.form_models import Form
from portal.catalogue.refusals import Refused
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


@bp.post("/applications/<int:application_id>/invite-myself")
@guard("application.invite-myself", application=queries.whole)
def invite_myself(application: Application) -> ResponseReturnValue:
    """Do what a coordinator would do: the invitation and its mail go to whoever tries the form."""
    try:
        trials.invite_myself(application, now=now())
    except (Refused, WrongStep):
        abort(409, "There is nothing that you can be invited to now: it is submitted, or you are invited already.")
    flash("You are invited.|The mail that an applicant gets went to you.")
    return redirect(url_for("applications.show", application_id=application.id), 303)
