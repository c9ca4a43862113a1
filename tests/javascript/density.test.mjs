// A canvas is fitted again when its page is zoomed, also where its size in CSS pixels stays as it is.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Fitting } from "../../assets/screen/density.js";

let queries, observed, fits, fitting;

globalThis.ResizeObserver = class {
  constructor(fit) {
    this.fit = fit;
  }
  observe(element) {
    observed.push(element);
    this.fit();
  }
  disconnect() {
    observed.length = 0;
  }
};

globalThis.matchMedia = (text) => {
  const query = { text, listeners: new Set() };
  query.addEventListener = (_, listener) => query.listeners.add(listener);
  query.removeEventListener = (_, listener) => query.listeners.delete(listener);
  queries.push(query);
  return query;
};

function zoom(density) {
  const before = globalThis.devicePixelRatio;
  globalThis.devicePixelRatio = density;
  for (const { text, listeners } of queries.slice())
    if (text === `(resolution: ${before}dppx)`) listeners.forEach((listener) => listener());
}

const listening = () => queries.filter((query) => query.listeners.size).length;

beforeEach(() => {
  [queries, observed, fits] = [[], [], []];
  globalThis.devicePixelRatio = 1;
  fitting = new Fitting(() => fits.push(devicePixelRatio));
  fitting.observe("sheet");
});

test("each change of the zoom fits once", () => {
  for (const density of [1.5, 0.8, 2, 1]) zoom(density);
  assert.deepEqual(fits, [1, 1.5, 0.8, 2, 1]);
  assert.equal(listening(), 1);
});

test("what is observed again listens once", () => {
  fitting.observe("sheet");
  zoom(1.5);
  assert.deepEqual(fits, [1, 1, 1.5]);
});

test("what has left is not fitted, until it is back", () => {
  fitting.disconnect();
  zoom(1.5);
  assert.deepEqual([fits, listening()], [[1], 0]);
  fitting.observe("sheet");
  zoom(2);
  assert.deepEqual(fits, [1, 1.5, 2]);
});
