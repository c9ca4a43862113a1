// What one network says to a drawing: the most probable class in large letters, a bar for each class, what it
// would have said without the preparation, and the feature maps of its first convolution.

import { tellCourse } from "../guide/deed.js";
import { made, paintGrey, paintMaps, percent, setAlt } from "./elements.js";
import { network } from "./store.js";

const RARELY = 200; // ms between two comparisons while a stroke moves: they cost as much as the answer

const NOTHING = { empty: "hint", nothing: "nothing_drawn", crowded: "crowded" }; // words by verdict
const PARTS = ["as_one", "left_half", "right_half"]; // of two digits that may touch

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
    this.each = made("div", "each");
    const parts = [this.head, this.bars, this.without, this.each];
    this.reading.append(made("div", "who", this.data.title), ...parts);
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

  /** Show what the network says to the digits on a pad; returns it in a few characters. */
  show({ verdict, ways }, { live, number }) {
    this.head.setAttribute("aria-busy", String(live));
    if (!this.network && !this.loading && !live && number !== this.tried) {
      this.tried = number; // once after each stroke
      this.load();
    }
    const several = verdict === "several" || verdict === "touching";
    this.reading.classList.toggle("several", several && Boolean(this.network));
    this.each.replaceChildren();
    if (this.network) this.reading.dataset.verdict = verdict;
    if (!ways.length) return this.empty(this.words[NOTHING[verdict]]);
    if (!this.network) return this.empty(this.problem);
    if (several) return this.showEach(verdict, ways);
    return this.showOne(ways[0], { live, number });
  }

  showOne(steps, { live, number }) {
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
    this.paintFirst(values[1]);
    if (!live && number > 0) {
      tellCourse(this.reading, { kind: "drawing", answer: names[best], probability: shares[best] });
    }
    return `${names[best]} ${percent(shares[best], 0)}`;
  }

  // Each digit as it goes into the network, with its answer; of two that may touch first both as one.
  showEach(verdict, ways) {
    const count = ways.length;
    const answers = ways.map((steps, at) => {
      const { values } = this.network.forward(steps.centred.pixels);
      if (at === 0) this.paintFirst(values[1]);
      const shares = values.at(-1);
      const best = strongest(shares);
      const name = this.data.classes[best];
      const part = verdict === "touching" ? this.words[PARTS[at]] : "";
      const words = this.words.digit_alt.replace("{number}", at + 1).replace("{count}", count);
      this.each.append(card(steps.centred, part || words, part, name, percent(shares[best])));
      return { part, name };
    });
    const sentence = this.words[verdict].replace("{count}", count);
    const names = answers.map(({ part, name }) => (part ? `${part}: ${name}` : name)).join(", ");
    const spoken = made("span", "spoken", ` ${names}`);
    if (this.head.textContent !== `${sentence}${spoken.textContent}`)
      this.head.replaceChildren(made("span", "quiet", sentence), spoken);
    const digits = answers.map(({ name }) => name);
    return verdict === "several" ? digits.join(", ") : `${digits.slice(1).join(", ")}?`;
  }

  paintFirst(values) {
    this.maps.classList.remove("empty");
    paintMaps(this.canvas, this.data.shape, values, this.data.columns, this.colours);
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

function card(picture, words, part, name, share) {
  const [figure, canvas, caption] = [made("figure"), made("canvas"), made("figcaption")];
  paintGrey(canvas, picture);
  setAlt(canvas, words);
  if (part) caption.append(made("span", "part", part));
  caption.append(made("b", "name", name), made("span", "", share));
  figure.append(canvas, caption);
  return figure;
}
