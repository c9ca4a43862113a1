// What one network says to a drawing: the most probable class in large letters, a bar for each class, what it
// would have said without the preparation, and the feature maps of its first convolution.

import { tellCourse } from "../guide/deed.js";
import { made, paintMaps, percent, setAlt } from "./elements.js";
import { network } from "./store.js";

const RARELY = 200; // ms between two comparisons while a stroke moves: they cost as much as the answer

export class Answer {
  constructor(data, words, colours, loaded) {
    this.data = data;
    this.words = words;
    this.colours = colours;
    this.build();
    this.loaded = loaded;
    this.load();
  }

  async load() {
    this.problem = this.words.loading;
    this.loading = true;
    try {
      this.network = await network(this.data);
    } catch {
      this.problem = this.words.failed;
    }
    this.loading = false;
    this.loaded();
  }

  build() {
    this.reading = made("div", "reading");
    this.head = made("div", "answer");
    this.head.setAttribute("role", "status");
    this.bars = made("div", "bars");
    this.rows = this.data.classes.map((name) => this.row(name));
    this.bars.append(made("span", "title", this.words.bars), ...this.rows.map(({ row }) => row));
    this.without = made("div", "without");
    this.reading.append(made("div", "who", this.data.title), this.head, this.bars, this.without);
    this.maps = made("figure", "maps empty");
    this.canvas = made("canvas");
    setAlt(this.canvas, this.data.maps);
    this.maps.append(made("figcaption", "", this.data.maps), this.canvas);
    paintMaps(this.canvas, this.data.shape, this.blank(), this.data.columns, this.colours);
  }

  row(name) {
    const [row, bar, fill, share] = [
      made("span", "row"),
      made("span", "bar"),
      made("i"),
      made("span", "share"),
    ];
    bar.append(fill);
    row.append(made("span", "name", name), bar, share);
    return { row, fill, share };
  }

  blank() {
    return new Float32Array(this.data.shape.reduce((a, b) => a * b));
  }

  /** Show what the network says to those steps; returns it in a few characters. */
  show(steps, { live, number }) {
    this.head.setAttribute("aria-busy", String(live));
    if (!this.network && !this.loading && !live && number !== this.tried) {
      this.tried = number; // once after each stroke
      this.load();
    }
    if (!steps || !this.network) return this.empty(steps ? this.problem : this.words.hint);
    const { values } = this.network.forward(steps.centred.pixels);
    const shares = values.at(-1);
    const best = strongest(shares);
    const names = this.data.classes;
    const letters = [...names[best]].length === 1 ? "glyph" : "glyph word";
    this.head.replaceChildren(made("b", letters, names[best]), made("span", "sure", percent(shares[best])));
    for (const [at, { row, fill, share }] of this.rows.entries()) {
      row.classList.toggle("top", at === best);
      fill.style.width = `${100 * shares[at]}%`;
      share.textContent = percent(shares[at]);
    }
    this.describe(names.map((name, at) => `${name} ${percent(shares[at], 0)}`).join(", "));
    if (!live || performance.now() - (this.comparedAt ?? 0) > RARELY) {
      this.compare(this.network.predict(steps.uncentred.pixels), best);
      this.comparedAt = performance.now();
    }
    this.maps.classList.remove("empty");
    paintMaps(this.canvas, this.data.shape, values[1], this.data.columns, this.colours);
    if (!live && number > 0) {
      tellCourse(this.reading, { kind: "drawing", answer: names[best], probability: shares[best] });
    }
    return `${names[best]} ${percent(shares[best], 0)}`;
  }

  empty(said) {
    this.head.replaceChildren(made("span", "quiet", said));
    for (const { row, fill, share } of this.rows) {
      row.classList.remove("top");
      fill.style.width = "0%";
      share.textContent = "–";
    }
    this.describe(said);
    this.without.replaceChildren();
    this.maps.classList.add("empty");
    return "–";
  }

  describe(said) {
    setAlt(this.bars, this.words.bars_alt.replace("{shares}", said));
  }

  // What the network says to the drawing as it is on the pad.
  compare(shares, best) {
    const other = strongest(shares);
    const [before, name, after] = this.data[other === best ? "same" : "other"][other];
    const said = (text) => text.replace("{share}", percent(shares[other], 0));
    this.without.replaceChildren(said(before), made("b", "", name), said(after));
  }
}

function strongest(shares) {
  return shares.reduce((best, share, at) => (share > shares[best] ? at : best), 0);
}
