// The close-up of a feature map: how the numbers of a kernel are written.

import assert from "node:assert/strict";
import { test } from "node:test";

import { hundredths } from "../../assets/maps/closeup.js";

test("a kernel's numbers have two decimals, and zero has no sign", () => {
  const numbers = [-0.126, 0.5, 9, 0, -0, -0.001, -0.0049, -0.006];
  const said = ["−0.13", "0.50", "9.00", "0.00", "0.00", "0.00", "0.00", "−0.01"];
  assert.deepEqual(numbers.map(hundredths), said);
});
