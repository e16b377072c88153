"""How the build of a recorded package begins. Each step can be taken again, by whoever finds it interrupted."""

from __future__ import annotations

from modelserver.errors import BuildFailed, Conflict, NoSpace, no_space
from modelserver.package import Outcome, Package
from modelserver.ports import Ports


def begin(ports: Ports, package: Package) -> None:
    """Keeps the zip, then starts the build. Twice is once.

    The record comes first: so every kept zip is named by one, whatever happens in between. A zip that is gone, or
    is not the one that was checked, was never a package's: the record goes, and Conflict is raised.
    """
    try:
        ports.storage.keep(package.upload)
    except (KeyError, Conflict):
        ports.database.delete(package)
        ports.storage.discard(package.upload)
        ports.engine.remove(package)
        raise Conflict("The zip that was checked is gone, or another came in its place. Send yours again.") from None
    ports.engine.submit(package)


def begin_or_fail(ports: Ports, package: Package) -> None:
    """The first time: a build that cannot even be begun has failed, and nobody should wait for it.

    Raises NoSpace without recording anything: on a full disk the whole upload is to be undone.
    """
    try:
        begin(ports, package)
    except (Conflict, NoSpace):
        raise
    except Exception as error:
        if full := no_space(error):
            raise full from error
        problem = BuildFailed("The build could not be begun. Upload it again.").to_json()
        ports.database.swap(package, package.ended(Outcome(error=problem | {"ID": str(package.id)})))
        raise
