// A drawing pad. It keeps the strokes, shows them immediately, and sends what they cover while they are
// drawn: `drawing` = {number, live, ink}, ink as packed by pack(). Python answers in `data.seen` with
// the number that it has shown, so that never more than one message is on its way in mid-stroke. If
// it has no answer yet, `data.again` is the time in ms after which it wants to be asked again. With `data.local`
// the page answers in the browser: each change is told on the channel, and sent when a stroke ends. Another
// `data.sheet` than before empties the pad.

import { Fitting } from "../screen/density.js";
import { listen, tell } from "./channel.js";
import { SIDE, covered, pack, smooth } from "./ink.js";

const PAUSE = 90; // least time between two messages within a stroke, in ms
const PATIENCE = 2000; // after this time without an answer another message is sent, in ms
const NEAR = 1; // a point closer to the one before is left out
const KEPT = 100; // steps back
const STIRRED = 8; // a finger that has moved less than this rests, in units of the pad
const SETTLED = 24; // a stroke that is longer than this is one, whatever another finger does
const PALM = 60; // width or height of a touch that is no fingertip, in CSS pixels

const pads = new Map(); // by key: a page that comes back finds its strokes

export default function ({ parentElement, data, setStateValue }) {
  if (!pads.has(data.key)) pads.set(data.key, new Pad(data.key));
  const pad = pads.get(data.key);
  const root = parentElement.querySelector(".pad");
  if (pad.root !== root) pad.mount(root, data);
  pad.update(data, setStateValue);
  return () => pad.unmount(root);
}

class Pad {
  constructor(key) {
    this.key = key;
    this.strokes = remembered(key); // each {width, points: [x, y, x, y, ...]}
    this.past = this.strokes.map((_, at) => this.strokes.slice(0, at)).slice(-KEPT); // earlier values
    this.stroke = null; // the one under the pointer, also in this.strokes
    this.sent = this.seen = 0;
    this.drawn = 0; // counts the changes
    this.sentAt = -Infinity;
    this.due = false;
  }

  mount(root, data) {
    this.root = root;
    root.dataset.drawn = this.drawn;
    this.canvas = root.querySelector("canvas");
    this.brush = root.querySelector("input");
    this.brush.value = this.width ?? data.brush;
    this.listening = new AbortController();
    const on = (target, type, act, options) =>
      target.addEventListener(type, act, { signal: this.listening.signal, ...options });
    const rim = root.querySelector(".rim");
    on(rim, "pointerdown", (event) => this.begin(event));
    on(this.canvas, "pointermove", (event) => this.follow(event));
    for (const type of ["pointerup", "lostpointercapture"]) on(this.canvas, type, (event) => this.end(event));
    // The system has taken the touch for a palm or a gesture of its own.
    on(this.canvas, "pointercancel", (event) => event.pointerId === this.pointer && this.drop());
    // Browsers that came late to touch-action scroll the page unless its touches are refused too.
    for (const type of ["touchstart", "touchmove"])
      on(rim, type, (event) => event.preventDefault(), { passive: false });
    on(this.canvas, "blur", () => root.classList.remove("pressed"));
    on(root, "keydown", (event) => this.press(event));
    on(this.brush, "input", () => this.choose(this.brush.value));
    on(root.querySelector(".undo"), "click", () => this.undo());
    on(root.querySelector(".clear"), "click", () => this.clear());
    this.resized = new Fitting(() => this.fit());
    this.resized.observe(this.canvas);
    this.choose(this.brush.value);
    const answered = (answer) => this.local && this.name(".answer", answer);
    listen(`answer-${this.key}`, answered, this.listening.signal);
  }

  unmount(root) {
    if (this.root !== root) return;
    this.finish();
    clearTimeout(this.timer);
    clearTimeout(this.asking);
    this.listening.abort();
    this.resized.disconnect();
    this.root = null;
  }

