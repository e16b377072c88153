from typing import Any

from magika import Magika

import jid


class Model(jid.Model):
    """Says what kind of content a file has, by a small network that the magika package carries."""

    def setup(self) -> None:
        self.magika = Magika()

    def run(self, file: jid.Path) -> dict[str, Any]:
        result = self.magika.identify_path(file)
        return {
            "label": str(result.output.label),
            "description": result.output.description,
            "group": result.output.group,
            "mime_type": result.output.mime_type,
            "is_text": result.output.is_text,
        }
