"""Mail: a row in the transaction that causes it, handed to the mail server after its commit by a
lane of the worker.

`send` writes a message; `carry` hands over what waits. Without a mail server, and in a
demonstration, messages are kept and readable in the application. What becomes of a message is in
`settling`, how servers answer in `server`, and what is known of the server itself in `route`.
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
