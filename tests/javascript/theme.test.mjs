// When the page runs again for another theme.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ThemeFollower } from "../../assets/frame/theme.js";

function visit(theme) {
  const window = { theme, asked: [] };
  const follower = new ThemeFollower(() => window.theme);
  window.hear = (drawn) => follower.hear(drawn, (wanted) => window.asked.push(wanted));
  window.look = () => follower.look();
  return window;
}

test("a page in the theme of the browser stays as it is", () => {
  const here = visit("dark");
  here.hear("dark");
  here.look();
  assert.deepEqual(here.asked, []);
});

test("a change of the theme is asked for once", () => {
  const here = visit("light");
  here.hear("light");
  here.theme = "dark";
  here.look();
  here.look();
  assert.deepEqual(here.asked, ["dark"]);
  here.hear("dark");
  here.theme = "light";
  here.look();
  assert.deepEqual(here.asked, ["dark", "light"]);
});

test("a change before the script was there, or while an older run is on its way, is asked for, too", () => {
  const here = visit("light");
  here.theme = "dark";
  here.hear("light");
  assert.deepEqual(here.asked, ["dark"]);
  here.hear("light");
  here.hear("dark");
  assert.deepEqual(here.asked, ["dark", "dark"]);
});

test("a theme that the server never gives is asked for three times, and again after it has given one", () => {
  const here = visit("dark");
  for (let run = 0; run < 9; run += 1) here.hear("light");
  assert.equal(here.asked.length, 3);
  here.hear("dark");
  here.theme = "light";
  here.look();
  assert.equal(here.asked.length, 4);
});
