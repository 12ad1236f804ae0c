"""What may change skills, courses and deliveries, a module per use case."""

from courses.services.courses import bring_back, find_course_to_change, make_course, put_course, retire
from courses.services.cutting_short import NONE_HELD, cut_short
from courses.services.deliveries import cancel, change, check_changeable, may_schedule, publish, schedule
from courses.services.skills import put_skill
from courses.services.timing import require_begun, require_over
from courses.services.touching import touch

__all__ = [
    "NONE_HELD", "bring_back", "cancel", "change", "check_changeable", "cut_short", "find_course_to_change", "make_course",
    "may_schedule", "publish", "put_course", "put_skill", "require_begun", "require_over", "retire", "schedule", "touch",
]  # fmt: skip
