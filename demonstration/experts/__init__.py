"""Any number of invented experts for the roster, with the evidence for their skills: past
deliveries, attendance, results and certificates. Written in bulk, because ten thousand through the
services would take an hour, but by the same rules: `flask check` and `flask roster rebuild --check`
pass.

They have no email addresses, so no one is notified of certificates from years ago.
"""

from __future__ import annotations

from random import Random

from core import audit
from core.database import transaction
from core.policy import SYSTEM
from demonstration.experts.certificates import certify
from demonstration.experts.deliveries import add_deliveries, add_enrollments, put_courses
from demonstration.experts.people import add_people
from demonstration.experts.profiles import add_experts
from demonstration.experts.rows import insert
from roster import documents
from roster.models import ExpertSearch


def load_experts(count: int, seed: int = 1, *, files: bool = True) -> None:
    """Adds `count` experts with two certificates of two skills each, in a transaction of its own.
    The same seed and day give the same data. `files`: also queues the certificates' files, without
    which `flask check` complains."""
    random = Random(seed)
    with transaction():
        put_courses()
        people = add_people(random, count)
        holders = add_enrollments(random, add_deliveries(random, people))
        expert_ids = add_experts(random, people)
        certify(random, holders, expert_ids, files=files)
        certificates = (
            documents.documents(list(expert_ids.values()))
            if count <= 500
            else documents.documents()
        )
        insert(
            ExpertSearch,
            [
                {"expert_id": key, **vars(certificates[key])}
                for key in expert_ids.values()
                if key in certificates
            ],
        )
        audit.record(SYSTEM, "demonstration.experts", "roster:all", {"count": count, "seed": seed})
