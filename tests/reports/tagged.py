"""A tagged PDF read as assistive technology reads it, by structure and not by place, and held to the
standard by a validator.
"""

import io
import re
from typing import Any

import page as validator
from pypdf import PdfReader
from pypdf.generic import ContentStream

Marks = dict[tuple[int, int], str]
"""Text by page object and marked-content number."""


def _unicode(font: Any) -> dict[str, str]:
    """Glyph code to text, of one font's ToUnicode map."""
    words = font["/ToUnicode"].get_object().get_data().decode()
    found = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", words, re.S):
        for code, text in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[code.lower()] = bytes.fromhex(text).decode("utf-16-be")
    return found


def _codes(operand: Any) -> str:
    raw = operand.original_bytes if hasattr(operand, "original_bytes") else bytes(operand)
    return str(raw.hex())


def _marks(reader: PdfReader) -> Marks:
    found: Marks = {}
    for page in reader.pages:
        fonts = page["/Resources"].get("/Font", {})
        maps = {name: _unicode(font.get_object()) for name, font in fonts.items()}
        now: dict[str, str] = {}
        stack: list[int | None] = []
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator == b"Tf":
                now = maps[operands[0]]
            elif operator in (b"BDC", b"BMC"):
                given = operands[1] if len(operands) > 1 else {}
                stack.append(given.get("/MCID") if hasattr(given, "get") else None)
            elif operator == b"EMC":
                stack.pop()
            elif operator in (b"Tj", b"TJ") and stack and stack[-1] is not None:
                parts = operands[0] if operator == b"TJ" else operands
                for part in parts:
                    if isinstance(part, int | float) or hasattr(part, "as_numeric"):
                        continue
                    codes = _codes(part)
                    key = (page.indirect_reference.idnum, int(stack[-1]))
                    text = "".join(now[codes[n : n + 4]] for n in range(0, len(codes), 4))
                    found[key] = found.get(key, "") + text
    return found


def _text(node: Any, marks: Marks, page: int) -> str:
    if isinstance(node, int):
        return marks.get((page, int(node)), "")
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, int):
        return marks.get((page, int(node)), "")
    if isinstance(node, list):
        return "".join(_text(kid, marks, page) for kid in node)
    here = node.raw_get("/Pg").idnum if "/Pg" in node else page
    if "/MCID" in node:
        return marks.get((here, int(node["/MCID"])), "")
    return _text(node["/K"], marks, here) if "/K" in node else ""


def rows(pdf: bytes) -> list[list[str]]:
    """The cells of every row of every table, in reading order."""
    reader = PdfReader(io.BytesIO(pdf))
    marks = _marks(reader)
    found: list[list[str]] = []

    def walk(node: Any, page: int) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for kid in node:
                walk(kid, page)
            return
        if not hasattr(node, "get"):
            return
        page = node.raw_get("/Pg").idnum if "/Pg" in node else page
        if node.get("/S") == "/TR":
            kids = node["/K"] if isinstance(node["/K"], list) else [node["/K"]]
            found.append([" ".join(_text(kid, marks, page).split()) for kid in kids])
        elif "/K" in node:
            walk(node["/K"], page)

    walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"], 0)
    return found


def against_the_standard(pdf: bytes) -> list[str]:
    """What a validator of PDF/UA-1 (ISO 14289-1), not ours, holds against it."""
    report = validator.validate_pdf_bytes(pdf, profile="ua1")
    return sorted({f"{failure.rule_id}: {failure.message}" for failure in report.failures})
