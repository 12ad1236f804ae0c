"""What may change skills, courses and deliveries, a module per use case."""

from courses.services.courses import put_course
from courses.services.deliveries import cancel, change, check_changeable, publish, schedule
from courses.services.skills import put_skill
from courses.services.touching import touch

__all__ = ["cancel", "change", "check_changeable", "publish", "put_course", "put_skill", "schedule", "touch"]
