"""Light and dark colours of a page, by the setting of the reader's system."""

from __future__ import annotations

from typing import Any

from bokeh.models import GlobalInlineStyleSheet, InlineStyleSheet, UIElement
from bokeh.plotting import figure

#: Colours of the page around its elements; variables reach into all elements.
PAGE = """
:root { color-scheme: light dark; --nef-paper: #ffffff; --nef-soft: #666666; }
@media (prefers-color-scheme: dark) {
  :root { --nef-paper: #1e2024; --nef-soft: #b0b0b0; }
  html, body { background: #1e2024; }
}
"""

#: Dark colours of Bokeh's elements, and a blue on which white text can be read.
DARK = """
.bk-btn-primary { background-color: #1f6fb2; border-color: #1f6fb2; color: #ffffff; }
@media (prefers-color-scheme: dark) {
  :host { --color: #ececec; --background-color: #2a2d32; --hover-color: #3a3d42;
    --disabled-color: #9a9b9d; --border-color: #5c6066; --divider-color: #4a4d52;
    --surface-background-color: #2a2d32; --disabled-background-color: #2a2d32;
    --placeholder-color: #9a9b9d; --inverted-color: #1e2024; --icon-color: #b0b0b0;
    --inactive-bg: #2a2d32; --inactive-fg: #b0b0b0; --active-bg: #1f4a68; --active-fg: #9fd0f2;
    color: #ececec; }
  .bk-btn-default { background-color: #2a2d32; border-color: #5c6066; color: #ececec; }
  .bk-btn-default:hover, .bk-btn-default.bk-active { background-color: #4a4d52; }
  .bk-input, .bk-menu { background-color: #2a2d32; color: #ececec; }
  .noUi-target { background: #3a3d42; border-color: #5c6066; box-shadow: none; }
  .noUi-handle { background: #c8c8c8; border-color: #909090; box-shadow: none; }
}
"""

#: Figures of Bokeh have the colours of light paper; turned around, their hues stay.
TURNED = """
@media (prefers-color-scheme: dark) {
  :host { filter: invert(0.88) hue-rotate(180deg); }
}
"""


def page_sheet() -> Any:
    """A sheet for the whole page."""
    return GlobalInlineStyleSheet(css=PAGE)


class Theme:
    """Gives elements of a page their dark colours."""

    def __init__(self) -> None:
        self._page, self._dark = page_sheet(), InlineStyleSheet(css=DARK)
        self._turned = InlineStyleSheet(css=TURNED)

    def dress(self, root: Any) -> None:
        """Give all elements in an element their dark colours.

        Parameters
        ----------
        root : bokeh.models.UIElement
            The element.
        """
        for model in root.references():
            if isinstance(model, UIElement) and self._dark not in model.stylesheets:
                sheets = [self._page, self._dark]
                if isinstance(model, figure):
                    sheets.append(self._turned)
                model.stylesheets = [*model.stylesheets, *sheets]
