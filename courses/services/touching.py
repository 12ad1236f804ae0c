"""The touch lock: whatever changes a delivery, its places or its enrollments begins here."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm.attributes import set_committed_value

from core.database import current_unit, db
from core.errors import NotFound
from courses.models import Delivery

_table = cast(sa.Table, Delivery.__table__)
#: Made once: every place given passes here, often twice.
_RAISE = sa.update(_table).where(_table.c.id == sa.bindparam("touched")).values(rev=_table.c.rev + 1).returning(_table.c.rev)


def touch(delivery_id: int) -> Delivery:
    """Locks the delivery until the transaction ends, and gives it freshly read, its `rev` one higher.

    Count, decide and write only after it. Two transactions that touch the same delivery go one after the other on both
    databases, and the second sees what the first wrote. By itself it changes nothing that needs an audit entry.
    """
    unit, session = current_unit(), db.session()  # outside a transaction it would lock nothing
    session.flush()
    rev = session.connection().execute(_RAISE, {"touched": delivery_id}).scalar()
    if rev is None:
        raise NotFound("unknown_delivery", _l("There is no such delivery."))
    delivery = session.get_one(Delivery, delivery_id, populate_existing=delivery_id not in unit.touched)
    unit.touched.add(delivery_id)  # from here on nobody else can change it, so it is read once
    set_committed_value(delivery, "rev", rev)
    return delivery
