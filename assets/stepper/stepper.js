// A window that slides over an image, and everything that one place of it adds up to. Data: {kind: "conv" |
// "max" | "average", image, shape: [H, W, C], window: [kh, kw], stride, padding, dilation}, of a convolution also {kernels
// (a list `kernel` where it can be edited), filters, bias, activation}, and {filter, colours, editable, scales,
// keras, words}; arrays are base64 of float32. A typed kernel is sent as `kernel`, a chosen filter as
// `filter`; both are shown immediately, without waiting for the answer. Everything is computed in 64 bits.

import { forward, resolve } from "../network/layers.js";
import { unread } from "../network/layout.js";
import { bytes, floats } from "../network/packed.js";
import { Fitting } from "../screen/density.js";
import { View, lookOfInput, lookOfOutput } from "./paint.js";
import { Pictures } from "./pictures.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SPEEDS = [1, 2, 5, 10, 25, 60, 150, 400]; // cells a second
const GLIDES = 30; // up to this speed the window glides from cell to cell
const TYPED = 350; // ms after the last key before a typed kernel is sent

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".stepper");
  root.stepper ??= new Stepper(root);
  root.stepper.update(data, setTriggerValue);
  root.stepper.resized.observe(root);
  return () => root.stepper.leave();
}

class Stepper extends Pictures {
  constructor(root) {
    super(root);
    this.input = new View(this.find(".input canvas"));
    this.output = new View(this.find(".output canvas"));
    this.sheet = this.find(".sheet");
    this.index = null; // which cell, row by row
    this.revealed = 0; // how many cells of the maps are drawn
    this.channel = 0;
    this.frames = 0;
    this.sent = []; // kernels on their way to Python
    this.listen();
    this.resized = new Fitting(() => this.repaint());
  }

  listen() {
    for (const [view, go] of [
      [this.input, (row, column) => this.goUnder(row, column)],
      [this.output, (row, column) => this.go(row, column)],
    ]) {
      const move = (event) => go(...view.under(event));
      view.canvas.addEventListener("pointermove", (event) => this.playing || move(event));
      view.canvas.addEventListener("click", (event) => {
        this.pause();
        move(event);
      });
    }
    const on = (selector, type, act) => this.find(selector).addEventListener(type, act);
    on(".play", "click", () => this.toggle());
    on(".back", "click", () => this.walk(-1));
    on(".next", "click", () => this.walk(1));
    on(".less", "click", () => this.choose(this.channel - 1));
    on(".more", "click", () => this.choose(this.channel + 1));
    on(".speed input", "input", (event) => this.hurry(Number(event.target.value)));
    on(".chips", "click", (event) => {
      const chip = event.target.closest("button");
      if (chip) this.choose([...chip.parentElement.children].indexOf(chip));
    });
    on(".arrows", "click", (event) => {
      const key = event.target.dataset.key;
      if (key) this.step(STEPS[key]);
    });
    on(".sheet", "click", (event) => this.pickUnder(event));
    on(".sheet", "keydown", (event) => this.pressSheet(event));
    on(".kernel .grid", "input", (event) => this.type(event.target));
    this.root.addEventListener("keydown", (event) => this.press(event));
    this.hurry(4);
  }

  // What Python says

  update(data, send) {
    this.send = send;
    this.words = data.words;
    this.keras = data.keras && {
      ...data.keras,
      sums: floats(data.keras.sums),
      outputs: floats(data.keras.outputs),
    };
    const text = JSON.stringify({ ...data, keras: null, words: null, kernel: null, filter: null });
    const kernel = JSON.stringify(data.kernel ?? null);
    const same = text === this.text;
    const mine = kernel === this.given || this.sent.includes(kernel);
    const typed = mine && this.setup?.kernels?.length === data.kernel?.length ? this.setup.kernels : null;
    if (this.filter === undefined || data.filter !== this.saidFilter) this.filter = data.filter;
    this.saidFilter = data.filter;
    if (this.sent.includes(kernel)) this.sent = this.sent.slice(this.sent.indexOf(kernel) + 1);
    this.given = kernel;
    if (!same) this.read(data);
    if (data.kernel && typed) this.setup.kernels = typed;
    else if (data.kernel) {
      clearTimeout(this.typing);
      this.setup.kernels = Float64Array.from(data.kernel);
    }
    this.text = text;
    this.build();
    this.compute();
    this.name();
    this.repaint();
  }

  read(data) {
    const kernels = data.kernel ?? (data.kernels ? floats(data.kernels) : null);
    this.setup = { ...data, image: floats(data.image), bias: data.bias && floats(data.bias), kernels };
    this.layer = layerOf(data);
    this.place = this.layer.place;
    this.filters = this.layer.output[2];
    this.unread = unread(data.shape, this.layer, this.place);
    this.scales = Object.fromEntries(
      Object.entries(data.scales).map(([name, table]) => [name, bytes(table)]),
    );
    const [, , channels] = data.shape;
    this.filter = Math.min(this.filter, this.filters - 1);
    this.channel = data.kind === "conv" ? Math.min(this.channel, channels - 1) : this.filter;
  }

  // Everything that follows from set-up and kernel: the maps, their colours, what is drawn of them.
  compute() {
    const { rows, columns } = this.place;
    this.maps = forward(this.layer, this.setup.image, this.weights, Float64Array).values;
    this.inputLook = lookOfInput(this.setup);
    this.look = lookOfOutput(this.setup, this.maps, this.inputLook);
    this.pictures = this.paintMaps();
    const cells = rows * columns;
    const known = this.index !== null && this.cells === cells;
    if (!known) {
      this.pause();
      this.index = this.strongest();
    }
    this.cells = cells;
    if (!this.playing) this.revealed = cells;
    this.lookAtOne();
  }

