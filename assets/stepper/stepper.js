// A window that slides over an image, and everything that one place of it adds up to. One module with
// sums.js and paint.js before it. Data: a set-up of sums.js whose arrays are base64 of float32 (`kernel` is a list where it can be
// edited), {filter, colours, editable, scales, keras, words}. A typed kernel is sent as `kernel`, a chosen
// filter as `filter`; both are shown at once without waiting for the answer.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SPEEDS = [1, 2, 5, 10, 25, 60, 150, 400]; // cells a second
const GLIDES = 30; // up to this speed the window glides from cell to cell
const TYPED = 350; // ms after the last key before a typed kernel is sent
const WRITTEN = 25; // products that are also written out in a row
const LONG = 64; // channels whose sums are also told while it plays

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".stepper");
  root.stepper ??= new Stepper(root);
  root.stepper.update(data, setTriggerValue);
  return () => root.stepper.pause();
}

class Stepper {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.input = new View(this.find(".input canvas"));
    this.output = new View(this.find(".output canvas"));
    this.sheet = this.find(".sheet");
    this.index = null; // which cell, row by row
    this.revealed = 0; // how many cells of the maps are drawn
    this.channel = 0;
    this.frames = 0;
    this.sent = []; // kernels on their way to Python
    this.listen();
    new ResizeObserver(() => this.repaint()).observe(root);
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
    on(".play", "click", () => (this.playing ? this.pause() : this.play()));
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
    this.keras = data.keras && { ...data.keras, sums: floats(data.keras.sums), outputs: floats(data.keras.outputs) };
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
    this.reckon();
    this.name();
    this.repaint();
  }

  read(data) {
    const kernels = data.kernel ?? (data.kernels ? floats(data.kernels) : null);
    this.setup = { ...data, image: floats(data.image), bias: data.bias && floats(data.bias), kernels };
    this.place = layoutOf(this.setup);
    this.filters = channelsOf(this.setup);
    this.unread = unreadOf(this.setup, this.place);
    this.scales = Object.fromEntries(
      Object.entries(data.scales).map(([name, table]) => [name, bytes(table)]),
    );
    const [, , channels] = data.shape;
    this.filter = Math.min(this.filter, this.filters - 1);
    this.channel = data.kind === "conv" ? Math.min(this.channel, channels - 1) : this.filter;
  }

  // Everything that follows from set-up and kernel: the maps, their colours, what is drawn of them.
  reckon() {
    const { rows, columns } = this.place;
    this.maps = mapsOf(this.setup, this.place);
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
    const { window, stride } = this.setup;
    const at = (pixel, before, size) => Math.round((pixel + before - (size - 1) / 2) / stride);
    this.go(at(row, top, window[0]), at(column, left, window[1]));
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
    else if (event.key === " " && !event.target.matches("button")) this.playing ? this.pause() : this.play();
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
    clearTimeout(this.typing);
    if (!right) return;
    this.setup.kernels = Float64Array.from(this.setup.kernels);
    this.setup.kernels[[...field.parentElement.children].indexOf(field)] = value;
    this.reckon();
    this.repaint();
    this.typing = setTimeout(() => {
      const kernel = Array.from(this.setup.kernels);
      this.sent.push(JSON.stringify(kernel));
      this.send("kernel", kernel);
    }, TYPED);
  }

  // What is drawn

  // One picture of all maps, a pixel a cell.
  paintMaps() {
    const { rows, columns } = this.place;
    const across = Math.min(this.filters, this.filters > 32 ? 8 : this.filters > 9 ? 6 : 3);
    this.tiling = { across, down: Math.ceil(this.filters / across) };
    const picture = new OffscreenCanvas(columns * across, rows * this.tiling.down);
    const pen = picture.getContext("2d");
    const pixels = pen.createImageData(picture.width, picture.height);
    for (let filter = 0; filter < this.filters; filter += 1)
      for (let cell = 0; cell < rows * columns; cell += 1) {
        const r = Math.floor(filter / across) * rows + Math.floor(cell / columns);
        const c = (filter % across) * columns + (cell % columns);
        const shade = this.shade(this.maps[cell * this.filters + filter], this.look);
        pixels.data.set([...shade, 255], (r * picture.width + c) * 4);
      }
    pen.putImageData(pixels, 0, 0);
    return picture;
  }

  shade(value, look) {
    const span = look.high - look.low;
    const part = span > 0 ? Math.min(1, Math.max(0, (value - look.low) / span)) : look.scale === "diverging" ? 0.5 : 0;
    if (look.scale === "grey") return new Array(3).fill(Math.round(part * 255));
    const table = this.scales[look.scale];
    const at = Math.round(part * (table.length / 3 - 1)) * 3;
    return table.slice(at, at + 3);
  }

  // Draw what stands still anew, then what moves.
  repaint() {
    if (!this.setup || !this.root.clientWidth) return;
    const { top, bottom, left, right, rows, columns } = this.place;
    const [height, width, channels] = this.setup.shape;
    this.input.lay(top + height + bottom, left + width + right, -top, -left);
    this.output.lay(rows, columns, 0, 0);
    const ink = getComputedStyle(this.root).color;
    this.input.still((pen, size) => {
      for (let pixel = 0; pixel < height * width; pixel += 1) {
        const [r, c] = [Math.floor(pixel / width), pixel % width];
        const value = this.setup.image[pixel * channels + this.channel];
        cellAt(pen, size, r, c, this.shade(value, this.inputLook), value);
        if (this.unread[pixel]) hatch(pen, c * size, r * size, size);
      }
      for (let r = -top; r < height + bottom; r += 1)
        for (let c = -left; c < width + right; c += 1)
          if (r < 0 || c < 0 || r >= height || c >= width) zeroAt(pen, size, r, c, ink);
    });
    this.output.still((pen, size) => {
      for (let cell = 0; cell < this.cells; cell += 1) {
        const value = this.maps[cell * this.filters + this.filter];
        const [r, c] = [Math.floor(cell / columns), cell % columns];
        cellAt(pen, size, r, c, this.shade(value, this.one), value);
      }
    });
    this.laySheet();
    this.show();
  }

  laySheet() {
    const canvas = this.sheet.querySelector("canvas");
    const { across, down } = this.tiling;
    const { rows, columns } = this.place;
    if (!this.root.classList.contains("many") || !canvas.clientWidth) return;
    const gap = 2 * Math.ceil(devicePixelRatio);
    const tile = Math.max(1, Math.floor((canvas.clientWidth * devicePixelRatio + gap) / across) - gap);
    const high = Math.max(1, Math.round((tile * rows) / columns));
    this.tiling = { across, down, gap, tile, high };
    canvas.width = across * (tile + gap) - gap;
    canvas.height = down * (high + gap) - gap;
    this.drawn = null;
  }

  // The part of each map that is revealed; of what is there already only the rest.
  fillSheet() {
    const { across, gap, tile, high } = this.tiling;
    if (!tile) return;
    const canvas = this.sheet.querySelector("canvas");
    const pen = canvas.getContext("2d");
    const { rows, columns } = this.place;
    let from = this.drawn;
    if (from === null || from > this.revealed) {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.fillStyle = "rgba(128, 128, 128, 0.18)";
      for (let filter = 0; filter < this.filters; filter += 1)
        pen.fillRect((filter % across) * (tile + gap), Math.floor(filter / across) * (high + gap), tile, high);
      from = 0;
    }
    if (from === this.revealed) return;
    pen.imageSmoothingEnabled = false;
    const [first, last] = [Math.floor(from / columns), Math.ceil(this.revealed / columns)];
    pen.save();
    for (let filter = 0; filter < this.filters; filter += 1) {
      const [x, y] = [(filter % across) * (tile + gap), Math.floor(filter / across) * (high + gap)];
      const [sx, sy] = [(filter % across) * columns, Math.floor(filter / across) * rows];
      for (let row = first; row < last; row += 1) {
        const count = Math.min(columns, this.revealed - row * columns);
        const [above, below] = [Math.round((row * high) / rows), Math.round(((row + 1) * high) / rows)];
        const wide = Math.round((count * tile) / columns);
        pen.drawImage(this.pictures, sx, sy + row, count, 1, x, y + above, wide, below - above);
      }
    }
    pen.restore();
    this.drawn = this.revealed;
  }

  // What moves: the window, the cell, the maps as far as they are, the numbers.
  show(part = 0) {
    if (!this.setup || this.index === null) return;
    const { top, left, columns } = this.place;
    const { stride, window } = this.setup;
    const glides = part > 0 && this.column < columns - 1;
    const eased = glides ? part * part * (3 - 2 * part) : 0;
    const x = (this.column + eased) * stride - left;
    this.input.moved((pen, size) => frame(pen, x, this.row * stride - top, window[1], window[0], size));
    this.output.moved(
      (pen, size) => frame(pen, this.column, this.row, 1, 1, size),
      this.revealed,
      columns,
    );
    this.frames += 1;
    if (glides && this.told === this.index) return; // only the window has moved
    this.told = this.index;
    this.fillSheet();
    this.numbers();
  }

  // Words and numbers

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
    text(".speed span", fill_in(words.speed, { speed: this.speed }));
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
    text(".input b", deep ? fill_in(words.input_channel, shown) : words.input);
    text(".input figcaption span", `${height}×${width}×${channels}`);
    text(".output b", this.filters > 1 ? fill_in(words.output_filter, shown) : words.output);
    text(".output figcaption span", words.formula);
    text(".maps b", fill_in(words.maps, shown));
    text(".maps figcaption span", `${rows}×${columns}×${this.filters}`);
    text(".channels b", fill_in(words.channels, shown));
    text(".which", fill_in(words.channel, shown));
    label(".chips", fill_in(words.channels, shown));
    label(".less", words.less);
    label(".more", words.more);
    label(".input canvas", `${words.input}, ${height}×${width}. ${words.keys}`);
    label(".output canvas", `${words.output}, ${rows}×${columns}. ${words.keys}`);
    this.sheet.setAttribute("aria-label", fill_in(words.maps, shown));
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
    const ramp = ({ scale, low, high }) => {
      const colours = [0, 0.25, 0.5, 0.75, 1].map((part) => css(this.shade(low + part * (high - low), { scale, low, high })));
      return `${short(low)} <i style="background:linear-gradient(90deg,${colours})"></i> ${short(high)}`;
    };
    const { top, bottom, left, right } = this.place;
    let said = ramp(this.inputLook);
    if (top + bottom + left + right)
      said += ` <i class="zeros"></i> ${this.words.padding}`;
    if (this.unread.includes(1)) said += ` <i class="hatch"></i> ${this.words.unread}`;
    this.find(".input .legend").innerHTML = said;
    const clipped = this.look.scale === "grey" && this.maps.some((one) => one < -1e-9 || one > 1 + 1e-9);
    this.find(".output .legend").innerHTML = ramp(this.one) + (clipped ? ` · ${this.words.clipped}` : "");
    this.find(".maps .legend").innerHTML = ramp(this.look);
  }

  // The elements for one place, made anew when the set-up has another form.
  build() {
    const { kind, window, shape, editable, activation } = this.setup;
    const form = JSON.stringify([kind, window, shape[2], editable, activation, this.words]);
    if (form === this.form) return;
    this.form = form;
    const taps = window[0] * window[1];
    this.root.style.setProperty("--columns", window[1]);
    const cells = (selector, name, count) =>
      this.find(selector).replaceChildren(...Array.from({ length: count }, () => document.createElement(name)));
    cells(".patch .grid", "span", taps);
    cells(".kernel .grid", editable ? "input" : "span", kind === "conv" ? taps : 0);
    cells(".products .grid", "span", kind === "conv" ? taps : 0);
    cells(".terms", "span", kind === "conv" && taps <= WRITTEN ? taps : 0);
    cells(".chips", "button", kind === "conv" && shape[2] > 1 ? shape[2] : 0);
    for (const [at, field] of [...this.root.querySelectorAll(".kernel input")].entries()) {
      const spot = { row: Math.floor(at / window[1]), column: at % window[1] };
      Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false });
      field.setAttribute("aria-label", fill_in(this.words.weight, spot));
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
    if (kind === "max") return [term("→", "output", fill_in(words.largest, { count }))];
    if (kind === "average")
      return [term("", "total", words.sum), term("/", "counted", words.counted), term("=", "output", words.mean)];
    const all = fill_in(shape[2] > 1 ? words.all_channels : words.total, { channels: shape[2] });
    const parts = [term("Σ", "total", all), term("+", "bias", words.bias)];
    if (activation === "linear") parts.push(term("=", "output", words.sum));
    else parts.push(term("=", "sum", words.sum), term("→", "output", words.activation));
    return [...parts, term("", "keras", words.keras)];
  }

  // Every number of the cell. While it plays fast, the longest lists wait.
  numbers() {
    const { setup, place } = this;
    const cell = cellOf(setup, place, this.row, this.column, this.filter);
    this.cell = cell;
    const set = (element, said, shade) => {
      if (element.textContent !== said) element.textContent = said;
      if (shade) paint(element, shade);
    };
    const channels = setup.shape[2];
    const taps = setup.window[0] * setup.window[1];
    const [patch, kernel, products, terms] = [".patch .grid", ".kernel .grid", ".products .grid", ".terms"].map(
      (selector) => this.find(selector).children,
    );
    const pooling = setup.kind !== "conv";
    const look = { scale: "diverging", ...this.reach() };
    for (let tap = 0; tap < taps; tap += 1) {
      const [r, c] = [cell.top + Math.floor(tap / setup.window[1]), cell.left + (tap % setup.window[1])];
      const outside = r < 0 || c < 0 || r >= setup.shape[0] || c >= setup.shape[1];
      const value = pooling ? cell.patch[tap] : cell.patch[tap * channels + this.channel];
      set(patch[tap], value === null ? "" : short(value), value === null ? null : this.shade(value, this.inputLook));
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
    this.find(".place").textContent = fill_in(this.words.place, this.spot());
    this.root.dataset.row = this.row;
    this.root.dataset.column = this.column;
  }

  field(input, weight, shade) {
    const focused = input.getRootNode().activeElement === input;
    const said = String(Number(weight.toPrecision(6))).replace("-", "−");
    if (!focused && input.value !== said) {
      input.value = said;
      input.setAttribute("aria-invalid", "false");
    }
    paint(input, shade);
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
      this.find(".status").textContent = fill_in(this.words.said, said);
    }, 250);
  }
}

