// Which changes of the address the browser's history keeps.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  isOfNextPage,
  isPlaceOnPage,
  leadsAway,
  Returning,
  writesEntry,
} from "../../assets/frame/entries.js";

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

test("a link and the menu change no setting of the page that they lead away from", () => {
  const used = (...path) => Boolean(leadsAway({ composedPath: () => [...path, {}] }));
  const link = { tagName: "A", href: "http://localhost/explain" };
  const button = { tagName: "BUTTON", dataset: { testid: "stTopNavSection" } };
  assert.equal(used({ tagName: "P" }, link), true);
  assert.equal(used({ tagName: "SPAN" }, button), false);
  assert.equal(used({ tagName: "A", href: "" }), false);
  for (const testid of ["stHeader", "stTopNavPopoverBody", "stSidebar"]) {
    assert.equal(used({ tagName: "SPAN" }, button, { tagName: "DIV", dataset: { testid } }), true);
  }
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

test("a place on the same page is no other address", () => {
  assert.equal(isPlaceOnPage(at("/glossary?find=a"), at("/glossary?find=a#stride")), true);
  assert.equal(isPlaceOnPage(at("/glossary?find=a"), at("/glossary?find=b#stride")), false);
  assert.equal(isPlaceOnPage(at("/glossary#stride"), at("/glossary")), false);
});

const entry = "/playground?blocks=8&lang=en";
const answer = (count, address) => ({
  count,
  path: at(address).pathname,
  query: at(address).search.slice(1),
});
const later = ["/playground?blocks=16&lang=en", "/runs?blocks=8", "/?blocks=8&lang=en"];

function returned(address = entry) {
  const returning = new Returning();
  returning.begin(at(address));
  return returning;
}

test("before anybody goes back, every address is written", () => {
  const returning = new Returning();
  for (const address of [entry, ...later]) assert.equal(returning.refuses(at(address)), false);
});

test("after Back, addresses of what was left are refused until the page has answered", () => {
  const returning = returned();
  for (const address of later) assert.equal(returning.refuses(at(address)), true);
  returning.hear({ count: 0 });
  for (const address of later) assert.equal(returning.refuses(at(address)), true);
  returning.hear(answer(1, "/playground?lang=en&blocks=8"));
  for (const address of later) assert.equal(returning.refuses(at(address)), false);
});

test("what completes the address that was gone back to is written", () => {
  assert.equal(returned().refuses(at("/playground?lang=ko&blocks=8")), false);
});

test("an answer to an earlier press of Back, or one that was heard before, is none to the last", () => {
  const returning = returned("/playground?blocks=16");
  returning.begin(at(entry));
  for (const earlier of [answer(1, "/playground?blocks=16"), answer(2, "/runs?blocks=8&lang=en")]) {
    returning.hear(earlier);
    assert.equal(returning.refuses(at(later[0])), true);
  }
  returning.hear(answer(3, entry));
  assert.equal(returning.open, false);
  returning.begin(at(entry));
  returning.hear(answer(3, entry));
  assert.equal(returning.open, true);
});

test("what the visitor does on the page ends the wait for an answer", () => {
  const returning = returned();
  returning.end();
  assert.equal(returning.refuses(at(later[0])), false);
});
