"""Path data of our drawings as operators of a PDF page, in a fraction of the engine's time."""

import math
import re
from collections.abc import Iterator, Sequence

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]
UNMOVED: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_STEP = re.compile(rf"([MLHVCAZmlhvcaz])((?:[\s,]*{_NUMBER})*)[\s,]*")
_NUMBERS = re.compile(_NUMBER)
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "A": 7}
_MOVE = re.compile(rf"(translate|rotate)\(({_NUMBER})(?:[\s,]+({_NUMBER}))?\)\s*")


class Foreign(ValueError):
    """A drawing holds what we do not draw."""


def combined(outside: Matrix, inside: Matrix) -> Matrix:
    """The matrix of what is moved by ``inside`` within what ``outside`` moves."""
    a, b, c, d, e, f = outside
    g, h, i, j, k, m = inside
    return (
        a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j,
        a * k + c * m + e, b * k + d * m + f,
    )  # fmt: skip


def moved(words: str) -> Matrix:
    """The matrix of a ``transform``. Raises Foreign on anything but moves and turns, which keep
    the width of lines.
    """
    made, place = UNMOVED, 0
    while place < len(words):
        found = _MOVE.match(words, place)
        if not found or (found[1] == "rotate" and found[3]):
            raise Foreign(words)
        x, y = float(found[2]), float(found[3] or 0)
        if found[1] == "translate":
            step = (1.0, 0.0, 0.0, 1.0, x, y)
        else:
            cos, sin = math.cos(math.radians(x)), math.sin(math.radians(x))
            step = (cos, sin, -sin, cos, 0.0, 0.0)
        made, place = combined(made, step), found.end()
    return made


def operators(d: str, matrix: Matrix = UNMOVED) -> bytes:
    """The path ``d`` moved by ``matrix``. Raises Foreign on commands that we do not draw."""
    a, b, c, e, f, g = matrix
    parts: list[str] = []
    for letter, points in _lines(d):
        for x, y in points:
            parts.append(f"{a * x + c * y + f:.2f} {b * x + e * y + g:.2f}")
        parts.append(letter)
    return " ".join(parts).encode()


def _lines(d: str) -> Iterator[tuple[str, Sequence[Point]]]:
    """PDF's operators with their points: move, line, curve and close."""
    here = begun = (0.0, 0.0)
    for letter, numbers in _steps(d):
        if letter in "Zz":
            here = begun
            yield "h", ()
            continue
        x, y = here if letter.islower() else (0.0, 0.0)
        match letter.upper():
            case "H":
                here = (numbers[0] + x, here[1])
            case "V":
                here = (here[0], numbers[0] + y)
            case "A":
                end = (numbers[5] + x, numbers[6] + y)
                yield from (("c", curve) for curve in _arc(here, numbers, end))
                here = end
                continue
            case "C":
                curve = [(numbers[n] + x, numbers[n + 1] + y) for n in (0, 2, 4)]
                here = curve[-1]
                yield "c", curve
                continue
            case _:
                here = (numbers[0] + x, numbers[1] + y)
        if letter in "Mm":
            begun = here
        yield "m" if letter in "Mm" else "l", (here,)


def _steps(d: str) -> Iterator[tuple[str, Sequence[float]]]:
    """Each command with the numbers of one step; a repeated one is given again."""
    place = 0
    d = d.strip()
    while place < len(d):
        found = _STEP.match(d, place)
        if not found:
            raise Foreign(d)
        place = found.end()
        letter, numbers = found[1], [float(n) for n in _NUMBERS.findall(found[2])]
        size = _TAKES.get(letter.upper(), 0)
        if (len(numbers) % size or not numbers) if size else numbers:
            raise Foreign(d)
        if not size:
            yield letter, ()
        for at in range(0, len(numbers), size or 1):
            yield letter, numbers[at : at + size]
            letter = {"M": "L", "m": "l"}.get(letter, letter)


def _arc(start: Point, numbers: Sequence[float], end: Point) -> Iterator[Sequence[Point]]:
    """Curves along an arc of an upright ellipse (SVG 2, appendix B.2.4)."""
    rx, ry, turned, large, sweep = numbers[:5]
    if turned or not rx or not ry or {large, sweep} - {0.0, 1.0} or start == end:
        raise Foreign("an arc")
    x, y = (start[0] - end[0]) / 2 / rx, (start[1] - end[1]) / 2 / ry
    far = x * x + y * y
    if far > 1:  # the ellipse is too small to reach: it grows until it does
        rx, ry, x, y = rx * far**0.5, ry * far**0.5, x / far**0.5, y / far**0.5
    side = math.sqrt(max(0.0, 1 / min(far, 1.0) - 1)) * (-1 if large == sweep else 1)
    cx, cy = side * y, -side * x
    first, last = math.atan2(y - cy, x - cx), math.atan2(-y - cy, -x - cx)
    whole = (last - first) % (2 * math.pi) if sweep else -((first - last) % (2 * math.pi))
    middle = ((start[0] + end[0]) / 2 + cx * rx, (start[1] + end[1]) / 2 + cy * ry)
    pieces = math.ceil(abs(whole) / (math.pi / 2) - 1e-9)
    part = whole / pieces
    reach = 4 / 3 * math.tan(part / 4)
    for n in range(pieces):
        one, two = first + n * part, first + (n + 1) * part
        shape = (
            (math.cos(one) - reach * math.sin(one), math.sin(one) + reach * math.cos(one)),
            (math.cos(two) + reach * math.sin(two), math.sin(two) - reach * math.cos(two)),
            (math.cos(two), math.sin(two)),
        )
        yield [(middle[0] + rx * u, middle[1] + ry * v) for u, v in shape]
