// Convolution as Keras computes it: of whole feature maps, and of one number with everything that goes
// into it. Images lie flat in the order (H, W, Cin), kernels in the order (kh, kw, Cin, Cout).

import { ACTIVATIONS } from "./activations.js";

/**
 * The sums of a convolution, before its activation.
 * @param {{input: number[], window: [number, number], stride: number, dilation?: number, filters: number,
 *   place: {rows: number, columns: number, top: number, left: number}}} layer
 * @param {ArrayLike<number>} image
 * @param {{kernel: ArrayLike<number>, bias: ArrayLike<number>}} weights
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Numbers Kind of the result.
 */
export function convolve(layer, image, { kernel, bias }, Numbers = Float32Array) {
  const { input, window, stride, dilation = 1, filters, place } = layer;
  const [height, width, channels] = input;
  const [kh, kw] = window;
  const sums = new Numbers(place.rows * place.columns * filters);
  const cell = new Float64Array(filters);
  for (let row = 0, to = 0; row < place.rows; row += 1)
    for (let column = 0; column < place.columns; column += 1, to += filters) {
      cell.set(bias);
      for (let i = 0; i < kh; i += 1) {
        const y = row * stride - place.top + i * dilation;
        if (y < 0 || y >= height) continue;
        for (let j = 0; j < kw; j += 1) {
          const x = column * stride - place.left + j * dilation;
          if (x < 0 || x >= width) continue;
          addProducts(cell, image, (y * width + x) * channels, channels, kernel, (i * kw + j) * channels);
        }
      }
      sums.set(cell, to);
    }
  return sums;
}

/**
 * The sums of one filter apart for each input channel, before they are added: flat in the order (rows,
 * columns, Cin). With the bias, those of one place add up to the sum of the convolution.
 */
export function partialMaps(layer, image, { kernel }, filter) {
  const { input, window, stride, dilation = 1, filters, place } = layer;
  const [height, width, channels] = input;
  const partial = new Float64Array(place.rows * place.columns * channels);
  for (let at = 0; at < place.rows * place.columns; at += 1) {
    const top = Math.floor(at / place.columns) * stride - place.top;
    const left = (at % place.columns) * stride - place.left;
    for (let tap = 0; tap < window[0] * window[1]; tap += 1) {
      const [y, x] = [top + Math.floor(tap / window[1]) * dilation, left + (tap % window[1]) * dilation];
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      for (let channel = 0; channel < channels; channel += 1)
        partial[at * channels + channel] +=
          image[(y * width + x) * channels + channel] * kernel[(tap * channels + channel) * filters + filter];
    }
  }
  return partial;
}

/**
 * Add to each output the products of `count` inputs with their rows of weights.
 * @param {Float64Array} outputs
 * @param {ArrayLike<number>} inputs
 * @param {number} from The first of them.
 * @param {number} count
 * @param {ArrayLike<number>} weights One row an input, one column an output.
 * @param {number} row The row of the first input.
 */
export function addProducts(outputs, inputs, from, count, weights, row) {
  const width = outputs.length;
  for (let at = 0; at < count; at += 1) {
    const value = inputs[from + at];
    if (value === 0) continue; // half of what a ReLU lets through
    const start = (row + at) * width;
    for (let to = 0; to < width; to += 1) outputs[to] += value * weights[start + to];
  }
}

/**
 * One number of the result: patch and products (kh, kw, Cin), the `partial` sum of each channel, `sum`
 * with the bias, `output` after the activation. The window begins at row `top` and column `left` of the
 * image, which are negative in the padding.
 */
export function convolutionTerms(layer, image, { kernel, bias }, { row, column, channel: filter }) {
  const { input, window, stride, dilation = 1, filters, place, activation } = layer;
  const [height, width, channels] = input;
  const [kh, kw] = window;
  const [top, left] = [row * stride - place.top, column * stride - place.left];
  const patch = new Float64Array(kh * kw * channels);
  const products = new Float64Array(kh * kw * channels);
  const partial = new Float64Array(channels);
  for (let tap = 0; tap < kh * kw; tap += 1) {
    const [y, x] = [top + Math.floor(tap / kw) * dilation, left + (tap % kw) * dilation];
    if (y < 0 || y >= height || x < 0 || x >= width) continue; // zeros of the padding
    for (let channel = 0; channel < channels; channel += 1) {
      const at = tap * channels + channel;
      patch[at] = image[(y * width + x) * channels + channel];
      products[at] = patch[at] * kernel[at * filters + filter];
      partial[channel] += products[at];
    }
  }
  const sum = partial.reduce((total, one) => total + one, 0) + bias[filter];
  return {
    top,
    left,
    patch,
    products,
    partial,
    bias: bias[filter],
    sum,
    output: ACTIVATIONS[activation](sum),
  };
}
