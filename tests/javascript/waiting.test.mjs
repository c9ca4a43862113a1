// A key that is pressed before its button can be pressed does so later, once, and never on another page.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { pressOrWait } from "../../assets/present/waiting.js";

let clicks, told, page, button;

function key(name = "t", longest = 0) {
  pressOrWait(() => ({ ready: button.ready ? button : undefined, exists: button.exists }), {
    say: (waits) => told.push(waits),
    place: () => page,
    pressed: () => clicks.push(`after ${name}`),
    longest,
  });
}

// In steps, since within one the mocked clock shows the end of it from the first timer on.
function pass(milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 100) mock.timers.tick(100);
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  [clicks, told, page] = [[], [], "/playground"];
  button = { exists: true, ready: true, click: () => clicks.push("click") };
});

test("a button that can be pressed is pressed once", () => {
  key();
  pass(200_000);
  assert.deepEqual(clicks, ["click", "after t"]);
});

test("a button that comes later is pressed then, once", () => {
  Object.assign(button, { exists: false, ready: false });
  key();
  pass(3000);
  assert.deepEqual(clicks, []);
  Object.assign(button, { exists: true, ready: true });
  pass(60_000);
  assert.deepEqual(clicks, ["click", "after t"]);
});

test("a button that cannot be pressed yet is waited for, and the page says so", () => {
  button.ready = false;
  key("p", 120_000);
  pass(30_000);
  assert.equal(told.at(-1), "waits");
  button.ready = true;
  pass(100);
  assert.deepEqual(clicks, ["click", "after p"]);
  assert.equal(told.at(-1), "");
});

test("no key waits for ever", () => {
  Object.assign(button, { exists: false, ready: false });
  key();
  pass(9000);
  Object.assign(button, { exists: true, ready: true });
  pass(60_000);
  assert.deepEqual(clicks, []);
});

test("a button that the page refuses, as of a network that is broken, is not pressed a minute later", () => {
  button.ready = false;
  key();
  pass(7000);
  assert.equal(told.at(-1), "waits");
  pass(2000);
  assert.equal(told.at(-1), "never");
  button.ready = true;
  pass(10_000);
  assert.deepEqual(clicks, []);
  assert.equal(told.at(-1), "");
});

test("a key after one that was in vain has its own words", () => {
  button.ready = false;
  key();
  pass(9000);
  button.ready = true;
  key("p");
  pass(10_000);
  assert.deepEqual(clicks, ["click", "after p"]);
  assert.equal(told.at(-1), "");
});

test("on another page it is forgotten", () => {
  button.ready = false;
  key();
  pass(1000);
  page = "/runs";
  pass(100);
  button.ready = true;
  pass(60_000);
  assert.deepEqual(clicks, []);
  assert.equal(told.at(-1), "");
});

test("the next key takes its place", () => {
  button.ready = false;
  key("t");
  key("p");
  button.ready = true;
  pass(60_000);
  assert.deepEqual(clicks, ["click", "after p"]);
});
