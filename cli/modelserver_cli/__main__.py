"""`python -m modelserver_cli`: the same as `modelserver`."""

from modelserver_cli.app import main

main()
