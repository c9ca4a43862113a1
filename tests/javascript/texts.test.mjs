// Texts that the browser fills by itself read as those that the server fills.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fill } from "../../assets/sums/numbers.js";

test("an English plural follows the number in its slot", () => {
  const texts = { 1: "1 unit", 0: "0 units", 21: "21 units", "1,001": "1,001 units", 0.1: "0.1 units" };
  for (const [units, said] of Object.entries(texts))
    assert.equal(fill("{units} unit[s], {name}.", { units, name: "[s]" }), `${said}, [s].`);
  assert.equal(
    fill("{count} feature map[s] of {layer}", { count: 1, layer: "conv1" }),
    "1 feature map of conv1",
  );
  assert.equal(fill("Map {map}", { map: 3 }), "Map 3");
});
