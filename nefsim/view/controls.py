"""The bar of buttons of a page, and its clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bokeh.layouts import row
from bokeh.models import Button, Div, Dropdown, Slider, Toggle

from nefsim.view.export import FORMATS

#: Slowest and fastest run, times real time, that the slider has.
SLOWEST, FASTEST = 0.05, 2.0

#: Style of the bar of buttons, which stays visible while plots scroll below it.
BAR = {"position": "sticky", "top": "0", "z-index": "10", "background": "var(--nef-paper, white)"}


class Bar:
    """The buttons of a run, its speed, its clock, and a slider to look back.

    Parameters
    ----------
    toggle, step : callable
        Called to run or pause, and for one step.
    restart : callable
        ``restart(keep_weights)``.
    look : callable
        Called when another time is looked at.
    save : callable
        ``save(ending)``.
    learns : bool
        Whether there are weights to keep.

    Attributes
    ----------
    root : bokeh.models.LayoutDOM
        The bar.
    clock, wall : str
        The model time with the speed, and the wall time.
    """

    def __init__(
        self,
        toggle: Callable[[], None],
        step: Callable[[], None],
        restart: Callable[[bool], None],
        look: Callable[[], None],
        save: Callable[[str], None],
        learns: bool,
    ) -> None:
        self.play = Button(label="run", button_type="primary", width=80)
        self.play.on_click(toggle)
        single = Button(label="one step", width=80)
        single.on_click(step)
        again = Button(label="from the start", width=110)
        again.on_click(lambda: restart(False))
        buttons = [self.play, single, again]
        if learns:
            keeping = Button(label="from the start, with weights", width=200)
            keeping.on_click(lambda: restart(True))
            buttons.append(keeping)
        self.speed = Slider(
            start=SLOWEST, end=FASTEST, step=0.05, value=1.0, title="times real time", width=170
        )
        self.fast = Toggle(label="as fast as it goes", width=130)
        self.back = Slider(
            start=0.0, end=1.0, step=0.05, value=0.0, title="look back [s]", width=170
        )
        self.back.on_change("value", lambda name, old, new: look())
        menu: list[Any] = [*((text, ending) for ending, text in FORMATS.items())]
        menu += [None, ("layout of this page", "layout")]
        self.files = Dropdown(label="save", menu=menu, width=80)
        self.files.on_click(lambda event: save(event.item))
        # The painter sets these texts, as new texts of elements would lay out the page again.
        places = [Div(text="0.00 s", width=300), Div(text="wall time 0 s", width=110)]
        for place in places:
            place.disable_math = True
        self._places = places
        self.clock = self.wall = ""
        self.show_time(0.0, None, 0.0)
        styles = {**BAR, "flex-wrap": "wrap"}
        parts: list[Any] = [*buttons, self.speed, self.fast, self.back, self.files, *places]
        self.root = row(*parts, styles=styles, sizing_mode="stretch_width")

    @property
    def chosen_speed(self) -> float:
        """Times real time; infinity is as fast as possible."""
        if self.fast.active:
            return float("inf")
        # A browser may send any value, such as a speed of 1e9 or NaN.
        return float(max(SLOWEST, min(FASTEST, self.speed.value)))

    @property
    def seconds_back(self) -> float:
        """How far before the present the plots show [s]."""
        return float(max(0.0, min(self.back.end, self.back.value)))

    def show_time(self, now: float, speed: float | None, wall: float) -> None:
        """Show the simulated time, the speed, and the wall time of the run [s]."""
        text = f"{now:.2f} s"
        self.clock = text if speed is None else f"{text}, {speed:.2f} times real time"
        self.wall = f"wall time {wall:.0f} s"

    @property
    def texts(self) -> dict[str, str]:
        """Texts of elements, by their names."""
        return {p.id: text for p, text in zip(self._places, (self.clock, self.wall), strict=True)}
