"""The registry of question kinds: one class per kind, in the modules beside this one, with all that is known of it.

A kind knows the form field it makes, how raw input is stored (JSON), what is wrong with a stored value when the
application is submitted, how a value is shown, which settings staff choose and how a question is described before
anybody registers.  `parse` never refuses: what cannot be read stays as typed, so that saving loses nothing.
"""

from typing import Any

from portal.catalogue.choice_kinds import ChooseOne, ChooseSeveral, YesNo
from portal.catalogue.clinician_kinds import UsLicense, WorkAuthorization
from portal.catalogue.date_kind import Date
from portal.catalogue.file_kind import File
from portal.catalogue.group_kind import Group
from portal.catalogue.identifier_kinds import Npi, Orcid
from portal.catalogue.money_kind import MoneyTable
from portal.catalogue.month_kinds import MonthRange
from portal.catalogue.number_kind import Number
from portal.catalogue.question_kind import QuestionKind
from portal.catalogue.rank_kinds import Rank, RankSites
from portal.catalogue.site_kinds import Site
from portal.catalogue.statement_kinds import Information, Statement
from portal.catalogue.text_kinds import Email, LongText, Phone, ShortText, WebAddress

__all__ = ["KINDS", "QuestionKind", "kind_of"]

# In the order in which staff choose among them.
KINDS: dict[str, QuestionKind] = {
    kind.name: kind
    for kind in (
        ShortText(), LongText(), Email(), WebAddress(), Phone(), Number(), MoneyTable(), Date(), MonthRange(), YesNo(),
        ChooseOne(), ChooseSeveral(), Rank(), Site(), RankSites(), File(), Group(), Statement(), Information(),
        Npi(), Orcid(), UsLicense(), WorkAuthorization(),
    )
}  # fmt: skip


def kind_of(question: Any) -> QuestionKind:
    """The kind of a question.  Raises KeyError for one that this portal does not know."""
    return KINDS[question.kind]
