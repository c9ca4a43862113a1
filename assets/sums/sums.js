// One number of a network written out to the end, for the image of the page. Data: {network: {name, url}, image,
// shape, truth, classes, layer, channel, sequential, diverging, activations, words}; see
// pages/parts/feature_maps/sums.py.

import { unitAt } from "../network/layout.js";
import { bytes, floats } from "../network/packed.js";
import { percent } from "../reading/elements.js";
import { network } from "../reading/store.js";
import { fill, written } from "./numbers.js";
import { colourOf, paintMap, reach } from "./pictures.js";
import { Writer } from "./writing.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".sums");
  const sums = (root.sums ??= new Sums(root));
  sums.update(data);
}

class Sums {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`.${name}`);
    this.channel = null; // of the input, whose window is shown; null is the strongest
    this.part("layer").addEventListener("change", (event) => this.go(Number(event.target.value), null));
    this.part("unit").addEventListener("change", (event) =>
      this.turn({ channel: Number(event.target.value) }),
    );
    const canvas = this.part("map");
    canvas.addEventListener("click", (event) => this.point(event));
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  async update(data) {
    const asked = `${data.layer} ${data.channel}`;
    const follows = this.asked !== asked;
    this.asked = asked;
    this.data = { ...data, sequential: bytes(data.sequential), diverging: bytes(data.diverging) };
    const turn = (this.turned = {}); // an older network that comes late is not shown
    if (!this.network) this.tell(data.words.loading);
    try {
      const loaded = await network(data.network);
      if (this.turned !== turn) return;
      this.network = loaded;
    } catch {
      if (this.turned === turn) this.tell(data.words.failed);
      return;
    }
    this.values = this.network.forward(floats(data.image)).values;
    this.build();
    const place = this.network.layers.findIndex(({ name }) => name === data.layer) + 1;
    if (follows && place) this.go(place, null, null, data.channel);
    else this.show();
  }

  tell(words) {
    this.root.classList.add("waiting");
    this.part("state").textContent = words;
  }

  say(key, slots) {
    return fill(this.data.words[key], slots);
  }

  build() {
    const { words } = this.data;
    this.part("layer").replaceChildren(
      ...this.network.layers.map(({ name }, at) => new Option(name, at + 1)),
    );
    this.part("layer").setAttribute("aria-label", words.layer);
    this.part("hint").textContent = words.pick;
    this.part("state").textContent = "";
    this.root.classList.remove("waiting");
    this.writer = new Writer(this.network, this.values, this.data, (place, index, channel) =>
      place === null ? this.window(channel) : this.go(place, index),
    );
  }

  // Which number

  /** Show number `index` of layer `place`; null is the largest, of one channel if that is given. */
  go(place, index, input = null, channel = null) {
    this.place = place;
    this.channel = input;
    this.index = index ?? this.largest(place, channel);
    this.show();
  }

  largest(place, channel) {
    const [values, shape] = [this.values[place], this.network.shape(place)];
    const channels = shape.length === 3 ? shape[2] : 1;
    const wanted = shape.length === 3 && channel !== null && channel < channels ? channel : null;
    let best = wanted ?? 0;
    for (let at = best; at < values.length; at += wanted === null ? 1 : channels)
      if (values[at] > values[best]) best = at;
    return best;
  }

  window(channel) {
    this.channel = channel;
    this.show();
  }

  turn(change) {
    const shape = this.network.shape(this.place);
    if (shape.length === 1) this.index = change.channel;
    else {
      const { row, column, channel } = { ...unitAt(shape, this.index), ...change };
      this.index = (row * shape[1] + column) * shape[2] + channel;
    }
    this.show();
  }

  point(event) {
    const shape = this.network.shape(this.place);
    if (shape.length === 1) return;
    const area = this.part("map").getBoundingClientRect();
    const at = (part, side) => Math.min(side - 1, Math.max(0, Math.floor(part * side)));
    this.turn({
      row: at((event.clientY - area.top) / area.height, shape[0]),
      column: at((event.clientX - area.left) / area.width, shape[1]),
    });
  }

  press(event) {
    const step = STEPS[event.key];
    const shape = this.network.shape(this.place);
    if (!step || shape.length === 1) return;
    event.preventDefault();
    const { row, column } = unitAt(shape, this.index);
    const within = (at, side) => Math.min(side - 1, Math.max(0, at));
    this.turn({ row: within(row + step[0], shape[0]), column: within(column + step[1], shape[1]) });
  }

  // What is shown

  show() {
    const shape = this.network.shape(this.place);
    const layer = this.network.layers[this.place - 1];
    this.part("layer").value = this.place;
    this.units(layer, shape);
    this.map(shape);
    this.part("where").textContent = this.writer.place(this.place, this.index);
    const value = this.values[this.place][this.index];
    this.part("value").textContent = layer.kind === "output" ? percent(value, 2) : written(value);
    this.part("parts").replaceChildren(...this.writer.write(this.place, this.index, this.channel));
    this.root.dataset.shown = `${layer.name} ${this.index}`;
  }

  units(layer, shape) {
    const kind = layer.kind === "output" ? "class" : shape.length === 3 ? "map_name" : "unit";
    const count = shape.at(-1);
    const select = this.part("unit");
    const built = `${layer.name} ${kind} ${this.data.classes}`;
    if (this.offered !== built) {
      const name = (at) => (kind === "class" ? this.data.classes[at] : this.say(kind, { index: at }));
      select.replaceChildren(...Array.from({ length: count }, (_, at) => new Option(name(at), at)));
      select.setAttribute("aria-label", this.say(kind === "class" ? "class" : "which"));
      this.offered = built;
    }
    select.value = shape.length === 3 ? this.index % count : this.index;
  }

  map(shape) {
    const figure = this.part("chosen");
    figure.hidden = shape.length === 1;
    if (figure.hidden) return;
    const { row, column, channel } = unitAt(shape, this.index);
    const values = this.values[this.place];
    const of = (at) => values[at * shape[2] + channel];
    const low = values.some((value) => value < 0);
    const colour = colourOf(low ? this.data.diverging : this.data.sequential, reach(values), low);
    const canvas = this.part("map");
    paintMap(canvas, { height: shape[0], width: shape[1], value: of }, colour, [row, column]);
    canvas.setAttribute("role", "application"); // the arrow keys choose a number
    canvas.setAttribute("aria-label", this.say("map_alt", { row, column }));
  }
}
