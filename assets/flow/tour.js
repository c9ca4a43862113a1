// The images of the tour and the network that they go through. Its convolutions and poolings are computed
// here, so that another image takes no answer from the server; of the dense layers only the outputs came.

import { Network } from "../network/network.js";
import { bytes, floats } from "../network/packed.js";

export class Tour {
  constructor({ stages, images, units, weights }) {
    const decoded = (texts) =>
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, floats(text)]));
    const [{ shape }, ...layers] = stages;
    this.network = new Network({ input: shape, layers }, decoded(weights));
    this.images = bytes(images);
    this.units = decoded(units);
    this.pixels = shape.reduce((a, b) => a * b);
    this.count = this.images.length / this.pixels;
  }

  image(number) {
    return this.images.subarray(number * this.pixels, (number + 1) * this.pixels);
  }

  /** The outputs of a dense layer for that image. */
  unitsOf(name, number) {
    const width = this.units[name].length / this.count;
    return this.units[name].subarray(number * width, (number + 1) * width);
  }

  forward(number) {
    const image = Float32Array.from(this.image(number), (byte) => byte / 255);
    const known = Object.keys(this.units).map((name) => [name, this.unitsOf(name, number)]);
    return this.network.forward(image, Object.fromEntries(known));
  }

  /** Where a map's number comes from, by place of the stage; nothing of units, which depend on everything. */
  trace(place, index) {
    const flat = this.network.shape(place).length === 1;
    if (flat && this.network.layers[place - 1].kind !== "flatten") return {};
    return Object.fromEntries(
      Object.entries(this.network.trace(place, index)).filter(([, { rows }]) => rows),
    );
  }
}
