"""What receipts add to an application: one at each submission, and the way to it on its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.applications.companions import Companion, Panel, register
from portal.applications.models import Application, StatusEvent
from portal.applications.revision_models import Revision
from portal.applications.rules import belongs
from portal.applications.status import Status
from portal.receipts import actions, codes, queries


class Receipts(Companion):
    """Gives out a receipt for each submission; test applications get none."""

    def panels(self, application: Application, user: Any) -> Sequence[Panel]:
        if application.reference is None or not belongs(user, application):
            return ()
        receipt = queries.newest_of(application.id)
        if receipt is None:
            return ()
        code = codes.full(receipt.reference, receipt.code)
        return [Panel("receipts/_panel.html", {"receipt": receipt, "code": code})]

    def moved(self, application: Application, event: StatusEvent) -> None:
        if event.source is Status.DRAFT and event.target is Status.SUBMITTED and not application.is_test:
            actions.issue(application, submitted_at=event.at)

    def revised(self, application: Application, revision: Revision) -> None:
        if not application.is_test:
            actions.issue(application, submitted_at=revision.at)

    def deleted(self, application: Application) -> Sequence[str]:
        return actions.forget(application.id)

    def mail_context(self, application: Application) -> Mapping[str, Any]:
        receipt = queries.newest_of(application.id)
        if receipt is None:
            return {}
        return {"receipt": receipt, "receipt_code": codes.full(receipt.reference, receipt.code)}


register(Receipts())
