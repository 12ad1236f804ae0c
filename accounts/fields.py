"""Personal data of accounts: for each item the reason, the readers and the retention."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.personal import Datum

PERSONAL = (
    Datum(
        _l("Password"),
        _l("To sign in, if you want one"),
        _l("No one: only an unreadable fingerprint is kept"),
        _l("Until you change it or it is removed"),
        "account.password_hash",
    ),
    Datum(
        _l("Your account, your roles and keys for your programs"),
        _l("To let you and your programs in, to what you may do"),
        _l("Yourself, administrators"),
        _l("As long as you have an account"),
        """account.is_active account.is_demonstration account.created_at role_assignment.role
        role_assignment.scope
        role_assignment.scope_id api_token.digest api_token.name api_token.scope
        api_token.created_at api_token.expires_at api_token.used_at api_token.revoked_at""",
    ),
    Datum(
        _l("Where you are signed in"),
        _l("To let you end it"),
        _l("Yourself; administrators see how many and when"),
        _l("At most seven days"),
        "user_session.digest user_session.method user_session.created_at user_session.seen_at",
    ),
    Datum(
        _l("Sign-in links, messages to you"),
        _l("To let you in and to show what was sent"),
        _l("Administrators; the text of a link that was sent is not kept"),
        _l("Links 30 days, messages 90 days"),
        """sign_in_link.target sign_in_link.created_at sign_in_link.expires_at sign_in_link.used_at
        sign_in_link.mail_id mail.person_id mail.address mail.subject mail.body mail.kind
        mail.language mail.reply_to mail.message_id mail.is_secret mail.state mail.answer
        mail.created_at mail.expires_at mail.sent_at""",
    ),
)
