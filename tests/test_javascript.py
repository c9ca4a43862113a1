"""The JavaScript of `assets/`: its unit tests, what goes into the bundles, what may not be in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from node import SCRIPTS, node

from cnn_core.browser.bundle import ASSETS, BundleError, bundle

MODULES = sorted(ASSETS.rglob("*.js"))
ENTRIES = [path for path in MODULES if "\nexport default function (" in path.read_text("utf-8")]
# What makes elements of a text; `replaceChildren`, `textContent` and templates of the page's HTML do not.
OF_TEXT = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|setHTML")


def label(path: Path) -> str:
    return path.relative_to(ASSETS).as_posix()


def test_the_unit_tests_of_the_modules_pass() -> None:
    files = sorted(str(path) for path in SCRIPTS.glob("*.test.mjs"))
    done = node("--test", *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(files) > 0
    assert re.search(r"# pass [1-9]|pass [1-9]", done.stdout)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_no_module_makes_elements_of_a_text(path: Path) -> None:
    assert OF_TEXT.findall(path.read_text("utf-8")) == []


def test_every_component_takes_its_script_from_the_bundle() -> None:
    pages = ASSETS.parent / "pages"
    sources = {path: path.read_text("utf-8") for path in pages.rglob("*.py")}
    taken = {
        name
        for source in sources.values()
        for name in re.findall(r"js=bundle\((?:.*?\"(\w+\.js)\"|SCRIPT)\)", source)
    }
    assert {path.name for path in ENTRIES} == (taken - {""}) | {"visitor.js"}
    for path, source in sources.items():
        assert not re.search(r"js=(?!bundle\()", source), path


@pytest.mark.parametrize("path", ENTRIES, ids=label)
def test_node_reads_the_bundle_of_every_component(path: Path, tmp_path: Path) -> None:
    whole = tmp_path / "bundle.mjs"
    whole.write_text(bundle(path), "utf-8")
    script = "import(process.argv[1]).then((made) => console.log(typeof made.default))"
    done = node("--eval", script, whole.as_uri())
    assert (done.stdout.strip(), done.stderr) == ("function", "")


# What the bundle makes of modules


def ran(files: dict[str, str], folder: Path) -> object:
    """What the default export of main.js returns."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    whole = folder / "bundle.mjs"
    whole.write_text(bundle(folder / "main.js"), "utf-8")
    script = "import(process.argv[1]).then((made) => console.log(JSON.stringify(made.default())))"
    done = node("--eval", script, whole.as_uri())
    assert done.stderr == ""
    return done.stdout.strip()


def test_modules_keep_their_own_names_and_are_read_once_each_in_order(tmp_path: Path) -> None:
    files = {
        "main.js": (
            'import {\n  twice,\n  Box as Crate,\n} from "./some/numbers.js";\n'
            'import * as words from "./words.js";\n\n'
            "const hidden = 5;\n"
            "export default function () {\n"
            "  return [twice(hidden), new Crate().size, words.NAME, words.count()];\n}\n"
        ),
        "some/numbers.js": (
            'import { count } from "../words.js";\n\n// export nothing\nconst hidden = 2;\n'
            "export function twice(value) {\n  return hidden * value;\n}\n"
            "export class Box {\n  size = count();\n}\n"
        ),
        "words.js": (
            'let hidden = 0;\nexport const NAME = "import what you like";\n'
            "export function count() {\n  hidden += 1;\n  return hidden;\n}\n"
        ),
    }
    assert ran(files, tmp_path) == '[10,1,"import what you like",2]'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('import "./other.js";\n', "form that is not known"),
        ('import other from "./other.js";\n', "form that is not known"),
        ('import { it } from "other";\n', "form that is not known"),
        ('const other = await import("./other.js");\n', "form that is not known"),
        ("const here = import.meta.url;\n", "form that is not known"),
        ("const it = 1;\nexport { it };\n", "form that is not known"),
        ("export let it = 1;\n", "form that is not known"),
        ('export * from "./other.js";\n', "form that is not known"),
        ("export const { it } = {};\n", "form that is not known"),
        ("export default {};\n", "form that is not known"),
        ('const it = 1; import { that } from "./other.js";\n', "form that is not known"),
        ('import { those } from "./other.js";\n', "imports those, which"),
        ('import { it } from "./nowhere.js";\n', "is missing"),
        ('import { it } from "./circle.js";\n', "in a circle"),
        ("const it = 1;\n", "no default export"),
    ],
)
def test_what_a_bundle_cannot_hold_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "other.js").write_text("export const it = 1;\n", "utf-8")
    (tmp_path / "circle.js").write_text(
        'import { it } from "./main.js";\nexport { it };\n', "utf-8"
    )
    (tmp_path / "main.js").write_text(text, "utf-8")
    with pytest.raises(BundleError, match=complaint):
        bundle(tmp_path / "main.js")