  update(data, setStateValue) {
    this.say = (value) => setStateValue("drawing", value);
    this.seen = data.seen;
    if (this.seen === null && this.strokes.length) this.due = true; // Python does not know them, or no more
    this.words = data.words;
    this.local = data.local;
    const name = (selector, words) => this.name(selector, words);
    name(".hint", data.words.hint);
    if (!data.local) name(".answer", data.answer);
    this.brush.setAttribute("aria-label", data.words.brush);
    this.brush.title = data.words.brush;
    name(".undo span", data.words.undo);
    name(".clear span", data.words.clear);
    name(".keys", data.words.keys);
    this.canvas.setAttribute("aria-label", data.words.canvas);
    this.root.querySelector(".tools").setAttribute("aria-label", data.words.tools);
    this.turn(data.sheet);
    this.show();
    this.send();
    clearTimeout(this.asking);
    if (data.again && this.strokes.length) this.asking = setTimeout(() => this.askAgain(), data.again);
  }

  name(selector, words) {
    const element = this.root.querySelector(selector);
    if (element.textContent !== words) element.textContent = words;
  }

  askAgain() {
    this.due = true;
    this.send();
  }

  // Strokes

  begin(event) {
    if (event.button !== 0 || isPalm(event)) return;
    event.preventDefault();
    if (this.stroke && event.pointerType === "pen" && !this.byPen) this.drop(); // the hand came down first
    if (this.stroke) {
      const isYoung = lengthOf(this.stroke.points) < SETTLED;
      if (isYoung) this.second = { id: event.pointerId, event, points: this.place(event) };
      return;
    }
    this.root.classList.add("pressed"); // the focus ring is for those who come by keyboard
    this.canvas.focus({ preventScroll: true });
    this.start(event, this.place(event));
  }

