"""Lines of text set by the engine with less work around each.

For every line the engine makes a context, a description of the font and a list of its features
anew, and to paint it does so again and sets the line once more. Here a style's first layout is the
model of its others, and a line that is set stays so until it is painted.
"""

from typing import Any

_MODEL = "_throughline_model"
_OWN = ("layout", "style", "text", "max_width", "justification_spacing")
"""What a layout does not share with others of its style."""
_BREAKS = frozenset("\n\r\u2028\u2029")


def keep_lines() -> None:
    """Change the engine so, once for a process. What it makes stays the same byte for byte."""
    from weasyprint.text import line_break
    from weasyprint.text.ffi import ffi, gobject, pango

    ffi.cdef("PangoLayout *pango_layout_copy (PangoLayout *src);")
    layout = line_break.Layout
    first, put, let_go, back = layout.setup, layout.set_text, layout.deactivate, layout.reactivate

    def copied(model: Any) -> Any:
        return ffi.gc(pango.pango_layout_copy(model), gobject.g_object_unref)

    def setup(self: Any, style: Any) -> None:
        known = style.__dict__.get(_MODEL)
        if known:
            self.__dict__.update(known[1], style=style)
            self.layout = copied(known[0])
            return
        first(self, style)
        told = {k: v for k, v in self.__dict__.items() if k not in _OWN}
        setattr(style, _MODEL, (copied(self.layout), told))

    def set_text(self: Any, text: str, justify: bool = False) -> None:
        if _BREAKS.isdisjoint(text):
            # Painting asks for this, and would set the line again for it.
            pango.pango_layout_set_single_paragraph_mode(self.layout, True)
        put(self, text, justify)

    def deactivate(self: Any) -> None:
        if self.justification_spacing:
            let_go(self)

    def reactivate(self: Any, style: Any) -> None:
        if self.justification_spacing or "layout" not in self.__dict__:
            back(self, style)

    layout.setup, layout.set_text = setup, set_text
    layout.deactivate, layout.reactivate = deactivate, reactivate
