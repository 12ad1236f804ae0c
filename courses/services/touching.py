"""The touch lock: whatever changes a delivery, its places or its enrollments begins here."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm.attributes import set_committed_value

from core.database import current_unit, db, write
from core.errors import NotFound
from courses.models import Delivery

_table = cast(sa.Table, Delivery.__table__)
#: Made once: every place given passes here, often twice.
_RAISE = (
    sa.update(_table)
    .where(_table.c.id == sa.bindparam("touched"))
    .values(rev=_table.c.rev + sa.bindparam("positions", type_=sa.Integer()))
    .returning(_table.c.rev)
)
_AFRESH = (
    sa.select(Delivery)
    .where(Delivery.id == sa.bindparam("touched"))
    .execution_options(populate_existing=True)
)


def touch(delivery_id: int, positions: int = 1) -> Delivery:
    """Locks the delivery until the transaction ends, and gives it freshly read, its `rev` higher
    by `positions`: so many places in its line are the caller's, the last of them `rev`.

    Count, decide and write only after it. Two transactions that touch the same delivery go one
    after the other on both databases, and the second sees what the first wrote. By itself it
    changes nothing that needs an audit entry.
    """
    rev = write(
        _RAISE, {"touched": delivery_id, "positions": positions}
    ).scalar()  # refused outside a transaction, where it would lock nothing
    if rev is None:
        raise NotFound("unknown_delivery", _l("There is no such delivery."))
    unit = current_unit()
    if delivery_id in unit.touched:  # no one else can change it since, so it is read once
        delivery = db.session.get_one(Delivery, delivery_id)
    else:
        delivery = db.session.scalars(_AFRESH, {"touched": delivery_id}).one()
    unit.touched.add(delivery_id)
    set_committed_value(delivery, "rev", rev)
    return delivery
