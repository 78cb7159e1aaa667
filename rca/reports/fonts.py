"""The fonts of print and charts, from packages, so that every machine sets the same lines.

Source Sans and Source Serif (OFL) carry Latin, Greek and Cyrillic. Other scripts fall back to
what the machine has; without any such font they print as boxes.
"""

from pathlib import Path

SANS, SERIF = "Source Sans Pro", "Source Serif Pro"
_FACES = (
    ("SourceSansPro-Regular", SANS, 400, "normal"),
    ("SourceSansPro-It", SANS, 400, "italic"),
    ("SourceSansPro-Semibold", SANS, 600, "normal"),
    ("SourceSansPro-Bold", SANS, 700, "normal"),
    ("SourceSerifPro-Regular", SERIF, 400, "normal"),
    ("SourceSerifPro-It", SERIF, 400, "italic"),
    ("SourceSerifPro-Semibold", SERIF, 600, "normal"),
)


def folders() -> tuple[Path, ...]:
    """The folders of the font packages."""
    import font_source_sans_pro as sans
    import font_source_serif_pro as serif

    return Path(sans.font_directory), Path(serif.font_directory)


def files() -> dict[str, Path]:
    """Files that print may load, by the name that style sheets use."""
    wanted = {f"{name}.ttf" for name, *_ in _FACES}
    return {
        path.name: path
        for folder in folders()
        for path in sorted(folder.glob("*.ttf"))
        if path.name in wanted
    }


def faces_css() -> str:
    """``@font-face`` rules that name the bundled files."""
    return "".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};'
        f"src:url(bundle:{name}.ttf)}}\n"
        for name, family, weight, style in _FACES
    )
