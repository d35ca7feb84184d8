"""Laws of the study of conversions: the training, the lost accuracy, and the steps of rates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nefsim.reproduce import conversion  # noqa: E402
from nefsim.reproduce.figure import Effort  # noqa: E402

#: Steps of rates from which the error is below that of 16 digits.
ENOUGH = 64


class Conversions:
    """Stands in for the data and for both conversions, and notes what they are given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, n_images: int, enough: float) -> None:
        rng = np.random.default_rng(0)
        x = rng.uniform(size=(n_images, 64)).astype(np.float32)
        y = rng.integers(10, size=n_images)
        self.data = SimpleNamespace(
            train_images=x, train_labels=y, test_images=x[: n_images // 2 + 1],
            test_labels=y[: n_images // 2 + 1],
        )  # fmt: skip
        self.enough = enough
        self.right: list[float] = []
        self.wrong: list[float] = []
        self.asked: list[int] = []
        self.rates: list[int] = []
        self.models: list[Any] = []
        monkeypatch.setattr("nefsim.datasets.digits", lambda: self.data)
        monkeypatch.setattr("nefsim.convert.spikeconverter", self.spikeconverter)
        monkeypatch.setattr("nefsim.convert.rate", self.rate)

    def exact(self, model: Any, images: Any) -> Any:
        assert images is self.data.test_images
        with torch.no_grad():
            return model(torch.tensor(images)).numpy()

    def share(self, outputs: Any) -> float:
        return float(np.mean(outputs.argmax(axis=1) == self.data.test_labels))

    def spikeconverter(self, model: Any, n_steps: int, data: Any) -> Any:
        assert data is self.data.train_images
        self.asked.append(n_steps)

        def predict(images: Any) -> Any:
            """A tenth too large in 16 steps, and of the other sign in 8."""
            exact = self.exact(model, images)
            if n_steps == 8:
                self.models.append(model)
                self.right.append(self.share(exact))
                self.wrong.append(self.share(-exact))
            return -exact if n_steps == 8 else 1.1 * exact

        return SimpleNamespace(predict=predict)

    def rate(self, model: Any, n_steps: int, data: Any) -> Any:
        assert data is self.data.train_images
        self.rates.append(n_steps)
        error = 0.099 * self.enough / n_steps
        return SimpleNamespace(fast=lambda images: (1 - error) * self.exact(model, images))


def test_accuracy_is_lost_in_points_and_rates_take_steps_until_their_error_is_as_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"step": 0, "zero_grad": 0}
    rates: list[float] = []

    class Adam(torch.optim.Adam):  # type: ignore[misc, name-defined]
        def __init__(self, parameters: Any, lr: float) -> None:
            super().__init__(parameters, lr=lr)
            rates.append(lr)

        def step(self, *given: Any) -> Any:  # type: ignore[override]
            counts["step"] += 1
            return super().step(*given)

        def zero_grad(self, *given: Any) -> None:
            counts["zero_grad"] += 1
            super().zero_grad(*given)

    monkeypatch.setattr(torch.optim, "Adam", Adam)
    made = Conversions(monkeypatch, n_images=70, enough=ENOUGH)
    outcome = conversion.steps(Effort(seeds=2))
    eight, sixteen, rate = outcome.lines
    lost = 100 * (np.array(made.right) - made.wrong)
    assert eight.ours == pytest.approx(lost.mean()) and eight.values == pytest.approx(tuple(lost))
    assert (eight.published, eight.within, eight.verdict) == (0.0, 0.2, "NOT reproduced")
    assert (sixteen.ours, sixteen.within, sixteen.verdict) == (0.0, 0.2, "reproduced")
    assert ("8" in eight.quantity, "16" in sixteen.quantity) == (True, True)
    # The error of 16 steps of digits is 0.1.
    assert made.asked == [8, 16] * 2 and made.rates == [16, 32, 64] * 2
    assert rate.values == (ENOUGH / 16,) * 2
    assert (rate.published, rate.within, rate.verdict) == (100.0, 50.0, "NOT reproduced")
    # 40 epochs of two batches of at most 64 of 70 images, twice.
    assert counts == {"step": 2 * 40 * 2, "zero_grad": 2 * 40 * 2} and rates == [0.005] * 2
    # The network has learned: a tenth of random labels would be right by chance.
    assert min(made.right) > 0.3
    for model in made.models:
        assert [tuple(p.shape) for p in model.parameters()] == [
            (64, 64), (64,), (32, 64), (32,), (10, 32), (10,),
        ]  # fmt: skip
        kinds = [type(layer).__name__ for layer in model]
        assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    first, second = (next(model.parameters()) for model in made.models)
    assert not torch.equal(first, second)  # another seed


def test_steps_of_rates_end_at_512_times_those_of_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Conversions(monkeypatch, n_images=2, enough=np.inf)
    outcome = conversion.steps(Effort(seeds=1))
    assert outcome.lines[-1].values == (512.0,) and outcome.lines[-1].verdict == "better"
    assert made.rates == [16 * 2**k for k in range(9)]
    for form, n in ((True, 3), (False, 20)):
        made.enough = 1.0
        assert len(conversion.steps(Effort(form)).lines[0].values) == n
