// One number of a network, written out by the kind of its layer.

import { crossEntropy, largest } from "../network/contributions.js";
import { partialMaps } from "../network/convolution.js";
import { unitAt } from "../network/layout.js";
import { made, percent, setAlt } from "../reading/elements.js";
import { fill } from "./numbers.js";
import { colourOf, paintMap, reach } from "./pictures.js";
import { lines, table, windowOf } from "./tables.js";

const NAMED = 10; // contributions

/** Writes numbers of one image out; `go(place, index)` leads to another number. */
export class Writer {
  constructor(network, values, data, go) {
    Object.assign(this, { network, values, data, words: data.words, go });
  }

  say(key, slots = {}) {
    return fill(this.words[key], slots);
  }

  /** Where a number is, in words. */
  place(place, index) {
    const shape = this.network.shape(place);
    if (place === 0) return this.say("at_pixel", unitAt(shape, index));
    const { name, kind } = this.network.layers[place - 1];
    if (kind === "output") return this.say("at_class", { layer: name, name: this.data.classes[index] });
    if (shape.length === 1) return this.say("at_unit", { layer: name, index });
    return this.say("at_map", { layer: name, ...unitAt(shape, index) });
  }

  /** A button that leads to a number. */
  link(place, index) {
    const button = made("button", "link", this.place(place, index));
    button.type = "button";
    button.disabled = place === 0;
    button.addEventListener("click", () => this.go(place, index));
    return button;
  }

  /** Everything that goes into number `index` of layer `place`, as elements. */
  write(place, index, channel) {
    const layer = this.network.layers[place - 1];
    const terms = this.network.terms(place, index, this.values);
    if (layer.kind === "conv") return this.convolution(place, index, terms, channel);
    if (layer.kind === "pool") return this.pooling(layer, terms);
    if (layer.kind === "dense") return [this.sum(layer, terms), ...this.contributions(place, index, terms)];
    if (layer.kind === "output") return this.output(place, index, terms);
    return [this.same(place, index)];
  }

  activation(layer) {
    return this.data.activations[layer.activation] ?? layer.activation;
  }

  // Convolution

  convolution(place, index, terms, wanted) {
    const layer = this.network.layers[place - 1];
    const { row, column, channel: filter } = unitAt(layer.output, index);
    const strongest = terms.partial.reduce(
      (best, value, at) => (Math.abs(value) > Math.abs(terms.partial[best]) ? at : best),
      0,
    );
    const channel = wanted !== null && wanted < terms.partial.length ? wanted : strongest;
    const added = terms.partial.reduce((total, value) => total + value, 0);
    const sum = lines([
      [this.say("channels", { count: terms.partial.length }), added],
      [this.say("bias"), terms.bias],
      [this.say("before"), terms.sum],
      [this.activation(layer), terms.output],
    ]);
    return [
      sum,
      made("h3", "", this.say("window", { channel })),
      this.windows(layer, terms, filter, channel),
      made("h3", "", this.say("partial")),
      this.partials(place, filter, [row, column], channel),
    ];
  }

  windows(layer, terms, filter, channel) {
    const { input, window, dilation = 1 } = layer;
    const [height, width, channels] = input;
    const weights = this.network.weights[this.network.layers.indexOf(layer)].kernel;
    const of = (array) => Array.from({ length: window[0] * window[1] }, (_, tap) => array(tap));
    const inside = (tap) => {
      const y = terms.top + Math.floor(tap / window[1]) * dilation;
      const x = terms.left + (tap % window[1]) * dilation;
      return y >= 0 && y < height && x >= 0 && x < width;
    };
    const patch = of((tap) => (inside(tap) ? terms.patch[tap * channels + channel] : null));
    const kernel = of((tap) => weights[(tap * channels + channel) * layer.filters + filter]);
    const products = of((tap) => terms.products[tap * channels + channel]);
    const grey = colourOf(this.data.sequential, reach(patch.filter((value) => value !== null)));
    const around = (values) => colourOf(this.data.diverging, reach(values), true);
    const row = made("div", "windows");
    row.append(
      windowOf(this.say("patch"), window[1], patch, grey),
      made("span", "sign", "×"),
      windowOf(this.say("kernel"), window[1], kernel, around(kernel)),
      made("span", "sign", "="),
      windowOf(this.say("products"), window[1], products, around(products)),
      made("span", "sign", "Σ"),
      lines([[this.say("channel", { channel }), terms.partial[channel]]]),
    );
    return row;
  }

