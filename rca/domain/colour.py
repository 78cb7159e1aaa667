"""Colours as sRGB: contrast by the formula of WCAG 2.2, and mixing."""

RGB = tuple[int, int, int]
PETROL = "#0a5a60"
"""The product's own accent, in print and on light pages."""


def rgb_of(text: str) -> RGB:
    """``#0a5a60`` as three numbers of 0 to 255. Raises ValueError on another form."""
    if len(text) != 7 or not text.startswith("#"):
        raise ValueError(f"{text} is not a colour like {PETROL}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def hex_of(rgb: RGB) -> str:
    """The colour as ``#0a5a60``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _luminance(rgb: RGB) -> float:
    parts = [value / 255 for value in rgb]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """The contrast ratio, 1 to 21."""
    low, high = sorted((_luminance(rgb_of(first)), _luminance(rgb_of(second))))
    return (high + 0.05) / (low + 0.05)


def mixed(rgb: RGB, other: RGB, share: float) -> RGB:
    """``share`` of the other colour in this one."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(rgb, other, strict=True)
    )  # fmt: skip
    return red, green, blue


def _until(text: str, ground: str, ratio: float, towards: RGB) -> str:
    rgb = rgb_of(text)
    for step in range(101):
        found = hex_of(mixed(rgb, towards, step / 100))
        if contrast(found, ground) >= ratio:
            return found
    return hex_of(towards)


def darker_until(text: str, ground: str, ratio: float) -> str:
    """The colour, darkened as little as reaches the contrast."""
    return _until(text, ground, ratio, (0, 0, 0))


def lighter_until(text: str, ground: str, ratio: float) -> str:
    """The colour, lightened as little as reaches the contrast."""
    return _until(text, ground, ratio, (255, 255, 255))
