// Which changes of the address the browser's history keeps.

import assert from "node:assert/strict";
import { test } from "node:test";

import { isOfNextPage, writesEntry } from "../../assets/frame/entries.js";

const at = (path) => new URL(path, "http://localhost");

test("another page is an entry, whether the visitor has changed something or not", () => {
  for (const touched of [false, true]) {
    assert.equal(writesEntry(at("/playground?a=1"), at("/runs"), touched), true);
  }
});

test("a setting is an entry once the visitor has changed it, and only then", () => {
  const change = [at("/playground?blocks=8&lang=en"), at("/playground?lang=en&blocks=16")];
  assert.equal(writesEntry(...change, true), true);
  assert.equal(writesEntry(...change, false), false);
});

test("the language and the order of parameters are no settings", () => {
  assert.equal(
    writesEntry(at("/playground?a=1&b=2&lang=en"), at("/playground?lang=ko&b=2&a=1"), true),
    false,
  );
});

test("what the next page is asked for is no address of the home page", () => {
  assert.equal(isOfNextPage(at("/?run=fashion&index=12")), true);
  assert.equal(isOfNextPage(at("/?image=3&lang=en")), false);
  assert.equal(isOfNextPage(at("/explain?run=fashion")), false);
});
