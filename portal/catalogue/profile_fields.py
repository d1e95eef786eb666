"""What of a person's profile can fill in an answer at first: names that questions carry, and the kinds they fit."""

PROFILE_FIELDS: dict[str, tuple[str, frozenset[str]]] = {
    "full_name": ("Full name with credentials", frozenset({"short_text"})),
    "given_name": ("Given name", frozenset({"short_text"})),
    "family_name": ("Family name", frozenset({"short_text"})),
    "credentials": ("Credentials", frozenset({"short_text"})),
    "email": ("Email address", frozenset({"email"})),
    "phone": ("Phone number", frozenset({"phone"})),
    "profession": ("Profession", frozenset({"short_text", "choose_one"})),
    "position": ("Present position", frozenset({"short_text"})),
    "organization": ("Organization", frozenset({"short_text"})),
    "web_address": ("Web address", frozenset({"web_address"})),
    "orcid": ("ORCID iD", frozenset({"orcid"})),
    "npi": ("NPI", frozenset({"npi"})),
    "training": ("Training", frozenset({"group"})),
    "employment": ("Employment", frozenset({"group"})),
    "licenses": ("Licenses", frozenset({"group"})),
    "boards": ("Board certifications", frozenset({"group"})),
    "publications": ("Publications", frozenset({"group"})),
    "work_authorization": ("Work authorization", frozenset({"work_authorization"})),
}
"""Name to (label, names of the kinds that can be filled from it).  A repeating group is filled from the profile's list
of the same name only, which `group`'s setting `of` says."""


def profile_problem(name: str, kind: str, settings: dict[str, object]) -> str:
    """Why a question cannot be filled in from this part of the profile, or an empty string."""
    if not name:
        return ""
    label, kinds = PROFILE_FIELDS.get(name, ("", frozenset()))
    if kind not in kinds or (kind == "group" and settings.get("of") != name):
        return f"Choose “Nothing”, or an answer type that “{label or name}” can fill in"
    return ""
