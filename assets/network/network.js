// A trained network in the browser: the forward pass of every network that `cnn_core.config.ModelConfig`
// describes, where each of its numbers comes from, and what each adds up to. Arrays lie flat in the order
// row, column, channel, as in NumPy and Keras. Nothing here knows of pages.

import { unitAt } from "./layout.js";
import { forward, resolve, source, terms } from "./layers.js";

export class Network {
  /**
   * @param {{input: number[], layers: object[]}} description Shape (H, W, C) of an image; the layers in
   *   order, as `resolve` takes them.
   * @param {Record<string, ArrayLike<number>>} weights "conv1/kernel", "conv1/bias" and so on.
   */
  constructor({ input, layers }, weights) {
    let shape = input;
    this.input = input;
    this.layers = layers.map((layer) => {
      const resolved = resolve(layer, shape);
      shape = resolved.output;
      return resolved;
    });
    this.weights = this.layers.map(({ name }) => ({
      kernel: weights[`${name}/kernel`],
      bias: weights[`${name}/bias`],
    }));
  }

  /**
   * The numbers of every layer for one image: `values[0]` is the image, `values[n]` what layer n puts
   * out, `sums[n]` the same before its activation.
   * @param {ArrayLike<number>} image Numbers in [0, 1].
   * @param {Record<string, ArrayLike<number>>} given Outputs by name of layer that are known already, of
   *   layers whose weights are not here.
   */
  forward(image, given = {}) {
    const values = [image];
    const sums = [image];
    for (const [at, layer] of this.layers.entries()) {
      const known = given[layer.name];
      const result = known
        ? { values: known, sums: undefined }
        : forward(layer, values[at], this.weights[at]);
      values.push(result.values);
      sums.push(result.sums);
    }
    return { values, sums };
  }

  /** Probabilities of the classes for one image. */
  predict(image) {
    return this.forward(image).values.at(-1);
  }

  /** Shape of `values[place]`. */
  shape(place) {
    return place === 0 ? this.input : this.layers[place - 1].output;
  }

  /**
   * What a number of `values[place]` depends on, at each place from its own down to the image.
   * @returns {import("./layers.js").Region[]}
   */
  trace(place, index) {
    const shape = this.shape(place);
    const { row, column, channel } = shape.length === 3 ? unitAt(shape, index) : { channel: index };
    const seen = [];
    seen[place] =
      shape.length === 3 ? { rows: [row, row + 1], columns: [column, column + 1], channel } : { channel };
    for (let at = place; at > 0; at -= 1) seen[at - 1] = source(this.layers[at - 1], seen[at]);
    return seen;
  }

  /** Everything that goes into a number of `values[place]`, from those of the place before. */
  terms(place, index, values) {
    if (place === 0) return { output: values[0][index] };
    return terms(this.layers[place - 1], values[place - 1], this.weights[place - 1], index);
  }
}
