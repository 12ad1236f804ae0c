"""The rule of places, without a database: who can be seated, given the places, the pools and who
sits already.

A pool keeps places for one personnel category; places beyond all pools are open to everyone. A
person takes a place of the own category's pool while it has one, else an open one. It does not
matter who took which: seats beyond a pool's size count as open ones, so a place that becomes free
in a pool gives back the open place its people overflowed to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from people.personnel import PersonnelCategory


@dataclass(frozen=True)
class Seating:
    """Places, pools by category, and how many of each category are seated and wait.
    `awaits_list`: some of these are people of a list of which the last one is not in yet."""

    places: int
    pools: Mapping[PersonnelCategory, int] = field(default_factory=dict)
    seated: Mapping[PersonnelCategory, int] = field(default_factory=dict)
    waiting: Mapping[PersonnelCategory, int] = field(default_factory=dict)
    awaits_list: bool = False

    @property
    def open_places(self) -> int:
        """Places beyond all pools."""
        return self.places - sum(self.pools.values())

    @property
    def open_taken(self) -> int:
        """How many of the seated found no place in a pool of their own."""
        return sum(
            max(0, count - self.pools.get(category, 0)) for category, count in self.seated.items()
        )

    @property
    def open_left(self) -> int:
        return self.open_places - self.open_taken

    @property
    def is_oversold(self) -> bool:
        """More are seated than there are places for them."""
        return self.open_left < 0

    def pool_left(self, category: PersonnelCategory) -> int:
        return max(0, self.pools.get(category, 0) - self.seated.get(category, 0))

    def left_for(self, category: PersonnelCategory) -> int:
        """How many more of this category could be seated now."""
        return self.pool_left(category) + max(0, self.open_left)

    def fits(self, category: PersonnelCategory) -> bool:
        return self.left_for(category) > 0

    def left_for_new(self, category: PersonnelCategory) -> int:
        """How many more of this category could be seated after everyone who waits and fits: a
        free place is theirs first."""
        return self.pool_left_for_new(category) + self.open_left_for_new

    def pool_left_for_new(self, category: PersonnelCategory) -> int:
        return max(0, self.pool_left(category) - self.waiting.get(category, 0))

    @property
    def open_left_for_new(self) -> int:
        """The order of the line does not matter: whoever finds no place in a pool of their own
        takes an open one."""
        overflow = sum(
            max(0, count - self.pool_left(category)) for category, count in self.waiting.items()
        )
        return max(0, self.open_left - overflow)

    @property
    def left_for_line(self) -> int:
        """How many of those who wait could be seated now."""
        of_pools = {
            category: min(count, self.pool_left(category))
            for category, count in self.waiting.items()
        }
        overflow = self.all_waiting - sum(of_pools.values())
        return sum(of_pools.values()) + min(overflow, max(0, self.open_left))

    @property
    def all_waiting(self) -> int:
        """How many wait, of whatever category."""
        return sum(self.waiting.values())

    def with_one_more(self, category: PersonnelCategory) -> Seating:
        """The seating once someone of this category has sat down."""
        return replace(self, seated={**self.seated, category: self.seated.get(category, 0) + 1})

    def seat(self, categories: Iterable[PersonnelCategory]) -> list[bool]:
        """Who of newcomers of these categories gets a place, in their order."""
        now, full, answers = self, set[PersonnelCategory](), list[bool]()
        for category in categories:
            if category not in full and now.left_for_new(category) > 0:
                now = now.with_one_more(category)
                answers.append(True)
            else:
                full.add(category)  # others who sit down make no place
                answers.append(False)
        return answers

    def line_of(self, category: PersonnelCategory) -> PersonnelCategory | None:
        """The pool in whose line this category waits; None is the line for the open places."""
        return category if category in self.pools else None
