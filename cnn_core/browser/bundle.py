"""JavaScript modules -> the one text that a component takes.

Each module becomes a function of its own, so that two of them may use the same names. It knows the forms
of `import` and `export` that `assets/` uses, and refuses every other.
"""

from __future__ import annotations

import re
from pathlib import Path

from cnn_core.paths import ASSETS

_IMPORT = re.compile(r'^import (?:\{([^{}"]*)\}|\* as (\w+)) from "(\.{1,2}/[\w./-]+\.js)";$', re.M)
_DEFAULT = re.compile(r"^export default (async )?(function\*?|class)\b( *\w*)", re.M)
_NAMED = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.M)
_UNSUPPORTED = re.compile(
    r"^(?: *(?:import|export)\b|.*[;{}] *(?:import|export) |.*\bimport *[.(]).*$", re.M
)
_COMMENT = re.compile(r"/\*.*?\*/|(?:^|(?<=\s))//[^\n]*", re.S)
_ITEM = re.compile(r"(\w+)(?: as (\w+))?")


class BundleError(ValueError):
    """A module that the bundle cannot hold; the message names the file and what is wrong."""


def bundle(entry: Path) -> str:
    """The text of a module and of everything that it imports, as one module without imports.

    Args:
        entry: A module with a default export, which the bundle exports, too.

    Raises:
        BundleError: If a module is missing, lies outside of `assets/`, imports itself in a circle, asks
            for a name that is not exported, or uses another form of `import` or `export`.
        OSError: If a file cannot be read.
    """
    modules: dict[Path, _Module] = {}
    _add(entry.resolve(), modules, ())
    main = modules[entry.resolve()]
    if "default" not in main.exports:
        raise BundleError(f"{_name(main.path)} has no default export.")
    parts = [module.text for module in modules.values()]
    return "\n".join([*parts, f"export default {main.variable}.default;\n"])


class _Module:
    """One file: the variable that holds its exports, their names, and its text as a function."""

    def __init__(self, path: Path, modules: dict[Path, _Module], above: tuple[Path, ...]) -> None:
        self.path = path
        self.variable = "$" + re.sub(r"\W", "_", _name(path).removesuffix(".js"))
        self.exports: dict[str, str] = {}
        body = path.read_text("utf-8")
        body = _IMPORT.sub(lambda match: self._imported(match, modules, above), body)
        body = _DEFAULT.sub(self._default, body)
        body = _NAMED.sub(self._named, body)
        if unknown := _UNSUPPORTED.search(_COMMENT.sub("", body)):
            raise BundleError(f"{_name(path)} has a form that is not known: {unknown[0].strip()}")
        exports = ", ".join(
            name if name == local else f"{name}: {local}" for name, local in self.exports.items()
        )
        self.text = f"const {self.variable} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"

    def _imported(
        self, match: re.Match[str], modules: dict[Path, _Module], above: tuple[Path, ...]
    ) -> str:
        names, everything, target = match.groups()
        module = _add((self.path.parent / target).resolve(), modules, (*above, self.path))
        if everything:
            return f"const {everything} = {module.variable};"
        pairs = []
        for item in filter(None, (part.strip() for part in names.split(","))):
            name = _ITEM.fullmatch(item)
            if name is None or name[1] not in module.exports:
                raise BundleError(
                    f"{_name(self.path)} imports {item}, which {_name(module.path)} does not export."
                )
            pairs.append(f"{name[1]}: {name[2]}" if name[2] else name[1])
        return f"const {{ {', '.join(pairs)} }} = {module.variable};"

    def _default(self, match: re.Match[str]) -> str:
        waits, kind, name = match[1] or "", match[2], match[3].strip()
        self.exports["default"] = name or "$default"
        return f"{waits}{kind} {name or '$default'}"

    def _named(self, match: re.Match[str]) -> str:
        self.exports[match[2]] = match[2]
        return f"{match[1]} {match[2]}"


def _add(path: Path, modules: dict[Path, _Module], above: tuple[Path, ...]) -> _Module:
    """The module of that file, read after all that it imports."""
    if path in above:
        circle = " -> ".join(
            _name(module_path) for module_path in (*above[above.index(path) :], path)
        )
        raise BundleError(f"Modules import each other in a circle: {circle}.")
    if path not in modules:
        if not path.is_file():
            raise BundleError(f"{_name(path)}, which {_name(above[-1])} imports, is missing.")
        modules[path] = _Module(path, modules, above)
    return modules[path]


def _name(path: Path) -> str:
    return path.relative_to(ASSETS).as_posix() if path.is_relative_to(ASSETS) else path.as_posix()
