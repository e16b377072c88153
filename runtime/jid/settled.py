"""The garbage collector, which has nothing to do while modules are loaded and nothing to find in them later."""

import gc


def settle() -> None:
    """What has been loaded stays: from now on collect, and do not go through that again and again."""
    if hasattr(gc, "freeze"):  # from Python 3.7 on
        gc.freeze()
    gc.enable()
