// A key that is pressed before its button can be pressed does so later, once, and never on another page.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { pressOrWait } from "../../assets/present/waiting.js";

let clicks, told, page, button;

function key(name = "t") {
  pressOrWait(() => ({ ready: button.ready ? button : undefined, exists: button.exists }), {
    say: (waits) => told.push(waits),
    place: () => page,
    pressed: () => clicks.push(`after ${name}`),
  });
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval", "Date"] });
  [clicks, told, page] = [[], [], "/playground"];
  button = { exists: true, ready: true, click: () => clicks.push("click") };
});

test("a button that can be pressed is pressed once", () => {
  key();
  mock.timers.tick(200_000);
  assert.deepEqual(clicks, ["click", "after t"]);
});

test("a button that comes later is pressed then, once", () => {
  Object.assign(button, { exists: false, ready: false });
  key();
  mock.timers.tick(3000);
  assert.deepEqual(clicks, []);
  Object.assign(button, { exists: true, ready: true });
  mock.timers.tick(60_000);
  assert.deepEqual(clicks, ["click", "after t"]);
});

test("a button that cannot be pressed yet is waited for, and the page says so", () => {
  button.ready = false;
  key();
  mock.timers.tick(30_000);
  assert.equal(told.at(-1), true);
  button.ready = true;
  mock.timers.tick(100);
  assert.deepEqual(clicks, ["click", "after t"]);
  assert.equal(told.at(-1), false);
});

test("no key waits for ever", () => {
  Object.assign(button, { exists: false, ready: false });
  key();
  mock.timers.tick(9000);
  Object.assign(button, { exists: true, ready: true });
  mock.timers.tick(60_000);
  assert.deepEqual(clicks, []);
});

test("on another page it is forgotten", () => {
  button.ready = false;
  key();
  mock.timers.tick(1000);
  page = "/runs";
  mock.timers.tick(100);
  button.ready = true;
  mock.timers.tick(60_000);
  assert.deepEqual(clicks, []);
  assert.equal(told.at(-1), false);
});

test("the next key takes its place", () => {
  button.ready = false;
  key("t");
  key("p");
  button.ready = true;
  mock.timers.tick(60_000);
  assert.deepEqual(clicks, ["click", "after p"]);
});
