// Dense layers: every input with a weight of its own for every unit. Weights lie in the order (inputs, units).

import { ACTIVATIONS, softmaxTerms } from "./activations.js";
import { addProducts } from "./convolution.js";

/**
 * The sums of a dense layer, before its activation.
 * @param {{units: number}} layer
 * @param {ArrayLike<number>} inputs
 * @param {{kernel: ArrayLike<number>, bias: ArrayLike<number>}} weights
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Numbers Kind of the result.
 */
export function connect({ units }, inputs, { kernel, bias }, Numbers = Float32Array) {
  const sums = new Float64Array(units);
  sums.set(bias);
  addProducts(sums, inputs, 0, inputs.length, kernel, 0);
  return Numbers.from(sums);
}

/**
 * One unit: its inputs, its products with them, the bias, `sum` and `output`. With softmax the output
 * depends on the `logits` of all units: their `exponentials` and `total` are given, too.
 */
export function denseTerms(layer, inputs, weights, unit) {
  const { units, activation } = layer;
  const { kernel, bias } = weights;
  const products = Float64Array.from(inputs, (value, at) => value * kernel[at * units + unit]);
  const sum = products.reduce((total, one) => total + one, 0) + bias[unit];
  const terms = { inputs, products, bias: bias[unit], sum };
  if (activation !== "softmax") return { ...terms, output: ACTIVATIONS[activation](sum) };
  const logits = connect(layer, inputs, weights, Float64Array);
  const { most, exponentials, total, probabilities } = softmaxTerms(logits);
  return { ...terms, logits, most, exponentials, total, output: probabilities[unit] };
}
