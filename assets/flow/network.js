// The network in the browser: convolutions and poolings are calculated here, so that another image takes
// no answer from the server. Numbers lie in the order row, column, channel, as in NumPy and Keras.

function decode(text, Kind) {
  return new Kind(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer);
}

class Network {
  constructor({ stages, images, units, weights }) {
    const floats = (texts) =>
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, decode(text, Float32Array)]));
    this.stages = stages;
    this.images = decode(images, Uint8Array);
    this.units = floats(units);
    this.weights = floats(weights);
    this.pixels = stages[0].shape.reduce((a, b) => a * b);
    this.count = this.images.length / this.pixels;
  }

  image(number) {
    return this.images.subarray(number * this.pixels, (number + 1) * this.pixels);
  }

  // What every stage puts out, and what convolutions had before their ReLU.
  forward(number) {
    const values = [];
    const sums = [];
    for (const [place, stage] of this.stages.entries()) {
      const before = values[place - 1];
      if (stage.kind === "input") values.push(Float32Array.from(this.image(number), (byte) => byte / 255));
      else if (stage.kind === "conv") {
        const kernel = this.weights[`${stage.name}/kernel`];
        const bias = this.weights[`${stage.name}/bias`];
        sums[place] = convolve(before, this.stages[place - 1].shape, stage, kernel, bias);
        values.push(sums[place].map((sum) => Math.max(0, sum)));
      } else if (stage.kind === "pool") values.push(pool(before, this.stages[place - 1].shape, stage));
      else if (stage.name in this.units) {
        const width = stage.shape[0];
        values.push(this.units[stage.name].subarray(number * width, (number + 1) * width));
      } else values.push(before); // flatten and dropout pass on what they get
    }
    return { values, sums };
  }

  // What one unit looks at, by place of the stage: rows and columns [from, to), channel null for all.
  trace(place, index) {
    const stage = this.stages[place];
    if (stage.kind === "flatten") return this.trace(place - 1, index);
    const seen = {};
    if (stage.shape.length === 1) return seen;
    const { row, column, channel } = spot(stage, index);
    seen[place] = { rows: [row, row + 1], columns: [column, column + 1], channel };
    for (let at = place; at > 0; at -= 1) {
      const { kernel, stride, before, kind } = this.stages[at];
      const [height, width] = this.stages[at - 1].shape;
      const back = ([from, to], side) => [
        Math.max(0, from * stride - before),
        Math.min(side, (to - 1) * stride - before + kernel),
      ];
      seen[at - 1] = {
        rows: back(seen[at].rows, height),
        columns: back(seen[at].columns, width),
        channel: kind === "pool" ? seen[at].channel : null,
      };
    }
    return seen;
  }
}

function spot({ shape: [, width, channels] }, index) {
  const pixel = Math.floor(index / channels);
  return { row: Math.floor(pixel / width), column: pixel % width, channel: index % channels };
}

function convolve(input, [height, width, channels], { shape, kernel: side, stride, before }, kernel, bias) {
  const [rows, columns, filters] = shape;
  const output = new Float32Array(rows * columns * filters);
  for (let row = 0, to = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1, to += filters) {
      const cell = output.subarray(to, to + filters);
      cell.set(bias);
      for (let i = 0; i < side; i += 1) {
        const y = row * stride - before + i;
        if (y < 0 || y >= height) continue;
        for (let j = 0; j < side; j += 1) {
          const x = column * stride - before + j;
          if (x < 0 || x >= width) continue;
          for (let channel = 0; channel < channels; channel += 1) {
            const value = input[(y * width + x) * channels + channel];
            if (value === 0) continue; // half of what a ReLU lets through
            const from = ((i * side + j) * channels + channel) * filters;
            for (let filter = 0; filter < filters; filter += 1) cell[filter] += value * kernel[from + filter];
          }
        }
      }
    }
  return output;
}

function pool(input, [, width, channels], { shape, kernel: side, stride }) {
  const [rows, columns] = shape;
  const output = new Float32Array(rows * columns * channels).fill(-Infinity);
  for (let row = 0, to = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1, to += channels)
      for (let i = 0; i < side; i += 1)
        for (let j = 0; j < side; j += 1) {
          const from = ((row * stride + i) * width + column * stride + j) * channels;
          for (let channel = 0; channel < channels; channel += 1)
            output[to + channel] = Math.max(output[to + channel], input[from + channel]);
        }
  return output;
}
