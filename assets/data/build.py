"""Draw the bundled samples from the full sets: `python assets/data/build.py`.

Writes fashion_mnist.npz, mnist.npz and SHA256SUMS beside itself, the same bytes every time. Finds
the full sets where `cnn_core.datasets.loading` finds them; CONVSCOPE_DATA names a folder of your own.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from cnn_core.datasets import DATASETS, Dataset, load
from cnn_core.datasets.loading import RANDOM_STATE

OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def draw(data: Dataset) -> dict[str, np.ndarray]:
    """A stratified sample of each part of a full set, so that no image changes its part."""
    counts = DATASETS[data.name].sample
    arrays: dict[str, np.ndarray] = {}
    for part, count in counts._asdict().items():
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        keep, _ = train_test_split(
            np.arange(len(labels)), train_size=count, random_state=RANDOM_STATE, stratify=labels
        )
        arrays[f"x_{part}"] = images[keep]
        arrays[f"y_{part}"] = labels[keep].astype(np.uint8)
    return arrays


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an npz as `numpy.savez_compressed` makes it, but with a fixed date."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, values in sorted(arrays.items()):
            member = zipfile.ZipInfo(f"{name}.npy", OLDEST_ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # Unix, also where it is not
            array = io.BytesIO()
            np.lib.format.write_array(array, np.ascontiguousarray(values), allow_pickle=False)
            archive.writestr(member, array.getvalue(), compresslevel=9)
    return content.getvalue()


def main() -> None:
    """Write both samples and their checksums."""
    lines = []
    for name in ("fashion_mnist", "mnist"):
        content = pack(draw(load(name, "full")))
        (HERE / f"{name}.npz").write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}.npz\n")
    (HERE / "SHA256SUMS").write_text("".join(lines), encoding="ascii")
    print("".join(lines), end="")


if __name__ == "__main__":
    main()
