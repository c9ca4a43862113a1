// What one number is made of, as elements: the sum in lines, windows of numbers, tables.

import { made } from "../reading/elements.js";
import { written } from "./numbers.js";

/** Lines of a sum: what each part is, and its number, or that in words; the last one is the result. */
export function lines(parts) {
  const list = made("dl", "lines");
  for (const [name, value] of parts) list.append(made("dt", "", name), made("dd", "", cellOf(value)));
  return list;
}

/**
 * A window of numbers with its name; null is padding.
 * @param {string} name
 * @param {number} width
 * @param {?number[]} values
 * @param {(value: number) => number[]} colour
 */
export function windowOf(name, width, values, colour) {
  const figure = made("figure", "window");
  const grid = made("div", "grid");
  grid.style.setProperty("--width", width);
  for (const value of values) {
    const cell = made("span", value === null ? "padding" : "", value === null ? "0" : written(value));
    if (value !== null) {
      const shade = colour(value);
      const light = shade[0] * 0.299 + shade[1] * 0.587 + shade[2] * 0.114;
      Object.assign(cell.style, { background: `rgb(${shade.join()})`, color: light > 140 ? "#111" : "#fff" });
    }
    grid.append(cell);
  }
  figure.append(made("figcaption", "", name), grid);
  return figure;
}

/**
 * A table; cells are texts, numbers or elements. The first `texts` columns hold words, the others numbers; the
 * rows in `strong` stand out.
 */
export function table(heads, rows, { texts, strong = [] }) {
  const [element, head, body] = ["table", "thead", "tbody"].map((kind) => made(kind));
  head.append(rowOf(heads, "th", texts));
  rows.forEach((cells, at) => {
    const row = rowOf(cells, "td", texts);
    row.classList.toggle("strong", strong.includes(at));
    body.append(row);
  });
  element.append(head, body);
  const frame = made("div", "scroll");
  frame.append(element);
  return frame;
}

function cellOf(value) {
  return typeof value === "number" ? written(value) : value;
}

function rowOf(cells, kind, texts) {
  const row = made("tr");
  for (const [at, content] of cells.entries()) {
    const cell = made(kind);
    if (kind === "th") cell.scope = "col";
    if (at >= texts) cell.className = "number";
    cell.append(cellOf(content));
    row.append(cell);
  }
  return row;
}
