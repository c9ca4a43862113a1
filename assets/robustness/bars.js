// The probability of each class as a bar, with a line where it was for the unchanged image.

import { made, percent, setAlt } from "../reading/elements.js";
import { strongest } from "./flips.js";

export class Bars {
  constructor(root, classes, words) {
    this.root = root;
    this.classes = classes;
    this.words = words;
    this.rows = classes.map((name) => {
      const [row, bar, fill, before, share] = ["span", "span", "i", "b", "span"].map((kind) => made(kind));
      row.className = "row";
      bar.className = "bar";
      share.className = "share";
      before.hidden = true;
      bar.append(fill, before);
      row.append(made("span", "name", name), bar, share);
      return { row, fill, before, share };
    });
    root.replaceChildren(...this.rows.map(({ row }) => row));
  }

  show(shares, unchanged) {
    const best = strongest(shares);
    for (const [at, { row, fill, before, share }] of this.rows.entries()) {
      row.classList.toggle("first", at === best);
      fill.style.width = `${100 * shares[at]}%`;
      before.style.left = `${100 * unchanged[at]}%`;
      before.hidden = unchanged[at] < 0.005;
      share.textContent = percent(shares[at]);
    }
    const said = this.classes.map((name, at) => `${name} ${percent(shares[at], 0)}`).join(", ");
    setAlt(this.root, this.words.bars.replace("{shares}", said));
  }
}
