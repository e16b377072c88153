import tempfile

from PIL import Image

import jid


class Model(jid.Model):
    """Makes an image smaller, in its own proportions."""

    def run(
        self,
        image: jid.Path,
        size: int = jid.Input(128, description="the longer side of the thumbnail, in pixels", ge=1, le=1024),
    ) -> jid.Path:
        with Image.open(image) as opened:
            small = opened.convert("RGB")
        small.thumbnail((size, size), Image.Resampling.LANCZOS)
        path = jid.Path(tempfile.mkdtemp()) / "thumbnail.png"
        small.save(path, format="PNG", compress_level=0)  # stored, so that every zlib gives the same bytes
        return path
