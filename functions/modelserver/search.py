"""Looking for packages by what no index knows: a part of the name or ID, an architecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from modelserver.package import Package
from modelserver.paging import cursor
from modelserver.ports import Page, Query
from modelserver.record import Record

_AT_ONCE = 500
_MOST = 5000


@dataclass(frozen=True)
class Wanted:
    """text: in the name, or what the ID begins with. architecture: cpu, gpu. "" is anything."""

    text: str = ""
    architecture: str = ""

    def fits(self, package: Package) -> bool:
        text = self.text.strip().lower()
        return (text in package.config.name or package.id.startswith(text)) and (
            not self.architecture or self.architecture in package.config.environment.architectures
        )


def search(listing: Callable[[Query], Page], query: Query, wanted: Wanted) -> Page:
    """The first packages that fit both, newest first; Page.next goes on from there.

    At most 5,000 records are looked at for one page, so that a word that nothing has costs no more: such a page may
    be short, or empty, and still have a next one. Raises ValueError when query.after is no page token.
    """
    if wanted == Wanted():
        return listing(query)
    kept: list[Record] = []
    after, looked_at = query.after, 0
    while looked_at < _MOST:
        page = listing(replace(query, limit=_AT_ONCE, after=after))
        for record in page.records:
            if wanted.fits(record.package):
                kept.append(record)
            if len(kept) == query.limit:
                more = page.next or record is not page.records[-1]
                return Page(tuple(kept), cursor(record.package) if more else "")
        looked_at += len(page.records)
        after = page.next
        if not after:
            break
    return Page(tuple(kept), after)
