"""docs/costs.md adds up, and infra/README.md names what is there."""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Callable

import pytest
import yaml

from tests.cloud.terraform import INFRA, configuration, local_value

ROOT = INFRA.parent
COSTS = (ROOT / "docs" / "costs.md").read_text()
SUMS = re.findall(r"`([\d.+*/ ]+) = ([\d.]+)`", COSTS)
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    assert isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
    return float(node.value)


@pytest.mark.parametrize(("sum_", "result"), SUMS)
def test_a_line_adds_up(sum_: str, result: str) -> None:
    digits = len(result.partition(".")[2])
    assert f"{_value(ast.parse(sum_, mode='eval').body):.{digits}f}" == result


def test_the_table_says_what_the_arithmetic_says() -> None:
    table = COSTS[COSTS.index("## The table") : COSTS.index("## Prices")]
    told = {cell for cell in re.findall(r"\$([\d.]+)", table) if float(cell)}
    assert told <= {result for _, result in SUMS}


def test_the_readme_has_lines_of_that_table() -> None:
    table = COSTS[COSTS.index("## The table") : COSTS.index("## Prices")].splitlines()
    lines = (ROOT / "README.md").read_text().splitlines()
    readme = [line for line in lines if line.startswith("| ") and " | $" in line]
    assert readme
    assert set(readme) <= set(table)


def test_every_price_used_is_in_the_list() -> None:
    prices = COSTS[COSTS.index("## Prices") : COSTS.index("## Arithmetic")]
    listed = set(re.findall(r"\$([\d.]+)", prices))
    assert {"0.020", "0.10", "0.006", "0.12", "0.03", "0.09", "0.40", "0.000024", "0.0000025"} <= listed


def test_builds_are_priced_for_the_machine_they_run_on() -> None:
    """model.yaml names no machine, so it gets the one that the default pool has by default."""
    options = yaml.safe_load((ROOT / "buildspecs" / "model.yaml").read_text())["options"]
    machine = options.get("machineType", "e2-standard-2").lower().replace("_", "-")
    assert f"Cloud Build, {machine}, default pool" in COSTS


def test_functions_are_priced_at_their_size() -> None:
    functions = local_value("every_function")
    assert (functions["upload"]["memory"], functions["get"]["memory"]) == ("1Gi", "512Mi")
    assert functions["upload"]["concurrency"] == 8  # "eight that wait together"


def test_every_variable_is_explained_with_its_default() -> None:
    readme = (INFRA / "README.md").read_text()
    explained = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", readme, re.MULTILINE))
    written = {block.labels[0]: block.attributes for block in configuration() if block.kind == "variable"}
    assert set(explained) == set(written)
    for name, default in explained.items():
        assert default == _shown(written[name].get("default", ""))


def _shown(value: object) -> str:
    """A value as Terraform writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def test_every_file_is_explained() -> None:
    readme = (INFRA / "README.md").read_text()
    assert {path.name for path in INFRA.glob("*.tf")} == set(re.findall(r"`(\w+\.tf)`", readme)) - {"backend.tf"}
