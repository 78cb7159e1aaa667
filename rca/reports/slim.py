"""A chart's SVG with fewer nodes, for print: the PDF engine takes its time for each of them.

Nothing that can be seen changes. Roles and labels of marks go, which only a page reads; lines
that are drawn alike one after the other become one path.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from rca.reports.svgtext import ANCHOR

_SVG = "{http://www.w3.org/2000/svg}"
_UNSEEN = ("class", "role", "pointer-events")
_NOWHERE = ("translate(0,0)", "translate(0, 0)")
_MOVED = re.compile(r"translate\(([-\d.e]+),\s*([-\d.e]+)\)")


def slim(svg: str) -> str:
    """The same picture. Raises ElementTree's ParseError on what is no XML."""
    ET.register_namespace("", _SVG[1:-1])
    root = ET.fromstring(svg)  # noqa: S314 - the chart engine's own, which carries no entities
    for node in root.iter():
        for name in [n for n in node.attrib if n in _UNSEEN or n.startswith("aria-")]:
            del node.attrib[name]
        if node.get("transform") in _NOWHERE:
            del node.attrib["transform"]
        if node.tag == f"{_SVG}text" and not len(node) and "text-anchor" in node.attrib:
            node.set(ANCHOR, node.attrib.pop("text-anchor"))
    _thin(root)
    return ET.tostring(root, encoding="unicode")


def _thin(node: ET.Element) -> None:
    kids: list[ET.Element] = []
    for kid in _opened(node):
        alike = kids and _joined(kids[-1], kid)
        if not alike:
            kids.append(kid)
    node[:] = kids
    for kid in kids:
        if kid.tag == f"{_SVG}g":
            _thin(kid)


def _opened(node: ET.Element) -> Iterator[ET.Element]:
    """The children, those of groups that say nothing among them."""
    for kid in node:
        if kid.tag == f"{_SVG}g" and not kid.attrib:
            yield from _opened(kid)
        elif kid.tag == f"{_SVG}g" and not len(kid):
            continue
        else:
            yield _as_path(kid)


def _as_path(node: ET.Element) -> ET.Element:
    """A line as a path; anything else as it is."""
    if node.tag != f"{_SVG}line":
        return node
    given = dict(node.attrib)
    moved = _MOVED.fullmatch(given.pop("transform", "translate(0,0)"))
    if not moved:
        return node
    x, y = float(moved[1]), float(moved[2])
    x1, y1, x2, y2 = (float(given.pop(name, 0)) for name in ("x1", "y1", "x2", "y2"))
    path = ET.Element(f"{_SVG}path", given)
    path.set("d", f"M{x + x1:g},{y + y1:g}L{x + x2:g},{y + y2:g}")
    return path


_APART = {"fill", "transform", "opacity", "fill-opacity", "stroke-opacity"}
"""Attributes of what stays by itself: thin filled shapes pale when readers smooth several as one.
"""


def _joined(last: ET.Element, node: ET.Element) -> bool:
    """Put a line into the one before it where both are drawn alike and neither shines through."""
    if last.tag != node.tag or node.tag != f"{_SVG}path" or len(last) or len(node):
        return False
    here, there = dict(node.attrib), dict(last.attrib)
    d = here.pop("d", "")
    there.pop("d", None)
    if here != there or _APART & set(here):
        return False
    last.set("d", f"{last.get('d', '')}{d}")
    return True
