"""The printed words, for pages: screen and paper agree."""

from __future__ import annotations

from certificates import wording
from certificates.models import Certificate
from certificates.payload import CertificatePayload
from core import texts
from core.i18n import locale


def printed(certificate: Certificate) -> CertificatePayload:
    return CertificatePayload.from_dict(certificate.payload)


def language() -> str:
    """The page's language, if certificates are printed in it."""
    return locale() if locale() in texts.printed() else texts.SOURCE


def facts(payload: CertificatePayload) -> list[tuple[str, str]]:
    """(label, words) of the secondary facts, in printed order."""
    labels = wording.labels(language())
    return [(labels[key], text.value) for key, text in wording.facts(payload, language()).items()]
