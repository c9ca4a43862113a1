// The stepper's words and numbers: everything on the page that is text, and how it is built.

import { terms as termsOf } from "../network/layers.js";
import { tellCourse } from "../guide/deed.js";
import { braced, css, fillIn, paint, short } from "./paint.js";

const WRITTEN = 25; // products that are also written out in a row
const LONG = 64; // channels whose sums are also told while it plays

export class Readout {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
  }

  name() {
    const { words } = this;
    const text = (selector, said) => {
      const element = this.find(selector);
      if (element.textContent !== said) element.textContent = said;
    };
    const label = (selector, said) => this.find(selector).setAttribute("aria-label", said);
    text(".play span", this.playing ? words.pause : words.play);
    for (const name of ["back", "next"]) {
      label(`.${name}`, words[name]);
      this.find(`.${name}`).title = words[name];
    }
    text(".speed span", fillIn(words.speed, { speed: this.speed }));
    label(".speed input", words.speed_label);
    text(".keys", words.keys);
    label(".bar", words.bar);
    label(".arrows", words.arrows);
    for (const button of this.root.querySelectorAll(".arrows button"))
      button.setAttribute("aria-label", words[button.dataset.key]);
    if (!this.setup) return;
    const [height, width, channels] = this.setup.shape;
    const { rows, columns } = this.place;
    const deep = this.setup.kind === "conv" && channels > 1;
    this.root.classList.toggle("many", this.filters > 1);
    this.root.classList.toggle("deep", deep);
    this.root.classList.toggle("pooling", this.setup.kind !== "conv");
    this.root.classList.toggle("large", this.setup.window[1] > 5);
    const shown = { channel: this.channel, channels, filter: this.filter, filters: this.filters };
    text(".input b", deep ? fillIn(words.input_channel, shown) : words.input);
    text(".input figcaption span", `${height}×${width}×${channels}`);
    text(".output b", this.filters > 1 ? fillIn(words.output_filter, shown) : words.output);
    text(".output figcaption span", words.formula);
    text(".maps b", fillIn(words.maps, shown));
    text(".maps figcaption span", `${rows}×${columns}×${this.filters}`);
    text(".channels b", fillIn(words.channels, shown));
    text(".which", fillIn(words.channel, shown));
    label(".chips", fillIn(words.channels, shown));
    label(".less", words.less);
    label(".more", words.more);
    label(".input canvas", `${words.input}, ${height}×${width}. ${words.keys}`);
    label(".output canvas", `${words.output}, ${rows}×${columns}. ${words.keys}`);
    this.sheet.setAttribute("aria-label", fillIn(words.maps, shown));
    this.sheet.setAttribute("aria-valuemax", this.filters - 1);
    this.sheet.setAttribute("aria-valuenow", this.filter);
    const { across, down } = this.tiling ?? {};
    if (across)
      Object.assign(this.sheet.querySelector("i").style, {
        left: `${((this.filter % across) * 100) / across}%`,
        top: `${(Math.floor(this.filter / across) * 100) / down}%`,
        width: `${100 / across - 0.6}%`,
        height: `${100 / down - 0.6}%`,
      });
    this.sheet.querySelector("i").hidden = !across;
    for (const part of ["patch", "kernel", "products"]) text(`.${part} figcaption`, words[part]);
    text(".sign:not(.equals)", "×");
  }

  legends() {
    const { top, bottom, left, right } = this.place;
    const marked = (name, said) => {
      const key = made("span", "key");
      key.append(made("i", name), ` ${said}`);
      return key;
    };
    const input = [this.ramp(this.inputLook)];
    if (top + bottom + left + right) input.push(" ", marked("zeros", this.words.padding));
    if (this.unread.includes(1)) input.push(" ", marked("hatch", this.words.unread));
    this.find(".input .legend").replaceChildren(...input);
    const clipped = this.look.scale === "grey" && this.maps.some((one) => one < -1e-9 || one > 1 + 1e-9);
    const output = [this.ramp(this.one)];
    if (clipped) output.push(" ", made("span", "", this.words.clipped));
    this.find(".output .legend").replaceChildren(...output);
    this.find(".maps .legend").replaceChildren(this.ramp(this.look));
  }

  ramp({ scale, low, high }) {
    const colours = [0, 0.25, 0.5, 0.75, 1].map((part) =>
      css(this.shade(low + part * (high - low), { scale, low, high })),
    );
    const bar = made("i");
    bar.style.background = `linear-gradient(90deg,${colours})`;
    const ramp = made("span", "ramp");
    ramp.append(`${short(low)} `, bar, ` ${short(high)}`);
    return ramp;
  }

  // The elements for one place, made again when the set-up has another form.
  build() {
    const { kind, window, shape, editable, activation } = this.setup;
    const form = JSON.stringify([kind, window, shape[2], editable, activation, this.words]);
    if (form === this.form) return;
    this.form = form;
    const taps = window[0] * window[1];
    this.root.style.setProperty("--columns", window[1]);
    const cells = (selector, name, count) =>
      this.find(selector).replaceChildren(
        ...Array.from({ length: count }, () => document.createElement(name)),
      );
    cells(".patch .grid", "span", taps);
    cells(".kernel .grid", editable ? "input" : "span", kind === "conv" ? taps : 0);
    cells(".products .grid", "span", kind === "conv" ? taps : 0);
    cells(".terms", "span", kind === "conv" && taps <= WRITTEN ? taps : 0);
    cells(".chips", "button", kind === "conv" && shape[2] > 1 ? shape[2] : 0);
    for (const [at, field] of [...this.root.querySelectorAll(".kernel input")].entries()) {
      const spot = { row: Math.floor(at / window[1]), column: at % window[1] };
      Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false });
      field.setAttribute("aria-label", fillIn(this.words.weight, spot));
      field.addEventListener("focus", () => field.select());
      field.addEventListener("blur", () => this.numbers());
    }
    for (const chip of this.root.querySelectorAll(".chips button")) {
      chip.type = "button";
      chip.append(document.createElement("small"), document.createElement("span"));
    }
    this.find(".ledger").replaceChildren(...this.entries());
  }

  // The sum as a column: a sign, a name, a number in each line.
  entries() {
    const { words } = this;
    const { kind, shape, activation, window } = this.setup;
    const term = (sign, name, label) => {
      const element = document.createElement("div");
      element.className = `term ${name}`;
      element.dataset.sign = sign;
      element.append(document.createElement("small"), document.createElement("b"));
      element.firstChild.textContent = label;
      return element;
    };
    const count = window[0] * window[1];
    if (kind === "max") return [term("→", "output", fillIn(words.largest, { count }))];
    if (kind === "average")
      return [
        term("", "total", words.sum),
        term("/", "counted", words.counted),
        term("=", "output", words.mean),
      ];
    const all = fillIn(shape[2] > 1 ? words.all_channels : words.total, { channels: shape[2] });
    const parts = [term("Σ", "total", all), term("+", "bias", words.bias)];
    if (activation === "linear") parts.push(term("=", "output", words.sum));
    else parts.push(term("=", "sum", words.sum), term("→", "output", words.activation));
    return [...parts, term("", "keras", words.keras)];
  }

  // Every number of the cell. While it plays fast, the longest lists wait.
  numbers() {
    const { setup } = this;
    const unit = this.index * this.filters + this.filter;
    const cell = termsOf(this.layer, setup.image, this.weights, unit);
    this.cell = cell;
    const set = (element, said, shade) => {
      if (element.textContent !== said) element.textContent = said;
      if (shade) paint(element, shade);
    };
    const channels = setup.shape[2];
    const taps = setup.window[0] * setup.window[1];
    const [patch, kernel, products, terms] = [
      ".patch .grid",
      ".kernel .grid",
      ".products .grid",
      ".terms",
    ].map((selector) => this.find(selector).children);
    const pooling = setup.kind !== "conv";
    const look = { scale: "diverging", ...this.reach() };
    for (let tap = 0; tap < taps; tap += 1) {
      const [down, across] = [Math.floor(tap / setup.window[1]), tap % setup.window[1]];
      const [r, c] = [cell.top + down * setup.dilation, cell.left + across * setup.dilation];
      const outside = r < 0 || c < 0 || r >= setup.shape[0] || c >= setup.shape[1];
      const value = pooling ? cell.patch[tap] : cell.patch[tap * channels + this.channel];
      set(
        patch[tap],
        value === null ? "" : short(value),
        value === null ? null : this.shade(value, this.inputLook),
      );
      patch[tap].classList.toggle("zero", outside);
      patch[tap].classList.toggle("winner", tap === cell.winner && setup.kind === "max");
      if (pooling) continue;
      const at = tap * channels + this.channel;
      const weight = setup.kernels[at * setup.filters + this.filter];
      const shade = this.shade(weight, look);
      if (setup.editable) this.field(kernel[tap], weight, shade);
      else set(kernel[tap], short(weight), shade);
      set(products[tap], short(cell.products[at]), this.shade(cell.products[at], look));
      if (terms[tap]) set(terms[tap], `${tap ? "+ " : ""}${short(value, 3)} × ${braced(weight)}`);
    }
    this.sums(cell);
    this.find(".place").textContent = fillIn(this.words.place, this.spot());
    this.root.dataset.row = this.row;
    this.root.dataset.column = this.column;
  }

  field(input, weight, shade) {
    const focused = input.getRootNode().activeElement === input;
    const said = String(Number(weight.toPrecision(6))).replace("-", "−");
    if (!focused && input.value !== said) {
      input.value = said;
      if (input.getAttribute("aria-invalid") === "true") this.refuse(false);
      input.setAttribute("aria-invalid", "false");
    }
    paint(input, shade);
  }

  refuse(wrong) {
    this.find(".refused").textContent = wrong ? this.words.refused : "";
  }

  // Half of the range of colours for kernel and products: symmetric around zero.
  reach() {
    let most = 0;
    for (let at = this.filter; at < this.setup.kernels?.length; at += this.setup.filters)
      most = Math.max(most, Math.abs(this.setup.kernels[at]));
    return { low: -most, high: most };
  }

  sums(cell) {
    const { setup } = this;
    const put = (name, value) => {
      const element = this.find(`.ledger .${name} b`);
      if (!element) return;
      element.textContent = short(value, name === "counted" ? 0 : 4);
      element.dataset.value = value;
    };
    put("output", cell.output);
    if (setup.kind !== "conv") {
      put("total", cell.sum);
      put("counted", cell.counted);
      return;
    }
    put("total", cell.sum - cell.bias);
    put("bias", cell.bias);
    put("sum", cell.sum);
    this.compare();
    if (setup.shape[2] > 1 && !(this.playing && setup.shape[2] > LONG)) this.partials(cell.partial);
  }

  // What Keras computes for this very unit, beside ours.
  compare() {
    const term = this.find(".ledger .keras");
    term.hidden = !this.words.keras;
    if (term.hidden) return;
    const known = this.keras && this.keras.filter === this.filter;
    const value = known ? this.keras.outputs[this.index] : null;
    const text = known ? `${short(value, 4)} ${Math.abs(value - this.cell.output) < 1e-4 ? "✓" : "✗"}` : "…";
    const element = term.querySelector("b");
    element.textContent = text;
    element.dataset.value = known ? value : "";
    element.dataset.sum = known ? this.keras.sums[this.index] : "";
    term.title = known ? "" : this.words.waiting;
  }

  partials(partial) {
    const most = partial.reduce((all, one) => Math.max(all, Math.abs(one)), 0);
    const chips = this.find(".chips").children;
    partial.forEach((value, channel) => {
      const [name, number] = chips[channel].children;
      if (name.textContent !== String(channel)) name.textContent = channel;
      number.textContent = short(value);
      chips[channel].dataset.value = value;
      paint(chips[channel], this.shade(value, { scale: "diverging", low: -most, high: most }));
      chips[channel].setAttribute("aria-pressed", String(channel === this.channel));
    });
    this.find(".less").disabled = this.channel === 0;
    this.find(".more").disabled = this.channel === partial.length - 1;
  }

  spot() {
    const { rows, columns } = this.place;
    return { row: this.row, column: this.column, rows, columns };
  }

  // For a screen reader, once things have come to rest.
  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      const said = { ...this.spot(), sum: short(this.cell.sum ?? 0, 4), output: short(this.cell.output, 4) };
      this.find(".status").textContent = fillIn(this.words.said, said);
      const { sum = 0, output } = this.cell;
      tellCourse(this.root, { kind: "cell", row: this.row, column: this.column, sum, output });
    }, 250);
  }
}

function made(kind, name = "", said = "") {
  return Object.assign(document.createElement(kind), { className: name, textContent: said });
}
