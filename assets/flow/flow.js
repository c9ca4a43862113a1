// One image on its way through a network. Data: {stages, images, labels, units, weights, classes, colours,
// start, turn, addresses, words}; see pages/elements/flow.py. Sends `image`, the chosen one, and `go`, the page
// a stage leads to.

import { bytes } from "../network/packed.js";
import { percent, setAlt } from "../reading/elements.js";
import { Fitting } from "../screen/density.js";
import { BOARDS, Maps } from "./boards.js";
import { frame, pen } from "./canvas.js";
import { odds } from "./odds.js";
import { brightest, range, strongest } from "./readings.js";
import { exactly, slotsOf, valueKey } from "./sentences.js";
import { Tour } from "./tour.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WIDEST = 1.3; // how far the picture grows with the window
const ZOOM = 168; // side of the two close-ups, in pixels of the page
const kept = new Map(); // by key: what was chosen, for a visitor who comes back from another page

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".flow");
  const flow = (root.flow ??= new Flow(root, data));
  flow.tell = (image) => setStateValue("image", image);
  flow.go = (link) => setTriggerValue("go", link);
  flow.update(data);
  return () => flow.resized.disconnect();
}

class Flow {
  constructor(root, data) {
    this.root = root;
    this.state = kept.get(data.key) ?? { image: data.start, turn: data.turn, place: 1, index: null };
    kept.set(data.key, this.state);
    this.rail = root.querySelector(".rail");
    this.resized = new Fitting(() => this.fit());
    this.rail.addEventListener("scroll", () => this.shade(), { passive: true });
    root.querySelector(".links").addEventListener("click", (event) => this.follow(event));
    root.querySelector(".stages").addEventListener("click", (event) => this.follow(event));
  }

  update(data) {
    const old = this.data;
    this.data = data;
    this.words = data.words;
    const changed = (name) => JSON.stringify(old?.[name]) !== JSON.stringify(data[name]);
    this.resized.observe(this.rail);
    const turned = data.turn !== this.state.turn;
    if (turned) Object.assign(this.state, { image: data.start, turn: data.turn });
    if (turned && this.shown) this.show();
    if (!["stages", "images", "units", "weights", "words"].some(changed)) return;
    this.tour = new Tour(data);
    this.colours = bytes(data.colours);
    this.build();
    this.show();
  }

  say(key, slots = {}) {
    return this.words[key].replace(/\{(\w+)\}/g, (_, name) => slots[name]);
  }

  // What is the same for every image

  build() {
    this.scale = 0;
    this.buildStrip();
    this.root
      .querySelector(".stages")
      .replaceChildren(...this.data.stages.map((stage, at) => this.stage(stage, at)));
    this.root.querySelector(".hint").textContent = this.say("hint");
    const ramp = [0, 64, 127, 190, 254].map(
      (step) => `rgb(${this.colours.subarray(step * 3, step * 3 + 3).join()})`,
    );
    this.root.querySelector(".legend i").style.background = `linear-gradient(to right, ${ramp.join()})`;
    this.root.querySelector(".low").textContent = "0";
    this.root.querySelector(".high").textContent = this.say("highest");
    this.fit();
  }

  buildStrip() {
    const strip = this.root.querySelector(".strip");
    const groups = [true, false].map((right) => {
      const group = document.createElement("div");
      const title = document.createElement("span");
      title.textContent = this.say(right ? "right" : "wrong");
      const row = document.createElement("div");
      const of = [...this.data.labels.keys()].filter((image) => this.right(image) === right);
      row.append(...of.map((image) => this.thumb(image)));
      group.append(title, row);
      return group;
    });
    strip.replaceChildren(...groups);
    strip.setAttribute("aria-label", this.say("images"));
    strip.onkeydown = (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      const count = this.tour.count;
      this.choose((this.state.image + step[0] + 10 * step[1] + count) % count);
      this.thumbs[this.state.image].focus();
    };
    this.thumbs = [...strip.querySelectorAll("button")].sort((a, b) => a.value - b.value);
  }

  thumb(image) {
    const button = document.createElement("button");
    const name = this.data.classes[this.data.labels[image]];
    button.type = "button";
    button.value = image;
    button.setAttribute("role", "radio");
    button.title = this.right(image) ? name : this.say("taken", { name, guess: this.guess(image) });
    button.setAttribute("aria-label", button.title);
    const canvas = document.createElement("canvas");
    const [height, width] = this.data.stages[0].shape;
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    this.tour.image(image).forEach((byte, at) => pixels.data.set([byte, byte, byte, 255], at * 4));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    button.append(canvas);
    button.addEventListener("click", () => this.choose(image));
    return button;
  }

