"""What Flask-Security says, in our words: sentences as `First part.|What next.`, with the tone of the message."""

CHECK_EMAIL = "Check the email address. It needs a name, an @ and a domain, as in maren@hospital.org."
PASSKEY_AGAIN = "Start again: the passkey step took too long."
MAIL = "mail"  # shown by the page that says to look at one's mail, not as a flash

MESSAGES = {
    "GENERIC_AUTHN_FAILED": (
        "We do not know this email address and password together. Check both, or set a new password.",
        "bad",
    ),
    "CONFIRM_REGISTRATION": ("We sent a mail to %(email)s. Open it and follow the link within two days.", MAIL),
    "PASSWORD_RESET_REQUEST": (
        "If %(email)s has an account, we sent it a mail. The link in it works for one day.",
        MAIL,
    ),
    "CONFIRMATION_REQUEST": (
        "If %(email)s is waiting to be confirmed, we sent it a new mail. The link in it works for two days.",
        MAIL,
    ),
    "CONFIRMATION_REQUIRED": (
        "Confirm your email address first. Open the mail we sent you, or ask for a new one below.",
        "bad",
    ),
    "USER_DOES_NOT_EXIST": ("We do not know this address.", "bad"),  # never shown
    "EMAIL_NOT_PROVIDED": ("Enter your email address.", "bad"),
    "INVALID_EMAIL_ADDRESS": (CHECK_EMAIL, "bad"),
    "PASSWORD_NOT_PROVIDED": ("Enter a password.", "bad"),
    "INVALID_PASSWORD": ("This is not your password. Try again, or set a new one by mail.", "bad"),
    "PASSWORD_IS_THE_SAME": ("Choose a password that differs from the present one.", "bad"),
    "DISABLED_ACCOUNT": ("This account is closed. Write to us if you need it again.", "bad"),
    "INVALID_REDIRECT": ("That link led to another site, so we left it out.", "bad"),
    "INVALID_RESET_PASSWORD_TOKEN": (
        "This link does not work any more.|Each link works once. Ask for a new one here.",
        "bad",
    ),
    "PASSWORD_RESET_EXPIRED": (
        "This link does not work any more.|It was made more than a day ago. Ask for a new one here.",
        "bad",
    ),
    "PASSWORD_RESET_NO_LOGIN": (
        "Your new password is saved.|Sign in with it. All other devices are signed out.",
        "ok",
    ),
    "PASSWORD_CHANGE": ("Your new password is saved.|All other devices are signed out.", "ok"),
    "REAUTHENTICATION_SUCCESSFUL": ("Thank you.|You can go on.", "ok"),
    "INVALID_CODE": ("This code does not work. Codes change every 30 seconds: enter the newest.", "bad"),
    "TWO_FACTOR_INVALID_TOKEN": (
        "This code does not work. Codes change every 30 seconds and work once: enter the newest.",
        "bad",
    ),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": ("You are signed in.", "ok"),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": (
        "Two-step sign-in is on.|From now on we ask for a code after your password.",
        "ok",
    ),
    "TWO_FACTOR_DISABLED": ("Two-step sign-in is off.|Your password alone signs you in.", "ok"),
    "TWO_FACTOR_PERMISSION_DENIED": ("Sign in again.|That step belongs to a sign-in that has ended.", "bad"),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": ("Choose the authenticator app.", "bad"),
    "INVALID_RECOVERY_CODE": (
        "This recovery code does not work. Each works once: try another of your list.",
        "bad",
    ),
    "NO_RECOVERY_CODES_SETUP": ("You have no recovery codes yet.", "bad"),
    "WEBAUTHN_NAME_REQUIRED": ("Give the passkey a name, such as Work laptop.", "bad"),
    "WEBAUTHN_NAME_INUSE": ("You have a passkey named %(name)s. Choose another name.", "bad"),
    "WEBAUTHN_NAME_NOT_FOUND": ("You have no passkey named %(name)s.", "bad"),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": ("Use letters, digits, spaces and dashes in the name.", "bad"),
    "INVALID_INPUT": ("Use letters, digits, spaces and dashes in the name.", "bad"),
    "INVALID_INPUT_LENGTH": ("Shorten the name to 64 characters.", "bad"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": ("The passkey %(name)s is added.|You can sign in with it.", "ok"),
    "WEBAUTHN_CREDENTIAL_DELETED": ("The passkey %(name)s is removed.|It no longer signs you in.", "ok"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": ("This device has a passkey for an account here.", "bad"),
    "WEBAUTHN_EXPIRED": (PASSKEY_AGAIN, "bad"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": (
        "We do not know this passkey. Sign in with your password, then add it to your account.",
        "bad",
    ),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": ("We do not know this passkey. Sign in with your password.", "bad"),
    "WEBAUTHN_NO_VERIFY": ("The passkey did not prove itself. Try again, or use your password.", "bad"),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": ("This passkey cannot be used here. Use your password.", "bad"),
    "WEBAUTHN_MISMATCH_USER_HANDLE": ("This passkey belongs to another account. Use your own.", "bad"),
    "API_ERROR": ("We could not read that. Start again.", "bad"),
}
