import pytest

from enrollment import queries
from tests.enrollment import makers

pytestmark=pytest.mark.both_databases
def test_x(context):
    d = makers.delivery(places=3, pools={"police":1})
    es=[makers.enrolled(d, c) for c in ("police","police","civilian","civilian","police")]
    print([makers.again(e).status for e in es], queries.positions(d.id), queries.places([d.id]))
    import sqlalchemy as sa

    from core.database import db
    from core.mail import Mail
    for m in db.session.scalars(sa.select(Mail)): print(m.subject, m.body)
    assert list(queries.breaches())==[]
    assert 0
