// A slider for one change, with marks where the answer becomes another one, in words and on the track.

import { made } from "../reading/elements.js";

const THUMB = 16; // pixels: the middle of the thumb never reaches the ends of the track

export class Slider {
  /**
   * @param {{name: string, label: string, unit: string, values: number[], neutral: number}} data
   * @param {Record<string, string>} words
   * @param {{changed: (name: string, value: number) => void, settle: () => void}} bench
   */
  constructor(data, words, bench) {
    Object.assign(this, data, { words });
    this.root = made("div", "slider");
    this.root.dataset.change = this.name;
    const label = made("label", "what", this.label);
    this.value = made("span", "value");
    this.track = made("div", "track");
    this.input = Object.assign(document.createElement("input"), {
      type: "range",
      min: 0,
      max: this.values.length - 1,
      step: 1,
    });
    this.input.setAttribute("aria-label", this.label);
    this.marks = made("p", "marks");
    this.track.append(this.input);
    this.root.append(label, this.value, this.track, this.marks);
    this.input.addEventListener("input", () => {
      this.say();
      bench.changed(this.name, this.values[this.input.value]);
    });
    this.input.addEventListener("change", () => bench.settle());
    label.addEventListener("click", () => this.input.focus());
  }

  show(value) {
    this.input.value = this.values.indexOf(value);
    this.say();
  }

  said(at = this.input.value) {
    return this.unit.replace("{value}", String(this.values[at]).replace("-", "−"));
  }

  say() {
    this.value.textContent = this.said();
    this.input.setAttribute("aria-valuetext", this.said());
    this.root.classList.toggle("moved", this.values[this.input.value] !== this.neutral);
  }

  /** What is marked was found for other settings of the others. */
  doubt() {
    this.root.classList.add("stale");
  }

  /** Mark where the answer becomes another one. */
  mark({ base, up, down }, classes) {
    const found = [down, up].filter(Boolean);
    this.root.classList.remove("stale");
    for (const old of this.track.querySelectorAll("i")) old.remove(); // the input stays, or it would lose the focus
    this.track.append(
      ...found.map(({ at }) => {
        const mark = made("i");
        const part = at / (this.values.length - 1);
        mark.style.left = `calc(${THUMB / 2}px + (100% - ${THUMB}px) * ${part})`;
        mark.dataset.at = at;
        return mark;
      }),
    );
    const sentences = found.map(({ at, label }, place) =>
      this.words[place ? "also" : "becomes"]
        .replace("{name}", classes[label])
        .replace("{value}", this.said(at)),
    );
    this.marks.textContent = sentences.join(" · ") || this.words.stays.replace("{name}", classes[base]);
  }
}
