"""What only the model's process can tell of itself: its packages, and whether two images look alike."""

from importlib import import_module
from typing import Any, Dict, Optional

_PACKAGES = 1000  # that are told
_ALIKE = 0.01  # the mean difference of two images that count as the same, of the range of a channel


def versions() -> Dict[str, str]:
    """The installed packages by name, as the model sees them; empty on Pythons before 3.8."""
    try:
        from importlib import metadata
    except ImportError:
        return {}
    found = ((each.metadata["Name"], each.version) for each in metadata.distributions())
    known = sorted({str(name): str(version) for name, version in found if name and version}.items())
    return dict(known[:_PACKAGES])


def compared(expected: str, got: str) -> Optional[str]:
    """Where two image files differ; empty where they look alike, None where Pillow is not there to say."""
    try:
        image, chops, stat = (import_module("PIL." + name) for name in ("Image", "ImageChops", "ImageStat"))
    except ImportError:
        return None
    try:
        return _difference(image.open(expected), image.open(got), chops, stat)
    except Exception as error:
        return "an image cannot be read: {}: {}".format(type(error).__name__, error)


def _difference(expected: Any, got: Any, chops: Any, stat: Any) -> str:
    if expected.size != got.size:
        return "expected {}x{} pixels, got {}x{}".format(*(expected.size + got.size))
    apart = stat.Stat(chops.difference(expected.convert("RGBA"), got.convert("RGBA"))).mean
    mean = sum(apart) / len(apart) / 255
    return "" if mean <= _ALIKE else "the pixels differ by {:.1%}; {:.0%} is allowed".format(mean, _ALIKE)
