// From one image to another: a slider mixes them, the network answers in the frame in which it moves, and a chart
// shows the probabilities along the whole way. Data: {from, to, shape, titles, network, classes, colours, now, turn,
// words}; see pages/parts/robustness/morph.py. Sends `mix`, when the slider is let go: percent of the way.

import { floats } from "../network/packed.js";
import { made, percent, setAlt } from "../reading/elements.js";
import { network } from "../reading/store.js";
import { strongest } from "./flips.js";
import { mount } from "./mount.js";
import { paint } from "./paint.js";
import { along, mix, turns } from "./path.js";

const STEPS = 100;
const SLICE = 8; // ms of asking the network between two frames
const LINES = 5; // at most; the others never come far
const LEAST = 0.05; // largest probability of a class without a line
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "4 2"];
const SVG = "http://www.w3.org/2000/svg";
const kept = new Map(); // by key: where the slider was, for a visitor who comes back from another page

export default function (component) {
  return mount(component, ".morph", Morph, "mix");
}

class Morph {
  constructor(root) {
    this.root = root;
    [this.first, this.between, this.last] = root.querySelectorAll("canvas");
    this.input = root.querySelector("input");
    this.plot = root.querySelector(".plot");
    this.input.addEventListener("input", () => this.soon());
    this.input.addEventListener("change", () => this.settle());
  }

  update(data) {
    const same = (name) => JSON.stringify(this.data?.[name]) === JSON.stringify(data[name]);
    const pictured = ["from", "to", "shape", "titles"].every(same);
    const worded = ["classes", "colours", "words"].every(same);
    const fetched = this.data?.network.name === data.network.name && this.network;
    if (kept.get(data.key)?.turn !== data.turn) kept.set(data.key, { turn: data.turn, at: data.now });
    this.data = data;
    this.input.value = kept.get(data.key).at;
    if (!pictured) this.picture();
    this.input.setAttribute("aria-label", data.words.slider);
    if (!fetched) this.load();
    else if (!pictured || !worded) this.renew();
    else if (this.scan) this.slice();
    else this.soon();
  }

  picture() {
    const { from, to, shape, titles } = this.data;
    [this.from, this.to] = [floats(from), floats(to)];
    for (const [at, [canvas, pixels]] of [
      [this.first, this.from],
      [this.last, this.to],
    ].entries()) {
      paint(canvas, shape, pixels);
      setAlt(canvas, titles[at]);
      canvas.nextElementSibling.textContent = titles[at];
    }
  }

  async load() {
    const { network: wanted, words } = this.data;
    const verdict = this.root.querySelector(".verdict");
    clearTimeout(this.timer); // of a scan that asks the network before
    [this.network, this.scan] = [null, null];
    this.root.classList.add("stale");
    verdict.textContent = words.loading;
    setAlt(this.plot, words.loading);
    setAlt(this.between, words.loading);
    let loaded = null;
    try {
      loaded = await network(wanted);
    } catch {
      verdict.textContent = words.failed;
      setAlt(this.plot, words.failed);
      return;
    }
    if (this.data.network.name !== wanted.name) return; // another was chosen meanwhile
    this.network = loaded;
    this.renew();
  }

  stop() {
    clearTimeout(this.timer);
  }

  settle() {
    kept.get(this.data.key).at = Number(this.input.value);
    this.tell(Number(this.input.value));
  }

  // The mixture

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.network) this.show();
    });
  }

  show() {
    const { shape, words, classes } = this.data;
    const at = Number(this.input.value);
    kept.get(this.data.key).at = at;
    const pixels = mix(this.from, this.to, at / STEPS);
    const probabilities = this.network.predict(pixels);
    const best = strongest(probabilities);
    const way = words.way.replace("{at}", at);
    paint(this.between, shape, pixels);
    setAlt(this.between, way);
    this.between.nextElementSibling.textContent = way;
    this.input.setAttribute("aria-valuetext", way);
    this.root.dataset.answer = String(best);
    this.root.querySelector(".verdict").textContent = words.answer
      .replace("{name}", classes[best])
      .replace("{share}", percent(probabilities[best]));
    for (const { label, share } of this.lines ?? []) share.textContent = percent(probabilities[label]);
    if (this.now) this.now.style.left = `${at}%`;
  }

  // The way

  renew() {
    this.soon();
    this.root.classList.add("stale");
    this.scan = along((pixels) => this.network.predict(pixels), this.from, this.to, STEPS);
    this.slice();
  }

  slice() {
    clearTimeout(this.timer);
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      const { done, value } = this.scan.next();
      if (!done) continue;
      this.scan = null;
      this.draw(value);
      return;
    }
    this.timer = setTimeout(() => this.slice(), SLICE);
  }

  draw(answers) {
    const { classes, colours, words } = this.data;
    const most = classes.map((_, label) => Math.max(...answers.map((answer) => answer[label])));
    const labels = [...most.keys()]
      .filter((label) => most[label] >= LEAST)
      .sort((one, other) => most[other] - most[one])
      .slice(0, LINES)
      .sort((one, other) => one - other);
    const chart = svg("svg", {
      viewBox: `0 0 ${STEPS} 1`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.lines = labels.map((label, place) => {
      const look = { stroke: colours[label % colours.length], "stroke-dasharray": DASHES[place] };
      const points = answers.map((answer, at) => `${at},${1 - answer[label]}`).join(" ");
      chart.append(svg("polyline", { points, ...look }));
      return { label, look, share: made("span", "share") };
    });
    this.root.querySelector(".legend").replaceChildren(...this.lines.map((line) => entry(line, classes)));
    const changes = turns(answers.map((answer) => strongest(answer)));
    const marks = changes.map(({ at }) => {
      const mark = made("i", "turn");
      mark.style.left = `${at}%`;
      mark.dataset.at = String(at);
      return mark;
    });
    this.now = made("i", "now");
    this.plot.replaceChildren(chart, ...marks, this.now);
    const sentence = this.say(changes, strongest(answers[0]));
    this.root.querySelector(".turns").textContent = sentence;
    setAlt(this.plot, words.chart.replace("{turns}", sentence));
    this.root.classList.remove("stale");
    this.soon();
  }

  say(changes, first) {
    const { classes, words } = this.data;
    if (!changes.length) return words.stays.replace("{name}", classes[first]);
    return changes
      .map(({ at, before, label }) =>
        words.becomes
          .replace("{before}", classes[before])
          .replace("{name}", classes[label])
          .replace("{at}", at),
      )
      .join(" · ");
  }

  scan = null;
}

function entry({ label, look, share }, classes) {
  const item = made("li");
  const sample = svg("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" });
  sample.append(svg("line", { x1: 0, y1: 4, x2: 28, y2: 4, ...look }));
  item.append(sample, made("span", "", classes[label]), share);
  return item;
}

function svg(kind, attributes) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
