"""Reads, a module per question."""

from enrollment.queries.checking import (
    breaches,
)
from enrollment.queries.enrollments import (
    PEOPLE,
    PersonShown,
    count_to_tell,
    enrollments_of,
    enrollments_visible,
    explain,
    find_enrollment,
    get_enrollment,
    person_shown,
    stands_at,
)
from enrollment.queries.identity import (
    ReadingRow,
    Readings,
    decides_about,
    merges,
    open_questions,
    people_here_by_others,
    people_of,
    readings,
    records_asked_about,
    require_reach,
)
from enrollment.queries.places import (
    PoolPlaces,
    places,
    pool_places,
    positions,
    seatings,
)
from enrollment.queries.results import (
    Completion,
    Grid,
    GridRow,
    attendance_grid,
    completed_courses,
    completion,
)

__all__ = [
    "Completion",
    "Grid",
    "GridRow",
    "PEOPLE",
    "PersonShown",
    "PoolPlaces",
    "ReadingRow",
    "Readings",
    "attendance_grid",
    "breaches",
    "completed_courses",
    "completion",
    "count_to_tell",
    "decides_about",
    "enrollments_of",
    "enrollments_visible",
    "explain",
    "find_enrollment",
    "get_enrollment",
    "merges",
    "open_questions",
    "people_here_by_others",
    "people_of",
    "person_shown",
    "places",
    "pool_places",
    "positions",
    "readings",
    "records_asked_about",
    "require_reach",
    "seatings",
    "stands_at",
]