  partials(place, filter, at, marked) {
    const layer = this.network.layers[place - 1];
    const { rows, columns } = layer.place;
    const channels = layer.input[2];
    const maps = partialMaps(layer, this.values[place - 1], this.network.weights[place - 1], filter);
    const colour = colourOf(this.data.diverging, reach(maps), true);
    const list = made("div", "partials");
    for (let channel = 0; channel < channels; channel += 1) {
      const button = made("button", "partial");
      button.type = "button";
      const value = maps[(at[0] * columns + at[1]) * channels + channel];
      const canvas = made("canvas");
      setAlt(canvas, this.say("partial_alt", { channel }));
      paintMap(
        canvas,
        { height: rows, width: columns, value: (pixel) => maps[pixel * channels + channel] },
        colour,
        at,
      );
      button.setAttribute("aria-pressed", channel === marked);
      button.append(canvas, lines([[this.say("channel", { channel }), value]]));
      button.addEventListener("click", () => this.go(null, null, channel));
      list.append(button);
    }
    return list;
  }

  // Pooling, and layers that pass numbers on

  pooling(layer, terms) {
    const values = terms.patch.filter((value) => value !== null);
    const row = made("div", "windows");
    const around = colourOf(this.data.diverging, reach(values), true);
    row.append(windowOf(this.say("patch"), layer.window[1], terms.patch, around));
    const parts =
      layer.pool === "max"
        ? [[this.say("largest"), terms.output]]
        : [
            [this.say("sum"), terms.sum],
            [this.say("mean", { count: terms.counted }), terms.output],
          ];
    return [lines(parts), row];
  }

  same(place, index) {
    const line = made("p", "same", this.say("same"));
    line.append(" ", this.link(place - 1, index));
    return line;
  }

  // Dense layers

  sum(layer, terms) {
    const { sum, rest, others } = largest(terms.products, NAMED);
    return lines([
      [this.say("named", { count: terms.products.length - others }), sum],
      ...(others ? [[this.say("rest", { count: others.toLocaleString("en") }), rest]] : []),
      [this.say("bias"), terms.bias],
      ...(layer.kind === "output"
        ? [[this.say("logit"), terms.sum]]
        : [
            [this.say("before"), terms.sum],
            [this.activation(layer), terms.output],
          ]),
    ]);
  }

  contributions(place, unit, terms) {
    const { kernel } = this.network.weights[place - 1];
    const { units } = this.network.layers[place - 1];
    const { largest: places } = largest(terms.products, NAMED);
    const heads = ["", "from", "value", "weight", "product"].map((key) => (key ? this.say(key) : ""));
    const rows = places.map((at) => {
      const [source, index] = this.origin(place - 1, at);
      const weight = kernel[at * units + unit];
      return [
        this.thumb(source, index),
        this.link(source, index),
        terms.inputs[at],
        weight,
        terms.products[at],
      ];
    });
    return [made("h3", "", this.say("contributions")), table(heads, rows, { texts: 2 })];
  }

  // Through flatten and dropout to the layer that has computed the number.
  origin(place, index) {
    let from = place;
    while (from > 0 && ["flatten", "dropout"].includes(this.network.layers[from - 1].kind)) from -= 1;
    return [from, index];
  }

  /** The map that a number is part of, with its place; empty for a unit. */
  thumb(place, index) {
    const shape = this.network.shape(place);
    if (shape.length === 1) return "";
    const { row, column, channel } = unitAt(shape, index);
    const canvas = made("canvas", "thumb");
    const values = this.values[place];
    const of = (at) => values[at * shape[2] + channel];
    paintMap(
      canvas,
      { height: shape[0], width: shape[1], value: of },
      colourOf(this.data.sequential, reach(values)),
      [row, column],
    );
    setAlt(canvas, this.place(place, index));
    return canvas;
  }

  // The softmax

  output(place, index, terms) {
    const { logits, most, exponentials, total } = terms;
    const heads = [
      this.say("class"),
      this.say("logit"),
      this.say("exponential", { most: most.toFixed(3).replace("-", "−") }),
      this.say("probability"),
    ];
    const rows = this.data.classes.map((name, at) => [
      this.classButton(place, at, name),
      logits[at],
      exponentials[at],
      percent(exponentials[at] / total, 2),
    ]);
    rows.push([this.say("sum"), "", total, "100%"]);
    return [
      table(heads, rows, { texts: 1, strong: [index] }),
      this.loss(terms),
      made("h3", "", this.say("logit_of", { name: this.data.classes[index] })),
      this.sum(this.network.layers[place - 1], terms),
      ...this.contributions(place, index, terms),
    ];
  }

  classButton(place, at, name) {
    const button = made("button", "link", name);
    button.type = "button";
    button.addEventListener("click", () => this.go(place, at));
    return button;
  }

  loss(terms) {
    const { truth, classes } = this.data;
    if (truth === null) return made("p", "loss", this.say("no_loss"));
    const loss = crossEntropy(terms, truth);
    const probability = terms.exponentials[truth] / terms.total;
    return lines([
      [this.say("true_probability", { name: classes[truth] }), percent(probability, 2)],
      [this.say("loss"), loss],
    ]);
  }
}
