"""What a composition root hands to the program: the ports, and how they are to be used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from modelserver.catalog import Catalog
from modelserver.ports import Ports
from modelserver.settings import Settings

if TYPE_CHECKING:
    from modelserver.intake import Intake


@dataclass(frozen=True)
class Services:
    """Both use cases over the same ports."""

    ports: Ports
    settings: Settings

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.ports, self.settings.heal_after)

    @cached_property
    def intake(self) -> Intake:
        """Imported when a package comes in: whoever only reads does not pay for YAML, versions and zips."""
        from modelserver.inspection import Rules
        from modelserver.intake import Intake

        return Intake(self.ports, Rules.of(self.settings))
