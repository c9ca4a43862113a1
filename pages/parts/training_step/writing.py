"""An optimizer's step written out, as lines of LaTeX with the numbers in them."""

from __future__ import annotations

from cnn_core.labs import optimizers
from cnn_core.labs.optimizers import State, Step
from cnn_core.labs.training_step import PickedWeight


def lines(optimizer: str, weight: PickedWeight, step: Step, rate: float, number: int) -> list[str]:
    """From the gradient to the new weight.

    Args:
        optimizer: One of `config.OPTIMIZERS`.
        weight: Before the step.
        step: The step of `optimizers.step`.
        rate: Learning rate.
        number: Of the step, from 1.
    """
    w, g, eta = (tex(value) for value in (weight.value, weight.gradient, rate))
    state = State(weight.first, weight.second)
    match optimizer:
        case "sgd":
            last = rf"w - \eta\, g = {w} - {eta} \cdot {_signed(weight.gradient)}"
            return [_new(last, step)]
        case "momentum":
            kept = (
                rf"m_{{{number}}} = {optimizers.MOMENTUM}\, m_{{{number - 1}}} - \eta\, g"
                rf" = {optimizers.MOMENTUM} \cdot {_signed(state.first)}"
                rf" - {eta} \cdot {_signed(weight.gradient)}"
                rf" = {tex(step.state.first)}"
            )
            return [kept, _new(rf"w + m_{{{number}}} = {w} + {_signed(step.state.first)}", step)]
        case "rmsprop":
            kept = _mean(
                "v", optimizers.RHO, "g^2", state.second, weight.gradient, step.state.second, number
            )
            root = rf"\sqrt{{{tex(step.state.second)} + 10^{{-7}}}}"
            return [
                kept,
                _new(rf"w - \eta\, \frac{{g}}{{\sqrt{{v_{{{number}}} + 10^{{-7}}}}}}"
                     rf" = {w} - {eta} \cdot \frac{{{g}}}{{{root}}}", step),
            ]  # fmt: skip
    return _adam(weight, step, rate, number, decay=optimizer == "adamw")


def _adam(weight: PickedWeight, step: Step, rate: float, number: int, *, decay: bool) -> list[str]:
    beta_1, beta_2 = optimizers.BETA_1, optimizers.BETA_2
    first = _mean("m", beta_1, "g", weight.first, weight.gradient, step.state.first, number)
    second = _mean("v", beta_2, "g^2", weight.second, weight.gradient, step.state.second, number)
    corrected = [
        rf"\hat {name} = \frac{{{name}_{{{number}}}}}{{1 - {beta}^{{{number}}}}}"
        rf" = \frac{{{tex(kept)}}}{{{tex(1 - beta**number)}}} = {tex(value)}"
        for name, beta, kept, value in (
            ("m", beta_1, step.state.first, step.corrected_first),
            ("v", beta_2, step.state.second, step.corrected_second),
        )
    ]
    change = (
        rf"{tex(rate)} \cdot \frac{{{tex(step.corrected_first)}}}"
        rf"{{\sqrt{{{tex(step.corrected_second)}}} + {tex(step.epsilon, 2)}}}"
    )
    formula = r"\eta\, \frac{\hat m}{\sqrt{\hat v} + \hat\epsilon}"
    if not decay:
        return [
            first,
            second,
            *corrected,
            _new(rf"w - {formula} = {tex(weight.value)} - {change}", step),
        ]
    loss = rf"\eta \cdot {optimizers.DECAY} \cdot w"
    factors = rf"{tex(rate)} \cdot {optimizers.DECAY} \cdot {_signed(weight.value)}"
    taken = rf"{loss} = {factors} = {tex(step.decayed)}"
    last = rf"w - {loss} - {formula} = {tex(weight.value)} - {_signed(step.decayed)} - {change}"
    return [first, second, *corrected, taken, _new(last, step)]


def _mean(
    name: str, beta: float, term: str, before: float, gradient: float, after: float, number: int
) -> str:
    """A running mean: what is kept of the old one, and the share of the new term."""
    rest = f"{1 - beta:.3g}"
    square = "^2" if term.endswith("^2") else ""
    return (
        rf"{name}_{{{number}}} = {beta}\, {name}_{{{number - 1}}} + {rest}\, {term}"
        rf" = {beta} \cdot {_signed(before)} + {rest} \cdot {_signed(gradient, power=bool(square))}{square}"
        rf" = {tex(after)}"
    )


def _new(sum_: str, step: Step) -> str:
    return rf"w' = {sum_} = \mathbf{{{tex(float(step.weight), 7)}}}"


def tex(value: float, digits: int = 4) -> str:
    """A number for LaTeX: "0.0616", "-3.5 \\cdot 10^{-7}"."""
    text = f"{value:.{digits}g}"
    mantissa, _, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa


def _signed(value: float, *, power: bool = False) -> str:
    """A number in brackets where its sign, or a power after it, asks for them."""
    text = tex(value)
    return rf"({text})" if value < 0 or (power and "cdot" in text) else text
