// What each kind of layer does. A new kind of layer is a new entry of `KINDS`; nothing else knows them.

import { activate } from "./activations.js";
import { convolutionTerms, convolve } from "./convolution.js";
import { connect, denseTerms } from "./dense.js";
import { layout, reach, unitAt } from "./layout.js";
import { pool, poolingTerms } from "./pooling.js";

/**
 * Where a layer looks: rows and columns [from, to), one channel or all of them (null). Units have no rows.
 * @typedef {{rows?: [number, number], columns?: [number, number], channel: number | null}} Region
 */

const windowed = {
  resolve(layer, input) {
    const place = layout(input, layer);
    return { place, output: [place.rows, place.columns, layer.filters ?? input[2]] };
  },
  source({ input, window, stride, dilation = 1, place }, region) {
    const axis = (at, before) => ({ stride, before, size: (window[at] - 1) * dilation + 1, side: input[at] });
    return {
      rows: reach(region.rows, axis(0, place.top)),
      columns: reach(region.columns, axis(1, place.left)),
    };
  },
};

const dense = {
  resolve: (layer) => ({ output: [layer.units] }),
  forward: (layer, values, weights, Numbers) => connect(layer, values, weights, Numbers),
  source: ({ input }) => everything(input),
  terms: denseTerms,
};

/**
 * Of each kind: `resolve`, what follows from the shape of its input; `forward`, its numbers before the
 * activation; `source`, the region of its input that a region of its output reads; `terms`, what goes
 * into one number.
 */
export const KINDS = {
  conv: {
    resolve: windowed.resolve,
    forward: (layer, values, weights, Numbers) => convolve(layer, values, weights, Numbers),
    source: (layer, region) => ({ ...windowed.source(layer, region), channel: null }),
    terms: (layer, values, weights, index) =>
      convolutionTerms(layer, values, weights, unitAt(layer.output, index)),
  },
  pool: {
    resolve: windowed.resolve,
    forward: (layer, values, weights, Numbers) => pool(layer, values, Numbers),
    source: (layer, region) => ({ ...windowed.source(layer, region), channel: region.channel }),
    terms: (layer, values, weights, index) => poolingTerms(layer, values, unitAt(layer.output, index)),
  },
  flatten: {
    resolve: (layer, input) => ({ output: [input.reduce((a, b) => a * b)] }),
    forward: (layer, values) => values,
    source({ input }, { channel: index }) {
      if (index === null) return everything(input);
      const { row, column, channel } = unitAt(input, index);
      return { rows: [row, row + 1], columns: [column, column + 1], channel };
    },
    terms: passedOn,
  },
  dropout: {
    resolve: (layer, input) => ({ output: input }),
    forward: (layer, values) => values, // it silences units in training only
    source: (layer, region) => region,
    terms: passedOn,
  },
  dense,
  output: dense,
};

function everything(shape) {
  if (shape.length === 1) return { channel: null };
  return { rows: [0, shape[0]], columns: [0, shape[1]], channel: null };
}

function passedOn(layer, values, weights, index) {
  return { output: values[index] };
}

/**
 * A layer with all that follows from the shape of its input: `input`, `output`, and of a window its `place`.
 * @param {object} layer Plain data: {name, kind}, and of a convolution {window, stride, padding, filters,
 *   activation}, of a pooling {pool, window, stride, padding}, of dense layers {units, activation}.
 * @param {number[]} input
 */
export function resolve(layer, input) {
  const kind = KINDS[layer.kind];
  if (!kind) throw new Error(`There is no kind of layer "${layer.kind}".`);
  return { ...layer, input, ...kind.resolve(layer, input) };
}

/**
 * What a resolved layer makes of its input: `sums`, and `values` after its activation.
 * @param {object} layer
 * @param {ArrayLike<number>} values
 * @param {{kernel: ArrayLike<number>, bias: ArrayLike<number>}} [weights]
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} [Numbers]
 */
export function forward(layer, values, weights, Numbers = Float32Array) {
  const sums = KINDS[layer.kind].forward(layer, values, weights, Numbers);
  return { sums, values: activate(layer.activation ?? "linear", sums) };
}

/** Everything that goes into one number of a resolved layer, by its place in the flat output. */
export function terms(layer, values, weights, index) {
  return KINDS[layer.kind].terms(layer, values, weights, index);
}

/** The region of its input that a region of a resolved layer's output reads. */
export function source(layer, region) {
  return KINDS[layer.kind].source(layer, region);
}
