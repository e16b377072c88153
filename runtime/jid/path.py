"""jid.Path, apart from the rest, as pathlib takes longer to load than all of it."""

import pathlib


class Path(type(pathlib.Path())):  # type: ignore[misc]  # the concrete class differs between systems
    """A file: as an input it is on disk already, as an output it is sent to the caller.

    An input file is removed when its request has been answered. So is an output file that run() made
    below `tempfile.gettempdir()`; a file elsewhere stays.
    """
