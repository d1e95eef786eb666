"""Email addresses as they are compared: two spellings of one mailbox are one writer."""

_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def address_key(address: str) -> str:
    """The address as it is compared with others.

    Case does not count, nor does a tag after a plus sign; at Google's mail, dots before the @ do not count either.
    Only for comparing: mail goes to the address as it was written.
    """
    local, _, domain = address.strip().casefold().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"
