// Numbers that can be worked out on paper.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTIVATIONS, activate, erf, softmaxTerms } from "../../assets/network/activations.js";
import { layout, reach, unread } from "../../assets/network/layout.js";
import { Network } from "../../assets/network/network.js";

const close = (found, expected) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found} is not ${expected}`);

test("same padding puts the odd row at the bottom and the odd column at the right", () => {
  const place = layout([5, 6], { window: [2, 4], stride: 1, padding: "same" });
  assert.deepEqual(place, { rows: 5, columns: 6, top: 0, bottom: 1, left: 1, right: 2 });
});

test("valid padding leaves out what no whole window reaches", () => {
  const window = { window: [3, 3], stride: 2, padding: "valid" };
  const place = layout([6, 7], window);
  assert.deepEqual([place.rows, place.columns], [2, 3]);
  assert.deepEqual([...unread([6, 7], window, place)].slice(-7), [1, 1, 1, 1, 1, 1, 1]);
});

test("a dilated window has gaps between its taps", () => {
  const place = layout([7, 7], { window: [3, 3], stride: 1, padding: "valid", dilation: 2 });
  assert.deepEqual([place.rows, place.columns], [3, 3]);
});

test("what does not fit, and what has no such name, is an error", () => {
  assert.throws(() => layout([2, 2], { window: [3, 3], stride: 1, padding: "valid" }), /does not fit/);
  assert.throws(() => layout([2, 2], { window: [1, 1], stride: 1, padding: "full" }), /padding "full"/);
  assert.throws(() => activate("swish", new Float32Array(1)), /activation "swish"/);
  assert.throws(() => new Network({ input: [2, 2, 1], layers: [{ kind: "lstm" }] }, {}), /layer "lstm"/);
});

test("the way back from outputs to pixels stops at the border of the image", () => {
  assert.deepEqual(reach([0, 1], { stride: 2, before: 1, size: 3, side: 8 }), [0, 2]);
  assert.deepEqual(reach([3, 5], { stride: 2, before: 1, size: 3, side: 9 }), [5, 9]);
});

test("activations have the values of their definitions", () => {
  close(erf(0.5), 0.5204998778130465);
  close(erf(-3), -0.9999779095030014);
  close(ACTIVATIONS.gelu(1), 0.8413447460685429);
  close(ACTIVATIONS.leaky_relu(-2), -0.4);
  close(ACTIVATIONS.elu(-1), Math.exp(-1) - 1);
  close(ACTIVATIONS.sigmoid(0), 0.5);
});

test("softmax does not overflow with large logits and adds up to one", () => {
  const { probabilities } = softmaxTerms([1000, 1000, 999]);
  close(
    probabilities.reduce((sum, one) => sum + one, 0),
    1,
  );
  assert.equal(probabilities[0], probabilities[1]);
});

const TINY = {
  input: [2, 2, 1],
  layers: [
    {
      name: "conv1",
      kind: "conv",
      filters: 1,
      window: [2, 2],
      stride: 1,
      padding: "same",
      activation: "relu",
    },
    { name: "pool1", kind: "pool", pool: "max", window: [2, 2], stride: 2, padding: "valid" },
    { name: "flatten", kind: "flatten" },
    { name: "dropout", kind: "dropout" },
    { name: "output", kind: "output", units: 2, activation: "softmax" },
  ],
};
const WEIGHTS = {
  "conv1/kernel": [1, 2, 3, 4],
  "conv1/bias": [-20],
  "output/kernel": [1, -1],
  "output/bias": [0, 0],
};

test("a small network from the pixels to the probabilities, and back", () => {
  const network = new Network(TINY, WEIGHTS);
  const { values, sums } = network.forward([1, 2, 3, 4]);
  assert.deepEqual([...sums[1]], [10, -6, -9, -16]); // 1 + 4 + 9 + 16 - 20, and so on
  assert.deepEqual([...values[1]], [10, 0, 0, 0]);
  assert.deepEqual([...values[4]], [10]);
  close(values[5][0], Math.fround(1 / (1 + Math.exp(-20))));
  const [image, map, pooled, , , output] = network.trace(5, 0);
  assert.deepEqual(image, { rows: [0, 2], columns: [0, 2], channel: null });
  assert.deepEqual(map, { rows: [0, 2], columns: [0, 2], channel: null });
  assert.deepEqual(pooled, { rows: [0, 1], columns: [0, 1], channel: null });
  assert.deepEqual(output, { channel: 0 });
  assert.deepEqual(network.trace(3, 0)[2], { rows: [0, 1], columns: [0, 1], channel: 0 });
  const corner = network.terms(1, 3, values);
  assert.deepEqual([...corner.patch], [4, 0, 0, 0]);
  assert.deepEqual([corner.sum, corner.output], [-16, 0]);
  assert.equal(network.terms(2, 0, values).winner, 0);
  assert.deepEqual([...network.terms(5, 1, values).products], [-10]);
});

test("outputs that are known already are taken as they are", () => {
  const network = new Network(TINY, { ...WEIGHTS, "output/kernel": undefined, "output/bias": undefined });
  assert.deepEqual([...network.forward([1, 2, 3, 4], { output: [0.25, 0.75] }).values[5]], [0.25, 0.75]);
});
