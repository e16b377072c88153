"""`python -I -S .../jid/__main__.py serve|test|schema`, or `python -m jid …`; `worker` is the model's process.

Nothing is imported before the import path is right: the server's process sees the standard library and this
package alone, the model's process sees the user's directory first and this package last.
"""

import gc
import os  # part of every Python that starts, so it is loaded already
import sys

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_HOME = os.path.dirname(_PACKAGE)


def _hide_all_but_ours() -> None:
    """The standard library's directories end in its own name or lib-dynload; everything else is the model's."""
    library = os.path.dirname(os.path.abspath(os.__file__))
    own = [entry for entry in sys.path if entry == library or os.path.basename(entry) == "lib-dynload"]
    sys.path[:] = [_HOME] + own


def _hide_ourselves() -> None:
    """Only for the time of our own imports does our directory stand first; then see `work.room`."""
    others = [entry for entry in sys.path if os.path.abspath(entry) not in (_PACKAGE, _HOME) and entry]
    sys.path[:] = [_HOME] + others


if __name__ == "__main__":
    gc.disable()  # until all is loaded; see `settled`
    if sys.argv[1:2] == ["worker"]:
        at_start = frozenset(sys.modules)
        _hide_ourselves()
        from jid.work.worker import work

        channel, road, shelf, control = map(int, sys.argv[2:])
        sys.exit(work(channel, road, shelf, control, at_start))
    _hide_all_but_ours()
    from jid.commands import main

    sys.exit(main(sys.argv[1:]))