  start(event, place) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.byPen = event.pointerType === "pen";
    this.second = null;
    this.stroke = { width: this.width, points: place };
    this.remember([...this.strokes, this.stroke]);
    this.changed();
  }

  follow(event) {
    if (!this.stroke) return;
    if (event.pointerId === this.second?.id) {
      this.second.points.push(...this.place(event));
      this.weighing ??= requestAnimationFrame(() => this.weigh()); // when the first has had its turn, too
    }
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const [x, y] = this.place(one);
      const points = this.stroke.points;
      if (Math.hypot(x - points.at(-2), y - points.at(-1)) >= NEAR) points.push(x, y);
    }
    this.changed();
  }

  // Two fingers: if the first has not moved, the hand rests on it and the second draws; if both move, it is
  // a pinch, and neither draws; a first that is well under way goes on alone.
  weigh() {
    this.weighing = null;
    if (!this.stroke || !this.second || lengthOf(this.second.points) < STIRRED) return;
    const length = lengthOf(this.stroke.points);
    const { event, points } = this.second;
    this.second = null;
    if (length >= SETTLED) return;
    this.drop();
    if (length < STIRRED) this.start(event, points);
  }

  // Take the stroke back as if it had never been.
  drop() {
    if (!this.stroke) return;
    this.stroke = this.pointer = this.second = null;
    this.strokes = this.past.pop();
    this.changed();
  }

  end(event) {
    if (event.pointerId === this.second?.id) this.weigh();
    if (event.pointerId === this.second?.id) this.second = null; // it only rested there
    if (event.pointerId === this.pointer) this.finish();
  }

  finish() {
    if (!this.stroke) return;
    this.stroke = null;
    this.pointer = null;
    this.second = null;
    this.changed();
  }

  undo() {
    this.stroke = null;
    if (!this.past.length) return;
    this.strokes = this.past.pop();
    this.changed();
  }

  clear() {
    this.stroke = null;
    if (!this.strokes.length) return;
    this.remember([]);
    this.changed();
  }

  // Another sheet is empty, and nothing leads back to the one before.
  turn(sheet) {
    const before = this.sheet;
    this.sheet = sheet;
    if (before === undefined || before === sheet) return;
    this.stroke = null;
    [this.strokes, this.past] = [[], []];
    this.changed();
  }

  remember(strokes) {
    this.past = [...this.past, this.strokes].slice(-KEPT);
    this.strokes = strokes;
  }

  press(event) {
    const undoes = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (undoes && !event.shiftKey) this.undo();
    else if (["Delete", "Backspace", "Escape"].includes(event.key)) this.clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(width) {
    this.width = Number(width);
    this.measureBrush();
  }

  place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const tenths = (part) => Math.round(part * SIDE * 10) / 10; // short when kept, and fine enough
    return [tenths((event.clientX - left) / width), tenths((event.clientY - top) / height)];
  }

  // What is seen

  changed() {
    this.due = true;
    this.drawn += 1;
    this.root.dataset.drawn = this.drawn;
    this.show();
    this.send();
    if (!this.stroke) keep(this.key, this.strokes);
  }

  fit() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.measureBrush();
    this.paint();
  }

  measureBrush() {
    const shown = (this.width * this.canvas.clientWidth) / SIDE;
    this.root.querySelector(".dot").style.setProperty("--width", shown);
    this.brush.setAttribute("aria-valuetext", `${this.width} / ${SIDE}`);
  }

  show() {
    const empty = this.strokes.length === 0;
    this.root.classList.toggle("drawn", !empty);
    this.root.querySelector(".undo").disabled = this.past.length === 0;
    this.root.querySelector(".clear").disabled = empty;
    const status = this.root.querySelector(".status");
    const said = empty ? this.words.hint : this.words.strokes.replace("{count}", this.strokes.length);
    if (status.textContent !== said) status.textContent = said;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = null;
    this.tell();
    const pen = this.canvas.getContext("2d");
    const scale = this.canvas.width / SIDE;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, SIDE, SIDE);
    pen.strokeStyle = "#fff";
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of this.strokes) {
      const line = smooth(stroke.points);
      pen.lineWidth = stroke.width;
      pen.beginPath();
      pen.moveTo(line[0], line[1]);
      for (let i = 2; i < line.length; i += 2) pen.lineTo(line[i], line[i + 1]);
      if (line.length === 2) pen.lineTo(line[0] + 0.01, line[1]); // a dot; a line of no length leaves nothing
      pen.stroke();
    }
  }

  tell() {
    if (!this.local || (this.told === this.drawn && this.toldLive === (this.stroke !== null))) return;
    this.told = this.drawn;
    this.toldLive = this.stroke !== null;
    const ink = this.strokes.length ? covered(this.strokes) : null;
    tell(`drawing-${this.key}`, { ink, number: this.drawn, live: this.toldLive });
  }

  // What is sent

  send() {
    clearTimeout(this.timer);
    if (!this.due || !this.root || (this.local && this.stroke)) return;
    const since = performance.now() - this.sentAt;
    const busy = this.seen !== this.sent && since < PATIENCE;
    if (this.stroke && (busy || since < PAUSE)) {
      this.timer = setTimeout(() => this.send(), (busy ? PATIENCE : PAUSE) - since);
      return; // an answer may call it sooner
    }
    this.due = false;
    this.sent += 1;
    this.sentAt = performance.now();
    this.root.dataset.sent = this.sent;
    const live = this.stroke !== null;
    this.say({ number: this.sent, live, ink: pack(covered(this.strokes)) });
  }
}

function isPalm(event) {
  return event.pointerType === "touch" && Math.max(event.width, event.height) > PALM;
}

function lengthOf(points) {
  let length = 0;
  for (let i = 2; i < points.length; i += 2)
    length += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
  return length;
}

// Strokes outlive a reload of the window, where it lets us keep something.

function keep(key, strokes) {
  try {
    sessionStorage.setItem(`convscope.pad.${key}`, JSON.stringify(strokes));
  } catch {
    // not allowed here
  }
}

function remembered(key) {
  try {
    return JSON.parse(sessionStorage.getItem(`convscope.pad.${key}`)) ?? [];
  } catch {
    return [];
  }
}
