"""How the places of deliveries stand, and who waits where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core.database import db, in_thousands
from courses.models import Delivery, Pool
from enrollment.models import (
    SEATED,
    Enrollment,
    EnrollmentStatus,
    PromisedPlaces,
)
from enrollment.places import Seating
from people.personnel import PersonnelCategory

S = EnrollmentStatus


@dataclass(frozen=True)
class PoolPlaces:
    """The places of one pool; `category` None are the places open to everyone."""

    category: PersonnelCategory | None
    places: int
    taken: int
    left: int
    waiting: int
    left_for_new: (
        int  # when a coordinator gives free places to those who wait, these are not for others
    )


def total_of(pools: Sequence[PoolPlaces]) -> PoolPlaces:
    """All places of a delivery together."""
    return PoolPlaces(
        category=None,
        places=sum(pool.places for pool in pools),
        taken=sum(pool.taken for pool in pools),
        left=sum(pool.left for pool in pools),
        waiting=sum(pool.waiting for pool in pools),
        left_for_new=sum(pool.left_for_new for pool in pools),
    )


def _counting() -> sa.CompoundSelect:
    """Rows of (delivery, what, category, count, count waiting) for the deliveries `ids`."""
    ids: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
    no_category = sa.null().cast(Pool.category.type)
    seated = sa.func.sum(sa.case((Enrollment.status.in_(SEATED), 1), else_=0))
    waiting = sa.func.sum(sa.case((Enrollment.status == S.WAITLISTED, 1), else_=0))
    return sa.union_all(
        sa.select(
            Delivery.id, sa.literal("places"), no_category, Delivery.places, sa.literal(0)
        ).where(Delivery.id.in_(ids)),
        sa.select(
            Pool.delivery_id, sa.literal("pool"), Pool.category, Pool.places, sa.literal(0)
        ).where(Pool.delivery_id.in_(ids)),
        sa.select(
            Enrollment.delivery_id, sa.literal("people"), Enrollment.category, seated, waiting
        )
        .where(Enrollment.delivery_id.in_(ids), Enrollment.status.in_([*SEATED, S.WAITLISTED]))
        .group_by(Enrollment.delivery_id, Enrollment.category),
        sa.select(
            PromisedPlaces.delivery_id,
            sa.literal("promised"),
            PromisedPlaces.category,
            PromisedPlaces.seated,
            PromisedPlaces.waiting,
        ).where(PromisedPlaces.delivery_id.in_(ids)),
    )


_COUNTING = _counting()  # built once: it is asked for every place given


def seatings(delivery_ids: Iterable[int]) -> dict[int, Seating]:
    """Places, pools, seated and waiting of each delivery, in one query for each thousand (`flask
    check` asks for all)."""
    ids = list(delivery_ids)
    rows = [
        row for some in in_thousands(ids) for row in db.session.execute(_COUNTING, {"ids": some})
    ]
    total: dict[int, int] = {}
    pools: dict[int, dict[PersonnelCategory, int]] = {i: {} for i in ids}
    seated: dict[int, Counter[PersonnelCategory]] = {i: Counter() for i in ids}
    waiting: dict[int, Counter[PersonnelCategory]] = {i: Counter() for i in ids}
    awaits_list = set[int]()
    for delivery_id, kind, category, first, second in rows:
        if kind == "places":
            total[delivery_id] = first
        elif kind == "pool":
            pools[delivery_id][category] = first
        else:
            seated[delivery_id][category] += int(first)
            waiting[delivery_id][category] += int(second)
        if kind == "promised":
            awaits_list.add(delivery_id)
    return {
        i: Seating(
            places,
            dict(sorted(pools[i].items(), key=lambda pool: list(PersonnelCategory).index(pool[0]))),
            seated[i],
            waiting[i],
            i in awaits_list,
        )
        for i, places in total.items()
    }


def places(delivery_ids: Iterable[int]) -> dict[int, list[PoolPlaces]]:
    """For each delivery its pools, then the places open to everyone, in one query."""
    return {
        delivery_id: pool_places(seating) for delivery_id, seating in seatings(delivery_ids).items()
    }


def pool_places(seating: Seating) -> list[PoolPlaces]:
    listed = [
        PoolPlaces(
            category=category,
            places=size,
            taken=min(size, seating.seated.get(category, 0)),
            left=seating.pool_left(category),
            waiting=seating.waiting.get(category, 0),
            left_for_new=seating.pool_left_for_new(category),
        )
        for category, size in seating.pools.items()
    ]
    waiting = sum(
        count for category, count in seating.waiting.items() if category not in seating.pools
    )
    is_open = PoolPlaces(
        None,
        seating.open_places,
        seating.open_taken,
        max(0, seating.open_left),
        waiting,
        seating.open_left_for_new,
    )
    if not listed or is_open.places or is_open.taken or is_open.waiting:
        listed.append(is_open)
    return listed


def _numbering() -> sa.Select:
    """Rows of (enrollment, position) for the deliveries `ids`. Those of a list that came before
    count although they are not in yet."""
    own_pool = sa.and_(
        Pool.delivery_id == Enrollment.delivery_id, Pool.category == Enrollment.category
    )
    position = sa.func.row_number().over(
        partition_by=[Enrollment.delivery_id, Pool.id], order_by=[Enrollment.line, Enrollment.id]
    )
    promised_pool = aliased(Pool)
    ahead = (
        sa.select(sa.func.coalesce(sa.func.sum(PromisedPlaces.waiting), 0))
        .outerjoin(
            promised_pool,
            sa.and_(
                promised_pool.delivery_id == PromisedPlaces.delivery_id,
                promised_pool.category == PromisedPlaces.category,
            ),
        )
        .where(
            PromisedPlaces.delivery_id == Enrollment.delivery_id,
            PromisedPlaces.line < Enrollment.line,
            promised_pool.id.is_not_distinct_from(Pool.id),
        )
        .correlate(Enrollment, Pool)
    )
    ids: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
    waits = sa.and_(Enrollment.delivery_id.in_(ids), Enrollment.status == S.WAITLISTED)
    numbered = sa.select(Enrollment.id, position + ahead.scalar_subquery())
    return numbered.outerjoin(Pool, own_pool).where(waits)


_NUMBERING = _numbering()


def positions(*delivery_ids: int) -> dict[int, int]:
    """Enrollment id → position in its line, for everyone on the waiting lists of these
    deliveries."""
    return dict(db.session.execute(_NUMBERING, {"ids": delivery_ids}).all())
