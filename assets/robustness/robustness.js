// An image, sliders that change it, and what a network says to it, computed here in the frame in which a slider
// moves. Data: {changes, image, shape, title, network, classes, centre, turn, words}; see
// pages/parts/robustness/bench.py. Sends `values`, when a slider is let go: strengths by name, and the square's centre.

import { floats } from "../network/packed.js";
import { percent, setAlt } from "../reading/elements.js";
import { network } from "../reading/store.js";
import { Bars } from "./bars.js";
import { change, NEUTRAL } from "./changes.js";
import { flips, strongest } from "./flips.js";
import { mount } from "./mount.js";
import { paint } from "./paint.js";
import { Slider } from "./slider.js";

const SLICE = 8; // ms of searching for flips between two frames
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const kept = new Map(); // by key: what was set, for a visitor who comes back from another page

export default function (component) {
  return mount(component, ".bench", Bench, "values");
}

class Bench {
  constructor(root) {
    this.root = root;
    [this.before, this.after] = root.querySelectorAll("canvas");
    root.querySelector(".reset").addEventListener("click", () => this.reset());
    this.after.addEventListener("pointerdown", (event) => this.point(event));
    this.after.addEventListener("pointermove", (event) => event.buttons && this.point(event));
    this.after.addEventListener("pointerup", () => this.settle());
    this.after.addEventListener("keydown", (event) => this.press(event));
  }

  update(data) {
    const written = (from, name) =>
      JSON.stringify(from?.[name], (key, value) => (key === "now" ? undefined : value));
    const same = (name) => written(this.data, name) === written(data, name); // a new strength builds no new sliders
    const built = ["changes", "classes", "words"].every(same);
    const pictured = built && ["image", "shape", "title"].every(same);
    const known = this.data?.network.name === data.network.name;
    const said = kept.get(data.key);
    if (!said || said.turn !== data.turn) this.take(data);
    else this.state = said;
    this.data = data;
    if (!built) this.build();
    if (!pictured) {
      this.image = floats(data.image);
      paint(this.before, data.shape, this.image);
      setAlt(this.before, data.title);
    }
    if (!known) this.load();
    else if (!built || !pictured || said !== this.state) this.renew();
    else if (this.pending.length) this.search();
  }

  take(data) {
    const strengths = Object.fromEntries(data.changes.map(({ name, now }) => [name, now]));
    this.state = { turn: data.turn, strengths, centre: data.centre };
    kept.set(data.key, this.state);
  }

  build() {
    const { changes, classes, words } = this.data;
    this.sliders = changes.map((one) => new Slider(one, words, this));
    this.root.querySelector(".sliders").replaceChildren(...this.sliders.map(({ root }) => root));
    this.root.querySelector(".sliders").setAttribute("aria-label", words.sliders);
    this.root.querySelector(".reset").textContent = words.reset;
    this.root.querySelector(".keys").textContent = words.keys;
    this.bars = new Bars(this.root.querySelector(".bars"), classes, words);
  }

  async load() {
    const wanted = this.data.network;
    this.network = null;
    this.renew();
    this.root.querySelector(".verdict").textContent = this.data.words.loading;
    let loaded = null;
    try {
      loaded = await network(wanted);
    } catch {
      this.root.querySelector(".verdict").textContent = this.data.words.failed;
      return;
    }
    if (this.data.network.name !== wanted.name) return; // another was chosen meanwhile
    this.network = loaded;
    this.renew();
  }

  stop() {
    clearTimeout(this.timer);
  }

  // What the sliders say

  changed(name, value) {
    this.state.strengths[name] = value;
    for (const slider of this.sliders) if (slider.name !== name) slider.doubt();
    this.soon();
  }

  reset() {
    this.state.strengths = Object.fromEntries(this.sliders.map(({ name }) => [name, NEUTRAL[name]]));
    this.state.centre = null;
    this.settle();
    this.renew();
  }

  /** A slider was let go: tell the server, and find the flips of the others. */
  settle() {
    this.tell({ ...this.state.strengths, centre: this.state.centre });
    this.search();
  }

  point(event) {
    const { left, top, width, height } = this.after.getBoundingClientRect();
    const [rows, columns] = this.data.shape;
    const row = Math.floor(((event.clientY - top) / height) * rows);
    const column = Math.floor(((event.clientX - left) / width) * columns);
    this.cover(row, column);
  }

  press(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [rows, columns] = this.data.shape;
    const [row, column] = this.state.centre ?? [Math.floor(rows / 2), Math.floor(columns / 2)];
    this.cover(row + step[0], column + step[1]);
    this.settle();
  }

  cover(row, column) {
    const [rows, columns] = this.data.shape;
    const within = (at, count) => Math.min(count - 1, Math.max(0, at));
    this.state.centre = [within(row, rows), within(column, columns)];
    const square = this.sliders.find(({ name }) => name === "occlude");
    if (!this.state.strengths.occlude) this.state.strengths.occlude = Math.round(rows / 4);
    square.show(this.state.strengths.occlude);
    for (const slider of this.sliders) slider.doubt();
    this.soon();
  }

  // What the network says

  answer(strengths) {
    const { shape } = this.data;
    return this.network.predict(change(this.image, shape, strengths, this.state.centre ?? undefined));
  }

  renew() {
    for (const slider of this.sliders) slider.show(this.state.strengths[slider.name]);
    if (!this.network) return;
    this.unchanged = this.network.predict(this.image);
    this.soon();
    this.search();
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.network) this.show();
    });
  }

  show() {
    const { shape, words, classes, title } = this.data;
    const { strengths, centre } = this.state;
    const pixels = change(this.image, shape, strengths, centre ?? undefined);
    const shares = this.network.predict(pixels);
    paint(this.after, shape, pixels);
    const [base, best] = [strongest(this.unchanged), strongest(shares)];
    const moved = this.sliders.filter(({ name }) => strengths[name] !== NEUTRAL[name]);
    const say = (key) =>
      words[key]
        .replaceAll("{name}", classes[best])
        .replaceAll("{share}", percent(shares[best]))
        .replaceAll("{before}", classes[base])
        .replaceAll("{was}", percent(this.unchanged[base]));
    const key = best !== base ? "fooled" : moved.length ? "still" : "unchanged";
    this.root.classList.toggle("fooled", best !== base);
    this.root.dataset.answer = String(best);
    this.root.querySelector(".verdict").textContent = say(key);
    this.bars.show(shares, this.unchanged);
    const said = moved.map((slider) => `${slider.label} ${slider.said()}`).join(", ") || words.nothing;
    const captions = this.root.querySelectorAll("figcaption");
    captions[0].textContent = title;
    captions[1].textContent = said;
    this.after.setAttribute("aria-label", words.after.replace("{changes}", said));
  }

  // Where the answer becomes another one

  search() {
    clearTimeout(this.timer);
    if (!this.network) return;
    this.pending = this.sliders.map((slider) => {
      const at = (value) => strongest(this.answer({ ...this.state.strengths, [slider.name]: value }));
      return { slider, scan: flips(at, slider.values, NEUTRAL[slider.name]) };
    });
    for (const { slider } of this.pending) slider.doubt();
    this.timer = setTimeout(() => this.slice(), SLICE);
  }

  slice() {
    const until = performance.now() + SLICE;
    while (this.pending.length && performance.now() < until) {
      const { done, value } = this.pending[0].scan.next();
      if (!done) continue;
      this.pending.shift().slider.mark(value, this.data.classes);
    }
    if (this.pending.length) this.timer = setTimeout(() => this.slice(), SLICE);
  }

  pending = [];
}
