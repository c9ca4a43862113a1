// A course that plays by itself goes on with time, and is handed over at the first touch.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { play } from "../../assets/guide/kiosk.js";

const SECONDS = 20;
let listeners, sent, end;

globalThis.document = {
  addEventListener: (kind, take, capture) => {
    assert.equal(capture, true, "before the page itself");
    listeners.add({ kind, take });
  },
  removeEventListener: (kind, take) => {
    for (const listener of listeners)
      if (listener.kind === kind && listener.take === take) listeners.delete(listener);
  },
};

function touch(kind, isTrusted = true) {
  for (const listener of listeners) if (listener.kind === kind) listener.take({ isTrusted });
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  listeners = new Set();
  sent = [];
  end = new AbortController();
  play({ kiosk: SECONDS, phase: "3 answered" }, (...words) => sent.push(words), end.signal);
});

test("it takes its turn after the time, not before, and once", () => {
  mock.timers.tick(SECONDS * 1000 - 1);
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  assert.deepEqual(sent, [["turn", "3 answered"]]);
  mock.timers.tick(10 * SECONDS * 1000);
  assert.equal(sent.length, 1);
});

for (const kind of ["pointerdown", "keydown"]) {
  test(`${kind} hands it over, and no turn follows`, () => {
    mock.timers.tick(5000);
    touch(kind);
    touch("pointerdown");
    touch("keydown");
    mock.timers.tick(10 * SECONDS * 1000);
    assert.deepEqual(sent, [["taken", "3 answered"]]);
    assert.equal(listeners.size, 0);
  });
}

test("what the page presses by itself is no touch", () => {
  touch("pointerdown", false);
  mock.timers.tick(SECONDS * 1000);
  assert.deepEqual(sent, [["turn", "3 answered"]]);
});

test("a step that is over takes no turn and hears no touch", () => {
  end.abort();
  touch("pointerdown");
  mock.timers.tick(10 * SECONDS * 1000);
  assert.deepEqual(sent, []);
  assert.equal(listeners.size, 0);
});