  // The large map has a range of its own, so that a faint one is seen, too.
  lookAtOne() {
    const one = this.maps.filter((value, at) => at % this.filters === this.filter);
    const pooling = this.setup.kind !== "conv";
    this.one = this.filters === 1 || pooling ? this.look : lookOfOutput(this.setup, one, this.inputLook);
    this.legends();
  }

  get weights() {
    return { kernel: this.setup.kernels, bias: this.setup.bias };
  }

  strongest() {
    const { rows, columns } = this.place;
    let [best, most] = [0, -1];
    for (let cell = 0; cell < rows * columns; cell += 1) {
      const value = Math.abs(this.maps[cell * this.filters + this.filter]);
      if (value > most) [best, most] = [cell, value];
    }
    return best;
  }

  // Moving

  get row() {
    return Math.floor(this.index / this.place.columns);
  }

  get column() {
    return this.index % this.place.columns;
  }

  go(row, column) {
    const inside = (at, count) => Math.min(count - 1, Math.max(0, at));
    const { rows, columns } = this.place;
    this.index = inside(row, rows) * columns + inside(column, columns);
    this.revealed = this.cells;
    this.show();
    this.tell();
  }

  // The window whose middle is nearest to that pixel of the image; in the padding they are negative.
  goUnder(row, column) {
    const { top, left } = this.place;
    const { stride } = this.setup;
    const at = (pixel, before, size) => Math.round((pixel + before - (size - 1) / 2) / stride);
    const [high, wide] = this.span();
    this.go(at(row, top, high), at(column, left, wide));
  }

  step([down, across]) {
    this.pause();
    this.go(this.row + down, this.column + across);
  }

  // One cell on or back in the order in which it plays; what comes later is not drawn yet.
  walk(by) {
    this.pause();
    this.index = (this.index + by + this.cells) % this.cells;
    this.revealed = this.index + 1;
    this.show();
    this.tell();
  }

  play() {
    if (this.playing) return;
    if (this.revealed === this.cells) this.index = 0;
    this.revealed = this.index + 1;
    this.playing = true;
    this.carry = 0;
    this.before = performance.now();
    this.root.classList.add("playing");
    this.name();
    const frame = (now) => {
      if (!this.playing) return;
      this.advance(now);
      this.frame = requestAnimationFrame(frame);
    };
    this.frame = requestAnimationFrame(frame);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  advance(now) {
    this.carry += (Math.max(0, Math.min(now - this.before, 100)) / 1000) * this.speed;
    this.before = now;
    const steps = Math.floor(this.carry);
    this.carry -= steps;
    this.index = Math.min(this.cells - 1, this.index + steps);
    this.revealed = this.index + 1;
    if (steps || this.speed <= GLIDES) this.show(this.speed <= GLIDES ? this.carry : 0);
    if (this.index === this.cells - 1 && this.carry >= 0.5) this.pause();
  }

  leave() {
    this.pause();
    this.resized.disconnect();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.root.classList.remove("playing");
    this.name();
    this.show();
    this.tell();
  }

  hurry(at) {
    this.speed = SPEEDS[at];
    const range = this.find(".speed input");
    range.value = at;
    if (this.words) this.name();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.matches("input, .chips *, .sheet")) return;
    const step = STEPS[event.key];
    if (step) this.step(step);
    else if (event.key === "Home") this.go(0, 0);
    else if (event.key === "End") this.go(this.place.rows, this.place.columns);
    else if (event.key === " " && !event.target.matches("button")) this.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Choosing

  choose(channel) {
    this.channel = Math.min(this.setup.shape[2] - 1, Math.max(0, channel));
    this.inputLook = lookOfInput(this.setup);
    this.name();
    this.repaint();
    this.tell();
  }

  pick(filter) {
    if (filter < 0 || filter >= this.filters || filter === this.filter) return;
    this.filter = filter;
    if (this.setup.kind !== "conv") this.channel = filter;
    this.lookAtOne();
    this.name();
    this.repaint();
    this.tell();
    this.send("filter", filter);
  }

  pickUnder(event) {
    const area = this.sheet.getBoundingClientRect();
    const { across, down } = this.tiling;
    const column = Math.floor(((event.clientX - area.left) / area.width) * across);
    const row = Math.floor(((event.clientY - area.top) / area.height) * down);
    this.pick(Math.min(across - 1, column) + row * across);
  }

  pressSheet(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.pick(this.filter + step[0] * this.tiling.across + step[1]);
  }

  type(field) {
    const value = Number(field.value.trim().replace(",", ".").replace("−", "-"));
    const right = field.value.trim() !== "" && Number.isFinite(value) && Math.abs(value) <= 1000;
    field.setAttribute("aria-invalid", String(!right));
    this.refuse(!right);
    clearTimeout(this.typing);
    if (!right) return;
    this.setup.kernels = Float64Array.from(this.setup.kernels);
    this.setup.kernels[[...field.parentElement.children].indexOf(field)] = value;
    this.compute();
    this.repaint();
    this.typing = setTimeout(() => {
      const kernel = Array.from(this.setup.kernels);
      this.sent.push(JSON.stringify(kernel));
      this.send("kernel", kernel);
    }, TYPED);
  }
}

function layerOf({ kind, shape, window, stride, padding, dilation, filters, activation }) {
  const slides = { window, stride, padding, dilation };
  const layer = kind === "conv" ? { kind, filters, activation } : { kind: "pool", pool: kind };
  return resolve({ ...layer, ...slides }, shape);
}
