"""The touch lock: every change of a delivery, its places or its enrollments begins here."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm.attributes import set_committed_value

from core.database import current_unit, db, write
from core.errors import NotFound
from courses.models import Delivery


def touch(delivery_id: int, positions: int = 1) -> Delivery:
    """Locks the delivery until the transaction ends, and returns it freshly read, with `rev` raised
    by `positions`: the caller owns that many positions in its line, the last of which is `rev`.

    Count, decide and write only after it. Transactions that touch the same delivery run one after
    the other on both databases, and the second sees what the first wrote. It changes nothing that
    needs an audit entry.
    """
    table = cast(sa.Table, Delivery.__table__)
    raised = sa.update(table).where(table.c.id == delivery_id)
    # Raises outside a transaction, where it would lock nothing.
    rev = write(raised.values(rev=table.c.rev + positions).returning(table.c.rev)).scalar()
    if rev is None:
        raise NotFound("unknown_delivery", _l("There is no such delivery."))
    unit = current_unit()
    if delivery_id in unit.touched:  # no one else can change it, so it is read once
        delivery = db.session.get_one(Delivery, delivery_id)
    else:
        delivery = db.session.get_one(Delivery, delivery_id, populate_existing=True)
    unit.touched.add(delivery_id)
    set_committed_value(delivery, "rev", rev)
    return delivery
