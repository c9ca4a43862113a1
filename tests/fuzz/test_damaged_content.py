"""Images, projects, event logs, links and codes that are damaged or made up: taken, or one sentence."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import junk
import numpy as np
import pytest
from lengths import rounds
from PIL import Image
from visits import make_run

from cnn_core import rooms, runs
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.errors import CnnError
from cnn_core.images import uploads
from cnn_core.planning.links import from_query, to_query
from cnn_core.progress.events import from_json
from cnn_core.projects import open_project
from cnn_core.rooms.codes import parse_code
from cnn_core.runs import archive
from cnn_core.runs import log as run_log

MOST_BYTES = 400_000_000
Case = Callable[[str], None]


def refused_in_words(work: Callable[[], Any]) -> bool:
    """Whether what `work` was given is refused, and then by a sentence in both languages."""
    try:
        work()
    except CnnError as error:
        assert error.sentence("en")
        assert error.sentence("ko")
        return True
    return False


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut, with other bytes, with a part doubled, or of another beginning."""
    place = chance.randrange(len(content))
    match chance.randrange(5):
        case 0:
            return content[:place]
        case 1:
            some = bytearray(content)
            for _ in range(chance.choice((1, 3, 50))):
                some[chance.randrange(len(some))] = chance.randrange(256)
            return bytes(some)
        case 2:
            return content[:place] + content[place // 2 :]
        case 3:
            return chance.randbytes(chance.choice((0, 1, 100))) + content[place:]
        case _:
            head = chance.choice(
                (b"GIF89a", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"RIFF", b"%PDF-1.7", b"")
            )
            return head + chance.randbytes(200)


def pictures() -> list[bytes]:
    image, made = Image.fromarray(np.arange(30 * 40 * 3, dtype=np.uint8).reshape(30, 40, 3)), []
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        buffer = io.BytesIO()
        image.save(buffer, kind)
        made.append(buffer.getvalue())
    return made


def test_no_damaged_image_is_an_error_of_the_program(case: Case) -> None:
    chance, made = random.Random(4), pictures()
    tracemalloc.start()
    for number in range(rounds(100, 2000)):
        content = damaged(made[number % len(made)], chance)
        for read in (uploads.read, uploads.read_as_is):
            refused_in_words(lambda content=content, read=read: read(content))
        case("damaged images")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_BYTES


def test_no_damaged_project_is_an_error_of_the_program_or_leaves_anything(
    case: Case, convscope_home: Path
) -> None:
    whole = a_project()
    chance = random.Random(5)
    runs.home().mkdir(parents=True)
    before = outside(convscope_home)
    for _ in range(rounds(60, 1000)):
        content = damaged(whole, chance) if chance.random() < 0.4 else rewritten(whole, chance)
        refused_in_words(lambda content=content: open_project(content, by="us"))
        case("damaged projects")
    assert outside(convscope_home) == before, "written outside of the home"
    for run in runs.all_runs():
        run_log.history(run)


def outside(home: Path) -> set[Path]:
    """What lies beside the home."""
    return {path for path in home.parent.rglob("*") if not path.is_relative_to(home)}


def a_project() -> bytes:
    """A project file with the run that is shipped, as the page writes it."""
    return archive.to_zip([runs.open_run("digits")], by="")


def rewritten(content: bytes, chance: random.Random) -> bytes:
    """A sound archive whose members are damaged or have other names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        broken = chance.choice(names)
        for name in names:
            body, place = old.read(name), name
            if name == broken and chance.random() < 0.7 and body:
                body = damaged(body, chance)
            elif name == broken:
                place = chance.choice(("../../evil", "/etc/evil", "a\\b", junk.text(chance)[:200]))
            if chance.random() < 0.97:
                new.writestr(zipfile.ZipInfo(place or "x"), body)
    return buffer.getvalue()


def test_no_line_of_an_event_log_is_an_error_of_the_program(case: Case) -> None:
    run = make_run("finished")
    path = run.folder / "events.jsonl"
    lines, chance = path.read_bytes().splitlines(), random.Random(6)
    for _ in range(rounds(300, 3000)):
        tree = json.loads(chance.choice(lines))
        for name in chance.choices(list(tree), k=chance.randrange(1, 3)):
            tree[name] = junk.tree(chance)
        line = json.dumps(tree).encode("utf-8", "replace")
        with suppress(ValueError):
            from_json(line.decode())
        kept = [*lines, line if chance.random() < 0.7 else damaged(line, chance)]
        chance.shuffle(kept)
        path.write_bytes(b"\n".join(kept) + b"\n")
        run_log.EventReader(run.folder, run.train.epochs).history()
        run_log.digest(run)
        case("event logs")


def test_no_link_to_a_set_up_is_an_error_of_the_program(case: Case) -> None:
    whole, chance = to_query(TEXTBOOK, TrainConfig()), random.Random(7)
    for _ in range(rounds(300, 2000)):
        query = dict(whole)
        for name in chance.choices(list(whole), k=chance.randrange(1, 4)):
            query[name] = junk.text(chance)
            if chance.random() < 0.3:
                query[name] = damaged(whole[name].encode() or b"0", chance).decode(
                    "utf-8", "replace"
                )
        refused_in_words(lambda query=query: from_query(query))
        case("links to a set-up")


@pytest.mark.parametrize("made", ["text", "tree"])
def test_no_code_of_a_room_or_id_of_a_run_is_an_error_of_the_program(made: str, case: Case) -> None:
    chance = random.Random(8)
    for _ in range(rounds(100, 500)):
        code = getattr(junk, made)(chance)
        refused_in_words(lambda code=code: rooms.open_room(parse_code(code)))
        if isinstance(code, str):
            assert refused_in_words(lambda code=code: runs.open_run(code)) or code in runs.BUNDLED
        case("codes and ids")
