"""What is printed, for a page: the printed words themselves, so that screen and paper say the same."""

from __future__ import annotations

from certificates import wording
from certificates.models import Certificate
from certificates.payload import CertificatePayload
from core.i18n import locale


def printed(certificate: Certificate) -> CertificatePayload:
    return CertificatePayload.from_dict(certificate.payload)


def language() -> str:
    """Certificates are printed in English and French; readers of another language get the English side."""
    return locale() if locale() in wording.LABELS else "en"


def facts(payload: CertificatePayload) -> list[tuple[str, str]]:
    """(label, words) of each quiet fact in the order they are printed."""
    labels = wording.LABELS[language()]
    return [(labels[key], text.value) for key, text in wording.facts(payload, language()).items()]
