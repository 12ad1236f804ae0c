"""Changes to skills, courses and deliveries, a module per use case."""

from courses.services.courses import (
    bring_back,
    find_course_to_change,
    make_course,
    put_course,
    retire,
)
from courses.services.cutting_short import NONE_HELD, cut_short, may_cut_short
from courses.services.deliveries import (
    cancel,
    change,
    check_changeable,
    is_in_time_to_cancel,
    may_change,
    may_schedule,
    publish,
    schedule,
)
from courses.services.skills import put_skill
from courses.services.timing import require_begun, require_over
from courses.services.touching import touch

__all__ = [
    "NONE_HELD",
    "bring_back",
    "cancel",
    "change",
    "check_changeable",
    "cut_short",
    "find_course_to_change",
    "is_in_time_to_cancel",
    "make_course",
    "may_change",
    "may_cut_short",
    "may_schedule",
    "publish",
    "put_course",
    "put_skill",
    "require_begun",
    "require_over",
    "retire",
    "schedule",
    "touch",
]
