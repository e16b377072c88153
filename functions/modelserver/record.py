"""A package as a database keeps it: as text that is shown nearly as it is.

A page of 100 packages was 20 ms of parsing and writing JSON again, most of it indentation, which Python's json
module writes slowly; as the text that lies there it is 1 ms.
"""

from __future__ import annotations

import json
from functools import cached_property

from modelserver.package import Package

# The last two members are the server's own, each on its line; what stands before them is what users see.
_OWN = ('  "Upload": ', '  "Build": ', "}")


def written(package: Package) -> str:
    """The JSON of all that a database keeps, indented as answers are."""
    return json.dumps(package.to_record(), indent=2, ensure_ascii=False)


class Record:
    """text: from `written`, or any other JSON of the same object, as earlier versions kept it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def package(self) -> Package:
        return Package.from_record(json.loads(self._text))

    def shown(self) -> str:
        """The JSON that users see, indented by two spaces."""
        head, *own = self._text.rsplit("\n", len(_OWN))
        if len(own) == len(_OWN) and all(map(str.startswith, own, _OWN)):
            return head.removesuffix(",") + "\n}"
        return json.dumps(self.package.to_json(), indent=2, ensure_ascii=False)