  stage(stage, at) {
    const item = document.createElement("li");
    item.className = stage.kind;
    const board = document.createElement("div");
    board.className = "board";
    board.append(document.createElement("canvas"), document.createElement("canvas"));
    board.tabIndex = 0;
    board.setAttribute("role", "slider");
    board.setAttribute("aria-valuemin", 0);
    const touch = (event) => {
      const area = board.firstChild.getBoundingClientRect();
      this.point(at, this.boards[at].at(event.clientX - area.left, event.clientY - area.top));
    };
    board.addEventListener(
      "pointermove",
      (event) => event.pointerType === "mouse" && this.soon(() => touch(event)),
    );
    board.addEventListener("click", touch);
    board.addEventListener("focus", () => board.matches(":focus-visible") && this.point(at, this.first(at)));
    board.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      this.point(at, this.boards[at].move(this.first(at), step, event.shiftKey));
    });
    const picture = document.createElement("div");
    picture.className = "picture";
    picture.append(board);
    if (stage.kind === "output") picture.append(...odds(this.data.classes, board));
    item.append(picture, this.caption(stage));
    return item;
  }

  caption(stage) {
    const caption = document.createElement("div");
    caption.className = "caption";
    caption.append(this.link(stage.links[0], stage.title));
    for (const text of stage.notes)
      caption.append(Object.assign(document.createElement("span"), { textContent: text }));
    return caption;
  }

  link({ page, label, query }, text) {
    const link = document.createElement("a");
    link.href = `${page}?${new URLSearchParams({ ...query, lang: this.data.language })}`;
    link.textContent = text ?? label;
    link.title = label;
    link.wanted = { page, query };
    return link;
  }

  follow(event) {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.go(link.wanted);
  }

  // What follows the width of the window

  fit() {
    const width = this.rail.clientWidth;
    if (!width || !this.tour) return;
    const scale = Math.min(WIDEST, Math.max(1, width / this.data.natural));
    if (Math.abs(scale - this.scale) > 0.004 || this.density !== devicePixelRatio) {
      [this.scale, this.density] = [scale, devicePixelRatio];
      this.boards = this.data.stages.map((stage) => new BOARDS[stage.kind](stage, scale));
      this.items().forEach((item, at) => {
        const [wide, high] = this.boards[at].size;
        Object.assign(item.querySelector(".board").style, { width: `${wide}px`, height: `${high}px` });
        item.style.setProperty("--step", `${this.boards[at].step}px`);
      });
      if (this.shown) {
        this.paint();
        this.mark();
      }
    }
    this.shade();
  }

  shade() {
    const { scrollLeft, scrollWidth, clientWidth } = this.rail;
    this.root.classList.toggle("more-left", scrollLeft > 4);
    this.root.classList.toggle("more-right", scrollLeft + clientWidth < scrollWidth - 4);
  }

  items() {
    return [...this.root.querySelector(".stages").children];
  }

  // What follows the image

  choose(image) {
    if (image === this.state.image) return;
    this.state.image = image;
    this.show();
    this.items().forEach((item, at) => {
      item.getAnimations({ subtree: true }).forEach((running) => running.cancel());
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      const timing = { duration: 260, delay: 45 * at, fill: "backwards", easing: "ease-out" };
      item.querySelector(".picture").animate([{ opacity: 0.25 }, { opacity: 1 }], timing);
    });
    this.tell(image);
  }

  show() {
    const { image } = this.state;
    this.shown = this.tour.forward(image);
    this.most = this.shown.values.map((values, at) =>
      brightest(values, this.data.stages[at].shape.length === 3),
    );
    this.thumbs.forEach((thumb, at) => {
      thumb.setAttribute("aria-checked", at === image);
      thumb.tabIndex = at === image ? 0 : -1;
    });
    const [name, guess] = [this.data.classes[this.data.labels[image]], this.guess(image)];
    const share = percent(Math.max(...this.shown.values.at(-1)));
    this.root.querySelector(".verdict").textContent = this.say(
      this.right(image) ? "verdict_right" : "verdict_wrong",
      {
        name,
        guess,
        share,
      },
    );
    this.paint();
    this.state.index ??= strongest(this.shown.values[this.state.place]);
    this.point(this.state.place, this.state.index);
  }

  guess(image) {
    return this.data.classes[strongest(this.answer(image))];
  }

  right(image) {
    return strongest(this.answer(image)) === this.data.labels[image];
  }

  answer(image) {
    const { name, shape } = this.data.stages.at(-1);
    return this.tour.units[name].subarray(image * shape[0], (image + 1) * shape[0]);
  }

  paint() {
    this.data.stages.forEach((stage, at) => {
      const board = this.root.querySelectorAll(".board")[at];
      const values = this.shown.values[at];
      const most = stage.kind === "input" || stage.kind === "output" ? 1 : this.most[at];
      this.boards[at].draw(
        pen(board.children[0], this.boards[at].size),
        values,
        this.painter(stage, most),
        most,
      );
      board.setAttribute("aria-label", stage.alt);
      board.setAttribute("aria-valuemax", values.length - 1);
      board.setAttribute("aria-valuenow", this.state.place === at ? this.state.index : strongest(values));
      if (stage.kind === "output") this.fillOdds(values);
    });
  }

  fillOdds(values) {
    const best = strongest(values);
    const truth = this.data.labels[this.state.image];
    const rows = [...this.root.querySelectorAll(".names li")];
    this.root.querySelectorAll(".shares li").forEach((item, at) => {
      item.textContent = percent(values[at]);
      for (const one of [item, rows[at]]) one.classList.toggle("best", at === best);
      rows[at].classList.toggle("truth", at === truth && best !== truth);
    });
  }

  painter(stage, most) {
    if (stage.kind === "input")
      return (value, pixels, to) => pixels.set([value * 255, value * 255, value * 255, 255], to);
    return (value, pixels, to) => {
      const from = Math.round(Math.min(1, Math.max(0, value) / most) * 254) * 3;
      pixels.set([this.colours[from], this.colours[from + 1], this.colours[from + 2], 255], to);
    };
  }

  // What follows the pointer, a finger or the arrow keys

  first(at) {
    return this.state.place === at ? this.state.index : strongest(this.shown.values[at]);
  }

  // Once a frame, however many events come.
  soon(act) {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(act);
  }

  point(place, index) {
    Object.assign(this.state, { place, index });
    this.mark();
    this.describe();
  }

  mark() {
    const { place, index } = this.state;
    const seen = this.tour.trace(place, index);
    this.root.querySelectorAll(".board").forEach((board, at) => {
      const sheet = pen(board.children[1], this.boards[at].size);
      const lay = this.boards[at];
      const stage = this.data.stages[at];
      board.classList.toggle("at", at === place);
      if (seen[at]) {
        const every = seen[at].channel === null ? lay.channels : 0;
        for (let channel = 0; channel < every; channel += 1)
          frame(sheet, lay.box(seen[at], channel), every === 1);
        if (!every) frame(sheet, lay.box(seen[at], seen[at].channel), true);
      } else if (lay.mark && (at === place || this.same(at, place)))
        frame(sheet, lay.mark(index), stage.kind !== "dense");
    });
    this.closeUp(seen);
  }

  // Flatten and dropout hold the numbers of the stage before them.
  same(at, place) {
    const [late, early] = [this.data.stages[Math.max(at, place)], Math.abs(at - place) === 1];
    return early && ["flatten", "dropout"].includes(late.kind);
  }

  closeUp(seen) {
    const places = Object.keys(seen).map(Number);
    const last = Math.max(0, ...places);
    const everything = {
      rows: [0, this.data.stages[0].shape[0]],
      columns: [0, this.data.stages[0].shape[1]],
      channel: 0,
    };
    this.enlarge(".source", 0, { ...(seen[0] ?? everything), channel: 0 });
    const zoom = this.root.querySelector(".zoom");
    zoom.classList.toggle("off", last === 0);
    if (last > 0) this.enlarge(".zoom", last, seen[last]);
    this.root.querySelector(".source figcaption").textContent = this.say("close_input");
    this.root.querySelector(".zoom figcaption").textContent = last
      ? this.say("close_map", { layer: this.data.stages[last].name, channel: seen[last].channel })
      : "";
  }

  enlarge(selector, at, region) {
    const stage = this.data.stages[at];
    const [height, width, channels] = stage.shape;
    const lay = new Maps({ shape: [height, width, 1], columns: 1, side: ZOOM }, 1);
    const one = Float32Array.from(
      { length: height * width },
      (_, i) => this.shown.values[at][i * channels + region.channel],
    );
    const sheet = pen(this.root.querySelector(`${selector} canvas`), lay.size);
    lay.draw(sheet, one, this.painter(stage, at ? this.most[at] : 1));
    frame(sheet, lay.box(region, 0), true);
    const [rows, columns] = [range(region.rows), range(region.columns)];
    const slots = { layer: stage.name, channel: region.channel, rows, columns };
    const alt = this.say(at ? "close_map_alt" : "close_input_alt", slots);
    setAlt(this.root.querySelector(`${selector} canvas`), alt);
  }

  describe() {
    const { place, index } = this.state;
    const stage = this.data.stages[place];
    const slots = slotsOf(this.data, this.tour, this.shown, place, index);
    const put = (selector, text) => (this.root.querySelector(`.words ${selector}`).textContent = text);
    put("h2", this.say(`title_${stage.kind}`, slots));
    put(".value", this.say(valueKey(stage, slots), slots));
    put(".field", this.say(`field_${stage.kind}`, slots));
    put(".says", stage.says);
    const links = stage.links.map((link) =>
      this.link(exactly(link, slots, this.data.addresses[this.state.image])),
    );
    this.root.querySelector(".links").replaceChildren(...links);
    const board = this.root.querySelectorAll(".board")[place];
    board.setAttribute("aria-valuenow", index);
    board.setAttribute("aria-valuetext", `${this.say(`title_${stage.kind}`, slots)}: ${slots.value}`);
    this.root.dataset.value = this.shown.values[place][index];
  }
}
