"""What is printed, for a page: the printed words themselves, so that screen and paper say the
same."""

from __future__ import annotations

from certificates import wording
from certificates.models import Certificate
from certificates.payload import CertificatePayload
from core import texts
from core.i18n import locale


def printed(certificate: Certificate) -> CertificatePayload:
    return CertificatePayload.from_dict(certificate.payload)


def language() -> str:
    """The page's, if certificates are printed in it."""
    return locale() if locale() in texts.printed() else texts.SOURCE


def facts(payload: CertificatePayload) -> list[tuple[str, str]]:
    """(label, words) of each quiet fact in the order they are printed."""
    labels = wording.labels(language())
    return [(labels[key], text.value) for key, text in wording.facts(payload, language()).items()]
