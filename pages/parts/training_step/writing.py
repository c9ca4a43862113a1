"""An optimizer's step written out, as LaTeX with the numbers in it."""

from __future__ import annotations

from cnn_core.labs import optimizers
from cnn_core.labs.optimizers import Step
from cnn_core.labs.training_step import PickedWeight

BETWEEN = r" \\[0.6em] "
"""Two equations."""

ADDED = r"10^{-7}"
"""`optimizers.EPSILON`."""


def equations(optimizer: str, weight: PickedWeight, step: Step, rate: float, number: int) -> str:
    """Equations from the gradient to the new weight, each with its formula, its numbers and its result.

    Args:
        optimizer: One of `config.OPTIMIZERS`.
        weight: Before the step.
        step: The step of `optimizers.step`.
        rate: Learning rate.
        number: Of the step, from 1.
    """
    given = rf"g &= {tex(weight.gradient)}, \quad \eta = {tex(rate)}"
    rows = [given, *_rows(optimizer, weight, step, rate, number)]
    return rf"\begin{{aligned}} {BETWEEN.join(rows)} \end{{aligned}}"


def _rows(optimizer: str, weight: PickedWeight, step: Step, rate: float, number: int) -> list[str]:
    eta, gradient = tex(rate), _signed(weight.gradient)
    match optimizer:
        case "sgd":
            last = _new(r"w - \eta\, g", f"{tex(weight.value)} - {eta} \\cdot {gradient}", step)
            return [last]
        case "momentum":
            keep, kept = optimizers.MOMENTUM, step.state.first
            first = _equation(
                f"m_{{{number}}}",
                rf"{keep}\, m_{{{number - 1}}} - \eta\, g",
                rf"{keep} \cdot {_signed(weight.first)} - {eta} \cdot {gradient}",
                tex(kept),
            )
            last = _new(f"w + m_{{{number}}}", f"{tex(weight.value)} + {_signed(kept)}", step)
            return [first, last]
        case "rmsprop":
            mean = _mean(
                "v", optimizers.RHO, weight.second, weight.gradient, step.state.second, number
            )
            change = _equation(
                r"\Delta",
                rf"\eta\, \frac{{g}}{{\sqrt{{v_{{{number}}} + {ADDED}}}}}",
                rf"{eta} \cdot \frac{{{tex(weight.gradient)}}}"
                rf"{{\sqrt{{{tex(step.state.second)} + {ADDED}}}}}",
                tex(weight.value - float(step.weight)),
            )
            return [mean, change, _minus(weight, step, 0.0)]
    return _adam(weight, step, rate, number, decay=optimizer == "adamw")


def _adam(weight: PickedWeight, step: Step, rate: float, number: int, *, decay: bool) -> list[str]:
    beta_1, beta_2 = optimizers.BETA_1, optimizers.BETA_2
    means = [
        _mean("m", beta_1, weight.first, weight.gradient, step.state.first, number),
        _mean("v", beta_2, weight.second, weight.gradient, step.state.second, number),
    ]
    corrected = [
        _equation(
            rf"\hat {name}",
            rf"\frac{{{name}_{{{number}}}}}{{1 - {beta}^{{{number}}}}}",
            rf"\frac{{{tex(kept)}}}{{{tex(1 - beta**number)}}}",
            tex(value),
        )
        for name, beta, kept, value in (
            ("m", beta_1, step.state.first, step.corrected_first),
            ("v", beta_2, step.state.second, step.corrected_second),
        )
    ]
    change = _equation(
        r"\Delta",
        r"\eta\, \frac{\hat m}{\sqrt{\hat v} + \hat\epsilon}",
        rf"{tex(rate)} \cdot \frac{{{tex(step.corrected_first)}}}"
        rf"{{\sqrt{{{tex(step.corrected_second)}}} + {tex(step.epsilon, 2)}}}",
        tex(weight.value - float(step.decayed) - float(step.weight)),
    )
    if not decay:
        return [*means, *corrected, change, _minus(weight, step, 0.0)]
    decayed = _equation(
        r"\delta",
        rf"\eta \cdot {optimizers.DECAY} \cdot w",
        rf"{tex(rate)} \cdot {optimizers.DECAY} \cdot {_signed(weight.value)}",
        tex(step.decayed),
    )
    return [
        *means,
        *corrected,
        change,
        decayed,
        _minus(weight, step, step.decayed, r"w - \delta - \Delta"),
    ]


def _mean(name: str, beta: float, before: float, gradient: float, after: float, number: int) -> str:
    """A running mean, of gradients as m or of their squares as v."""
    rest, square = f"{1 - beta:.3g}", "^2" if name == "v" else ""
    return _equation(
        f"{name}_{{{number}}}",
        rf"{beta}\, {name}_{{{number - 1}}} + {rest}\, g{square}",
        rf"{beta} \cdot {_signed(before)} + {rest} \cdot {_signed(gradient, power=bool(square))}{square}",
        tex(after),
    )


def _minus(weight: PickedWeight, step: Step, decayed: float, formula: str = r"w - \Delta") -> str:
    change = weight.value - float(decayed) - float(step.weight)
    numbers = [tex(weight.value), *([_signed(float(decayed))] if decayed else []), _signed(change)]
    return _new(formula, " - ".join(numbers), step)


def _new(formula: str, numbers: str, step: Step) -> str:
    return _equation("w'", formula, numbers, rf"\mathbf{{{tex(float(step.weight), 7)}}}")


def _equation(name: str, formula: str, numbers: str, result: str) -> str:
    """A formula, below it its numbers, and below them the result: short enough for a phone."""
    return rf"{name} &= {formula} \\ &= {numbers} \\ &= {result}"


def tex(value: float, digits: int = 4) -> str:
    """A number for LaTeX: "0.0616", "-3.5 \\cdot 10^{-7}"."""
    text = f"{value:.{digits}g}"
    mantissa, _, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa


def _signed(value: float, *, power: bool = False) -> str:
    """A number in brackets where its sign, or a power after it, asks for them."""
    text = tex(value)
    return rf"({text})" if value < 0 or (power and "cdot" in text) else text
