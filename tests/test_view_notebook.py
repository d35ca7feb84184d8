"""The page in a notebook: it runs in the kernel, and patches go both ways."""

import asyncio
import sys

import numpy as np
import pytest

pytest.importorskip("bokeh", reason="Bokeh is the extra view")

import bokeh

import nefsim as nef
from nefsim import view


def network():
    net = nef.Network(seed=1)
    net.connect(net.node([0.3], label="knob"), net.ensemble(50, 1, label="a"))
    return net


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(nef.BackendUnavailable, match=r'pip install jupyter_bokeh .*"notebook"'):
        view.widget(network(), backend="numpy")


@pytest.mark.parametrize(("options", "kind"), [({"window": 0.0}, ValueError), ({}, TypeError)])
def test_bad_arguments_are_refused_before_a_package_is_needed(options, kind):
    with pytest.raises(kind, match="must"):
        view.widget(network() if options else 3, **options)


def test_a_widget_runs_in_the_event_loop_of_its_kernel():
    pytest.importorskip("jupyter_bokeh", reason="jupyter_bokeh is the extra notebook")
    sent = []

    async def main():
        made = view.widget(network(), backend="numpy", window=0.5)
        made.send = lambda content, buffers=None: sent.append(content)
        page = made.page
        page.screen.on_change(
            "packet", lambda name, old, new: setattr(page.screen, "drawn", page.sent)
        )
        page._toggle()
        for _ in range(200):
            await asyncio.sleep(0.05)
            if page.now > 0.2:
                break
        # A slider that is moved in the browser.
        (knob,) = [m for m in page.root.references() if getattr(m, "title", None) == "knob"]
        event = {"event": "jsevent", "kind": "ModelChanged", "model": {"id": knob.id}}
        made._sync_model(made, event | {"attr": "value", "new": -0.5}, [])
        assert [values.tolist() for values in page.live.inputs.values()] == [[-0.5]]
        page._toggle()
        made.close()
        await asyncio.wait_for(page.ticking, 10)
        assert page.is_closed
        return page

    page = asyncio.run(main())
    assert page.now > 0.2
    assert any("Column" in str(each) or "ModelChanged" in str(each) for each in sent)
    assert np.isfinite(page.panels[0].history.window(-1, 9).rows).all()
    assert "jupyter_bokeh" in sys.modules


def test_a_notebook_gets_the_scripts_of_bokeh_from_the_kernel(monkeypatch):
    pytest.importorskip("jupyter_bokeh", reason="jupyter_bokeh is the extra notebook")
    IPython = pytest.importorskip("IPython", reason="IPython comes with notebooks")
    sent = []
    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr(IPython.display, "publish_display_data", sent.append)
    view.widget(network(), backend="numpy").close()
    ((script,),) = [data.values() for data in sent]
    assert len(script) < 1.8e6  # it is in each saved notebook, and so once only
    assert "</script" not in script
    assert f'wanted = "{bokeh.__version__}"' in script
    assert f'version=\\"{bokeh.__version__}\\"' in script  # the browser's number is the same
    assert "BEGIN bokeh.min.js" in script and "BEGIN bokeh-widgets.min.js" in script
