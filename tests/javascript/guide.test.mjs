// Two windows of one browser in the same course: neither forgets what the other has reached.

import assert from "node:assert/strict";
import { test } from "node:test";

import { merged } from "../../assets/guide/guide.js";

const progress = (step, predictions, outcomes, course = "textbook") => ({
  course,
  step,
  predictions,
  outcomes,
});

test("what another window has reached in the same course stays", () => {
  const kept = progress(4, { 3: 1, 4: 0 }, { 3: { total: "9" } });
  const mine = progress(2, { 1: 0, 3: 2 }, { 1: { side: "14" } });
  assert.deepEqual(
    merged(kept, mine),
    progress(2, { 1: 0, 3: 2, 4: 0 }, { 1: { side: "14" }, 3: { total: "9" } }),
  );
});

test("another course, or nothing, is replaced", () => {
  const mine = progress(2, { 1: 0 }, {});
  assert.deepEqual(merged(progress(4, { 3: 1 }, {}, "c123"), mine), mine);
  assert.deepEqual(merged(null, mine), mine);
});
