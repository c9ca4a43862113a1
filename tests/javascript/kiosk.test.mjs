// A course that plays by itself goes on with time, is handed over at the first touch, and plays again after a silence.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { awaitSilence, play } from "../../assets/guide/kiosk.js";

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
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  listeners = new Set();
  sent = [];
  end = new AbortController();
});

function plays() {
  play({ kiosk: SECONDS, phase: "3 answered" }, (...words) => sent.push(words), end.signal);
}

test("it takes its turn after the time, not before, and once", () => {
  plays();
  mock.timers.tick(SECONDS * 1000 - 1);
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  assert.deepEqual(sent, [["turn", "3 answered"]]);
  mock.timers.tick(10 * SECONDS * 1000);
  assert.equal(sent.length, 1);
});

for (const kind of ["pointerdown", "keydown"]) {
  test(`${kind} hands it over, and no turn follows`, () => {
    plays();
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
  plays();
  touch("pointerdown", false);
  mock.timers.tick(SECONDS * 1000);
  assert.deepEqual(sent, [["turn", "3 answered"]]);
});

test("a step that is over takes no turn and hears no touch", () => {
  plays();
  end.abort();
  touch("pointerdown");
  mock.timers.tick(10 * SECONDS * 1000);
  assert.deepEqual(sent, []);
  assert.equal(listeners.size, 0);
});

const SILENCE = 180;

function waits(last) {
  awaitSilence({ silence: SILENCE, phase: "3" }, last, (...words) => sent.push(words), end.signal);
}

for (const kind of ["pointerdown", "keydown", "pointermove", "wheel", "touchmove"]) {
  test(`the silence begins anew at each ${kind}`, () => {
    waits({});
    for (let times = 0; times < 5; times += 1) {
      mock.timers.tick((SILENCE - 1) * 1000);
      touch(kind);
      assert.deepEqual(sent, []);
    }
    mock.timers.tick((SILENCE - 1) * 1000);
    assert.deepEqual(sent, []);
    mock.timers.tick(1000);
    assert.deepEqual(sent, [["silent", "3"]]);
    mock.timers.tick(10 * SILENCE * 1000);
    assert.equal(sent.length, 1);
    assert.equal(listeners.size, 0);
  });
}

test("what the page does by itself does not break the silence", () => {
  waits({});
  mock.timers.tick((SILENCE - 1) * 1000);
  touch("pointerdown", false);
  mock.timers.tick(1000);
  assert.deepEqual(sent, [["silent", "3"]]);
});

test("the silence goes on from one state of the panel to the next", () => {
  const last = {};
  waits(last);
  mock.timers.tick((SILENCE - 1) * 1000);
  end.abort();
  end = new AbortController();
  waits(last);
  mock.timers.tick(1000);
  assert.deepEqual(sent, [["silent", "3"]]);
});
