// Flatten, the dense layers as bars, and the probabilities.

import { made, percent, setAlt } from "../reading/elements.js";
import { fill } from "../sums/numbers.js";
import { rounded } from "./colours.js";
import { number } from "./layers.js";
import { put } from "./put.js";

const [BAR, GAP, HEIGHT] = [4, 1, 64]; // of the bars, in pixels
const INKS = new Uint32Array(new Uint8ClampedArray([139, 102, 209, 255, 0, 0, 0, 160]).buffer); // bar, zero line

export class Dense {
  constructor(root) {
    this.root = root;
  }

  /** @param {object} view As `Stage.view` makes it. */
  show(view) {
    const { network, answer, words } = view;
    if (this.built !== view.name) this.build(view);
    for (const [at, layer] of network.layers.entries()) {
      const [values, parts] = [answer.values[at + 1], this.parts[at]];
      if (layer.kind === "flatten") {
        const formula = `${layer.input.join(" × ")} = ${values.length.toLocaleString("en-US")}`;
        parts.said.textContent = fill(words.flatten, { formula });
      } else if (layer.kind === "dense") this.bars(parts, layer, values, view);
      else if (layer.kind === "output") this.probabilities(parts, values, view);
    }
  }

  build({ name, network }) {
    this.built = name;
    this.parts = network.layers.map((layer) => {
      if (!["flatten", "dense", "output"].includes(layer.kind)) return null;
      const head = made("div", "inside head");
      const said = made("span", "quiet nums");
      head.append(made("b", "", layer.name), " ", said);
      return { head, said };
    });
    const elements = this.parts.filter(Boolean).map(({ head }) => head);
    this.root.replaceChildren(...elements);
  }

  bars(parts, layer, values, { words, activations }) {
    const best = strongest(values);
    const active = values.reduce((count, value) => count + (value > 0), 0);
    const written = (count) => count.toLocaleString("en-US");
    const said = fill(words.dense, {
      units: written(values.length),
      activation: activations[layer.activation] ?? layer.activation,
      active: written(active),
      best,
      value: number(values[best]),
    });
    parts.said.textContent = said;
    if (!parts.canvas) {
      const frame = made("div", "inside-bars");
      parts.canvas = made("canvas");
      frame.append(parts.canvas);
      parts.head.after(frame);
    }
    setAlt(parts.canvas, said);
    put(parts.canvas, barsOf(values));
  }

  probabilities(parts, values, { words, classes, image }) {
    const best = strongest(values);
    const said = [
      fill(words.output, { units: values.length, name: classes[best], share: percent(values[best]) }),
    ];
    if (image.truth !== null)
      said.push(image.truth === best ? words.right : fill(words.wrong, { name: classes[image.truth] }));
    parts.said.textContent = said.join(" ");
    if (!parts.rows) {
      parts.list = made("span", "class-shares");
      parts.rows = classes.map((name) => rowOf(name));
      parts.list.append(...parts.rows.map(({ row }) => row));
      parts.head.after(parts.list);
    }
    setAlt(parts.list, said.join(" "));
    for (const [at, { row, fill: bar, share }] of parts.rows.entries()) {
      row.classList.toggle("top", at === best);
      bar.style.width = `${(100 * values[at]).toFixed(1)}%`;
      share.textContent = percent(values[at]);
    }
  }
}

function rowOf(name) {
  const [row, bar, fillOf, share] = [
    made("span", "row"),
    made("span", "bar"),
    made("i"),
    made("span", "share"),
  ];
  bar.append(fillOf);
  row.append(made("span", "name", name), bar, share);
  return { row, fill: fillOf, share };
}

function strongest(values) {
  return values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
}

/** The outputs of a dense layer as bars, the same picture as the server's `bars_png`. */
export function barsOf(values) {
  const top = values.reduce((most, value) => Math.max(most, value), 0);
  const bottom = values.reduce((least, value) => Math.min(least, value), 0);
  const span = top - bottom || 1;
  const base = top > bottom ? rounded((HEIGHT * top) / span) : HEIGHT;
  const width = values.length * (BAR + GAP);
  const pixels = new Uint32Array(width * HEIGHT);
  const line = (Math.min(base, HEIGHT) - 1 + HEIGHT) % HEIGHT;
  for (const [place, value] of values.entries()) {
    const edge = base - rounded((HEIGHT * value) / span);
    const left = place * (BAR + GAP);
    for (let row = Math.min(base, edge); row < Math.max(base, edge); row += 1)
      pixels.fill(INKS[0], row * width + left, row * width + left + BAR);
    for (let column = left; column < left + BAR + GAP; column += 1) pixels[line * width + column] ||= INKS[1];
  }
  return { width, height: HEIGHT, pixels };
}
