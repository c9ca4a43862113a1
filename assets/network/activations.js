// The activation functions of `cnn_core.config.ACTIVATIONS` as Keras defines them, in 64 bits.

/** @type {Record<string, (x: number) => number>} */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

// Abramowitz and Stegun 7.1.5 near zero, where the series needs few terms; beyond, the continued
// fraction 7.1.14.
export function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let total = a;
    for (let n = 1; n < 60 && Math.abs(term) > 1e-18 * total; n += 1) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI);
  }
  let fraction = a;
  for (let n = 60; n > 0; n -= 1) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (fraction * Math.sqrt(Math.PI)));
}

/**
 * What the named activation makes of each number, in an array of the same kind.
 * @template {Float32Array | Float64Array} Numbers
 * @param {string} name
 * @param {Numbers} sums
 * @returns {Numbers}
 */
export function activate(name, sums) {
  if (name === "linear") return sums;
  if (name === "softmax") return softmax(sums);
  const apply = ACTIVATIONS[name];
  if (!apply) throw new Error(`There is no activation "${name}".`);
  return sums.map(apply);
}

/**
 * Exponentials relative to the largest logit, their sum, and each one's part of it.
 * @param {ArrayLike<number>} logits
 */
export function softmaxTerms(logits) {
  const most = Array.prototype.reduce.call(logits, (a, b) => Math.max(a, b), -Infinity);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - most));
  const total = exponentials.reduce((sum, one) => sum + one, 0);
  return { most, exponentials, total, probabilities: exponentials.map((one) => one / total) };
}

function softmax(logits) {
  return logits.constructor.from(softmaxTerms(logits).probabilities);
}
