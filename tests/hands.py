"""The ten digits as several people write them: strokes of points, x right and y down, in [0, 1]."""

from __future__ import annotations

from math import cos, radians, sin

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Points on an ellipse; 0 degrees is right of its centre, 90 below it."""
    count = max(3, round(abs(end - start) / 36) + 1)
    angles = [radians(start + (end - start) * i / (count - 1)) for i in range(count)]
    return [(x + rx * cos(angle), y + ry * sin(angle)) for angle in angles]


def slanted(strokes: list[Stroke], lean: float) -> list[Stroke]:
    """The same leaning to the right."""
    return [[(x + lean * (0.5 - y), y) for x, y in stroke] for stroke in strokes]


PLAIN = {  # as taught at school, one stroke where one is enough
    0: [arc(0.5, 0.5, 0.3, 0.5, -90, 275)],
    1: [[(0.5, 0.0), (0.5, 0.5), (0.5, 1.0)]],
    2: [[*arc(0.5, 0.28, 0.3, 0.28, -170, 30), (0.45, 0.75), (0.18, 1.0), (0.5, 1.0), (0.85, 1.0)]],
    3: [[*arc(0.47, 0.25, 0.3, 0.25, -150, 90), *arc(0.45, 0.74, 0.34, 0.26, -90, 150)]],
    4: [
        [(0.55, 0.0), (0.35, 0.35), (0.15, 0.66), (0.5, 0.66), (0.9, 0.66)],
        [(0.66, 0.35), (0.66, 0.7), (0.66, 1.0)],
    ],
    5: [
        [(0.25, 0.02), (0.22, 0.25), (0.2, 0.45), *arc(0.45, 0.7, 0.33, 0.3, -125, 150)],
        [(0.25, 0.02), (0.5, 0.02), (0.8, 0.0)],
    ],
    6: [[(0.68, 0.0), (0.42, 0.22), (0.25, 0.5), *arc(0.5, 0.72, 0.28, 0.28, 180, -190)]],
    7: [[(0.15, 0.05), (0.5, 0.03), (0.85, 0.03), (0.65, 0.4), (0.5, 0.7), (0.4, 1.0)]],
    8: [
        [
            *arc(0.5, 0.25, 0.25, 0.25, 0, -270),
            *arc(0.5, 0.75, 0.3, 0.25, -90, 270),
            *arc(0.5, 0.25, 0.25, 0.25, 90, 0),
        ]
    ],
    9: [[*arc(0.47, 0.28, 0.28, 0.28, -20, -380), (0.73, 0.5), (0.68, 0.8), (0.6, 1.0)]],
}

ORNATE = {  # with serifs, bars and loops
    0: [arc(0.5, 0.5, 0.36, 0.5, -60, -440)],
    1: [
        [(0.25, 0.28), (0.42, 0.12), (0.55, 0.0), (0.55, 0.5), (0.55, 0.98)],
        [(0.28, 1.0), (0.55, 1.0), (0.82, 1.0)],
    ],
    2: [
        [
            *arc(0.48, 0.25, 0.3, 0.25, 170, 390),
            (0.55, 0.7),
            *arc(0.3, 0.88, 0.14, 0.12, 20, 340),
            (0.6, 0.95),
            (0.88, 0.92),
        ]
    ],
    3: [
        [
            *arc(0.45, 0.24, 0.32, 0.24, -160, 70),
            (0.38, 0.47),
            *arc(0.45, 0.72, 0.36, 0.28, -80, 160),
        ]
    ],
    4: [
        [(0.2, 0.05), (0.2, 0.3), (0.22, 0.55), (0.5, 0.55), (0.8, 0.52)],
        [(0.78, 0.0), (0.76, 0.5), (0.74, 1.0)],
    ],
    5: [[(0.82, 0.03), (0.3, 0.03), (0.26, 0.42), *arc(0.46, 0.7, 0.34, 0.3, -110, 140)]],
    6: [[*arc(0.62, 0.5, 0.42, 0.5, -70, -180), *arc(0.5, 0.7, 0.29, 0.3, 170, -200)]],
    7: [
        [(0.12, 0.12), (0.14, 0.04), (0.5, 0.06), (0.85, 0.04), (0.62, 0.45), (0.45, 1.0)],
        [(0.35, 0.5), (0.55, 0.5), (0.78, 0.48)],
    ],
    8: [
        [
            *arc(0.5, 0.24, 0.24, 0.24, -60, -270),
            *arc(0.52, 0.74, 0.3, 0.26, -90, 225),
            (0.5, 0.5),
            (0.68, 0.3),
            (0.66, 0.12),
        ]
    ],
    9: [
        [
            *arc(0.48, 0.27, 0.28, 0.27, -30, -390),
            (0.74, 0.6),
            *arc(0.47, 0.75, 0.27, 0.25, 0, 140),
        ]
    ],
}

QUICK = {  # few points, corners where there should be curves
    0: [
        [(0.5, 0.0), (0.2, 0.25), (0.18, 0.7), (0.45, 1.0), (0.78, 0.75), (0.8, 0.3), (0.52, 0.02)]
    ],
    1: [[(0.6, 0.0), (0.52, 0.5), (0.45, 1.0)]],
    2: [[(0.2, 0.2), (0.45, 0.0), (0.75, 0.15), (0.65, 0.5), (0.15, 1.0), (0.85, 0.95)]],
    3: [
        [
            (0.2, 0.08),
            (0.6, 0.0),
            (0.75, 0.22),
            (0.42, 0.46),
            (0.78, 0.65),
            (0.65, 0.95),
            (0.15, 0.95),
        ]
    ],
    4: [[(0.3, 0.0), (0.18, 0.5), (0.82, 0.5)], [(0.7, 0.15), (0.62, 1.0)]],
    5: [
        [
            (0.8, 0.0),
            (0.32, 0.04),
            (0.25, 0.45),
            (0.62, 0.42),
            (0.75, 0.7),
            (0.55, 0.97),
            (0.15, 0.95),
        ]
    ],
    6: [
        [(0.6, 0.0), (0.3, 0.4), (0.22, 0.78), (0.5, 1.0), (0.75, 0.78), (0.55, 0.55), (0.28, 0.7)]
    ],
    7: [[(0.15, 0.05), (0.85, 0.0), (0.45, 1.0)]],
    8: [
        [
            (0.72, 0.15),
            (0.45, 0.0),
            (0.28, 0.22),
            (0.7, 0.7),
            (0.5, 1.0),
            (0.25, 0.78),
            (0.7, 0.3),
            (0.7, 0.12),
        ]
    ],
    9: [
        [
            (0.75, 0.2),
            (0.45, 0.02),
            (0.22, 0.28),
            (0.5, 0.5),
            (0.75, 0.22),
            (0.68, 0.6),
            (0.55, 1.0),
        ]
    ],
}

HANDS: dict[str, dict[int, list[Stroke]]] = {
    "plain": PLAIN,
    "ornate": ORNATE,
    "quick": QUICK,
    "leaning": {digit: slanted(strokes, 0.35) for digit, strokes in PLAIN.items()},
}


PAD = 280  # side of a pad, in its own units
MARGIN = 12  # so that half a brush has room


def on_pad(strokes: list[Stroke], height: float, across: float, down: float) -> list[Stroke]:
    """The strokes on a pad, `height` high; across = 0 is at its left edge, 1 at its right one."""
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    left = MARGIN + across * (PAD - 2 * MARGIN - (max(xs) - min(xs)) * height)
    top = MARGIN + down * (PAD - 2 * MARGIN - (max(ys) - min(ys)) * height)
    return [
        [(left + (x - min(xs)) * height, top + (y - min(ys)) * height) for x, y in stroke]
        for stroke in strokes
    ]
