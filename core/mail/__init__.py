"""Mail: a row in the transaction that causes it; after the commit a lane of the worker hands it to
the mail server.

`send` writes a message; `carry` delivers what waits. Without a mail server, and in a demonstration,
messages are stored and readable in the application. `settling` has the states of a message,
`server` the meaning of a server's answers, and `route` what is known of the server.
"""

from core.mail import addresses
from core.mail.carrying import BULK, JOB_KINDS, LINKS, carry
from core.mail.model import Mail, MailState
from core.mail.route import Fault, can_write_to, resume, standing
from core.mail.settling import expire_ended, retry_all
from core.mail.writing import Sender, send

__all__ = [
    "BULK",
    "JOB_KINDS",
    "LINKS",
    "Fault",
    "Mail",
    "MailState",
    "Sender",
    "addresses",
    "can_write_to",
    "carry",
    "expire_ended",
    "resume",
    "retry_all",
    "send",
    "standing",
]
