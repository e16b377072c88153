"""The commands, and the one place where a failure becomes lines and an exit status."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from modelserver_cli import __version__, asking, listing, names, pull, starter, words
from modelserver_cli import push as pushing
from modelserver_cli.address import DEFAULT, Address
from modelserver_cli.checking import check_folder
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.report import report
from modelserver_cli.screen import print_out, screen
from modelserver_cli.server import Server

app = typer.Typer(
    name="modelserver",
    help="Push a model's directory to a modelserver; get back a tested image, and an ID that anyone can recompute.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: " + "; ".join(f"{int(each)} {each.meaning}" for each in Exit) + ".",
)

Url = Annotated[str, typer.Option("--url", envvar="MODELSERVER_URL", help="Address of the server.")]
AsJSON = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, to standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the whole build log.")]
Package = Annotated[str, typer.Argument(help="An ID, or a name for its newest package that is ready.")]
Directory = Annotated[Path, typer.Argument(help="The directory with jid.yaml.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"modelserver {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
def _main(version: Version = False) -> None:
    pass


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="A new directory, or one without a package.")] = Path(),
    name: Annotated[str, typer.Option(help="The model's name, such as andreas/scratch.")] = "",
) -> None:
    """Begin a package: a jid.yaml and an infer.py that run as they are."""
    for path in starter.begin(directory, name):
        print_out(f"written: {path}")
    screen(False).say(f"Next: modelserver push {directory}")


@app.command()
def check(
    directory: Directory = Path(),
    dockerfiles: Annotated[bool, typer.Option("--dockerfiles", help="Print the Dockerfiles too.")] = False,
    url: Url = DEFAULT,
    as_json: AsJSON = False,
) -> None:
    """Say what a push would make of a directory; nothing is stored or built."""
    inspection = check_folder(_server(url), directory, screen(False))
    if as_json:
        _print_json(inspection)
        return
    for line in listing.inspected(inspection):
        print_out(line)
    for architecture, text in inspection["Dockerfiles"].items() if dockerfiles else ():
        print_out(f"\n# {architecture}\n{text}".rstrip())


@app.command()
def push(directory: Directory = Path(), url: Url = DEFAULT, as_json: AsJSON = False, verbose: Verbose = False) -> None:
    """Have a directory built and tested, and print the package. What the server has is not sent again."""
    try:
        package = pushing.push(_server(url), directory, screen(verbose))
    except Failure as failure:
        raise failure.about(directory) from None
    _show(package, as_json, brief=True)


@app.command()
def ls(
    name: Annotated[str, typer.Option(help="Only packages of this model.")] = "",
    status: Annotated[str, typer.Option(help="ready, building, failed or any.")] = "ready",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    url: Url = DEFAULT,
    as_json: AsJSON = False,
) -> None:
    """List packages, the newest first."""
    wanted = {"status": status, **({"name": name} if name else {})}
    packages = list(_server(url).packages(limit, **wanted))
    if as_json:
        _print_json(packages)
        return
    for line in listing.table(packages):
        print_out(line)


@app.command()
def show(package: Package, url: Url = DEFAULT, as_json: AsJSON = False) -> None:
    """Print what is known of a package."""
    _show(names.find(_server(url), package), as_json, brief=False)


@app.command()
def log(
    package: Annotated[str, typer.Argument(help="An ID, or a name for its newest package.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the build ends.")] = False,
    url: Url = DEFAULT,
) -> None:
    """Print a build log."""
    server = _server(url)
    found = names.find(server, package, status="any")
    with server.log(str(found["ID"]), follow) as pieces:
        for piece in pieces:
            sys.stdout.write(words.clean(piece) if sys.stdout.isatty() else piece)
            sys.stdout.flush()


@app.command(name="pull")
def pull_(
    package: Package,
    target: Annotated[Path | None, typer.Argument(help="A new directory; by default the model's name.")] = None,
    zip_file: Annotated[Path | None, typer.Option("--zip", help="Keep the zip as this file instead.")] = None,
    url: Url = DEFAULT,
    as_json: AsJSON = False,
) -> None:
    """Fetch a package's files, checked against its ID."""
    server, view = _server(url), screen(False)
    found = names.find(server, package)
    place = zip_file or target or pull.directory_for(found)
    (pull.pull_zip if zip_file else pull.pull_files)(server, found, place, view)
    if as_json:
        _print_json(found)
    else:
        print_out(str(place))


@app.command()
def infer(
    package: Package,
    inputs: Annotated[list[str] | None, typer.Argument(help="name=value, or name=@file for a file.")] = None,
    whole: Annotated[str, typer.Option("--input", "-i", help="A file with all inputs as JSON; - is stdin.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the answer goes.")] = None,
    url: Url = DEFAULT,
) -> None:
    """Run a package on the server once, and print its answer."""
    server = _server(url)
    found = names.find(server, package)
    asking.infer(server, str(found["ID"]), inputs or [], whole, output)


@app.command()
def rm(
    packages: Annotated[list[str], typer.Argument(help="IDs, or names for their newest packages that are ready.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = DEFAULT,
) -> None:
    """Remove packages from the server: zip, record, log and its local images."""
    server = _server(url)
    found = [names.find(server, package) for package in packages]
    for package in found:
        title = f"{words.line(str(package['Name']))} {package['ID']}"
        if not yes:
            _confirm(title)
        server.delete(str(package["ID"]))
        print_out(f"removed: {title}")


@app.command(name="open")
def open_(
    package: Annotated[str, typer.Argument(help="An ID, or a name; without one the list.")] = "", url: Url = DEFAULT
) -> None:
    """Open a package's page in the browser, and print its address."""
    server = _server(url)
    address = server.page(str(names.find(server, package)["ID"]) if package else "")
    print_out(address)
    typer.launch(address)


def _server(url: str) -> Server:
    return Server(Address.parse(url or DEFAULT))


def _show(package: dict[str, Any], as_json: bool, *, brief: bool) -> None:
    if as_json:
        _print_json(package)
        return
    for line in listing.summary(package) if brief else listing.details(package):
        print_out(line)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=not _is_utf8()), flush=True)


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _confirm(title: str) -> None:
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, f"Nobody is there to ask whether to remove {title}.", "say --yes")
    if not typer.confirm(f"Remove {title}?", err=True):
        raise typer.Exit


def main() -> None:
    """Runs the command of the command line. Raises SystemExit."""
    try:
        app()
    except Failure as failure:
        console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
        for line in report(failure):
            console.print(line)
        sys.exit(failure.exit_status)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.REFUSED)
