"""Forms of sign-in, one's own account, and accounts by an administrator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
)

from accounts.models import ALL, READ
from accounts.roles import ASSIGNABLE, WITHIN, Role
from core import texts
from core.forms import (
    NEEDED,
    ONE_NAME,
    CheckboxesField,
    Confirmation,
    Form,
    SubmissionField,
    names_confirmation,
)
from people.models import BodyKind


class LinkForm(Form):
    """Requests a sign-in link by email."""

    email = EmailField(_l("Email address"), NEEDED, id="link-email")
    next = HiddenField()


class PasswordForm(Form):
    """Signs in with a password."""

    email = EmailField(_l("Email address"), NEEDED, id="password-email")
    password = PasswordField(_l("Password"), NEEDED)
    next = HiddenField()


class OneButtonForm(Form):
    """A page with one button."""


class OwnEmailForm(Form):
    """A new email address of one's own."""

    email = EmailField(_l("New email address"), NEEDED)
    current_password = PasswordField(_l("Your password now"), id="email-current_password")


class OwnPasswordForm(Form):
    """A new password of one's own."""

    current_password = PasswordField(_l("Your password now"))
    password = PasswordField(_l("New password"), NEEDED)
    again = PasswordField(_l("New password, once more"), NEEDED)
    ends_tokens = BooleanField(_l("Also end my API tokens"))

    def validate_again(self, field: PasswordField) -> None:
        if self.password.data and field.data != self.password.data:
            field.errors = [
                *field.errors,
                _l("The two are not the same. Type the new password twice."),
            ]


class TokenForm(Form):
    """An API token. No `submission`: the answer shows a secret, which must not be stored and
    replayed."""

    name = StringField(_l("What is it for?"), NEEDED)
    scope = SelectField(_l("What may it do?"), default=ALL)
    days = IntegerField(_l("Days until it ends"), NEEDED, default=365)
    current_password = PasswordField(_l("Your password now"))

    def __init__(self, *args: Any, roles: Iterable[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        own = [(role, _l("Only act as: %(role)s", role=Role(role).words)) for role in roles]
        self.scope.choices = [(ALL, _l("Everything that I may do")), (READ.value, READ.words), *own]


class AccountForm(Form):
    """A new account."""

    submission = SubmissionField()
    email = EmailField(_l("Email address"), NEEDED)
    given_name = StringField(_l("Given names"), description=ONE_NAME)
    family_name = StringField(_l("Family name"))
    names_confirmed = names_confirmation()
    is_another = Confirmation(
        _l("This is another person, who uses the same mailbox."), code="identity_in_doubt"
    )
    language = RadioField(_l("Language of pages and messages"), default=texts.SOURCE)
    roles = CheckboxesField(_l("Roles"))
    organization = StringField(_l("Organization for these roles (its code)"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.language.choices = list(texts.offered().items())
        self.roles.choices = [(role.value, role.words) for role in ASSIGNABLE]


class RoleForm(Form):
    """Assigns a role, in a body of the right kind."""

    role = SelectField(_l("Role"), NEEDED)
    organization = SelectField(_l("Organization"))

    def __init__(self, *args: Any, bodies: Mapping[BodyKind, list[tuple[int, str]]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.role.choices = [(role.value, role.words) for role in ASSIGNABLE]
        groups = {
            _holders(kind): [(str(key), name) for key, name in choices]
            for kind, choices in bodies.items()
            if choices
        }
        self.organization.choices = {"": [("", _l("None"))]} | groups


def _holders(kind: BodyKind) -> str:
    """The roles that are held in a body of this kind."""
    return ", ".join(str(role.words) for role, (within, _) in WITHIN.items() if within is kind)
