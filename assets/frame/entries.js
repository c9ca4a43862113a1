// Which changes of the address are entries of the browser's history.

// The language is the visitor's, whatever an older address says; a window over an image moves pixel by pixel, and
// words are typed letter by letter.
const NO_SETTING = ["lang", "row", "column", "cells", "find"];

// Whether going from one address to another adds an entry: another page does, and so does a setting that the
// visitor has changed.
export function writesEntry(from, to, touched) {
  if (from.pathname !== to.pathname) return true;
  return touched && settings(from) !== settings(to);
}

// Whether an address is meant for the page that comes next: before it leaves the home page for another one,
// Streamlit writes what that is asked for into the address of the home page, which knows an image alone.
export function isOfNextPage(to) {
  return (
    to.pathname === "/" &&
    [...to.searchParams.keys()].some((name) => !["image", "lang", "course", "kiosk"].includes(name))
  );
}

// Where Streamlit has the menu of the pages: above them, what it opens there, and on a phone.
const MENU = new Set(["stHeader", "stTopNavPopoverBody", "stSidebar"]);

// Whether the visitor uses a link or the menu: both lead away from the page and change no setting of it, so what
// the page still writes belongs to the entry that is there.
export function leadsAway(event) {
  return event
    .composedPath()
    .some((node) => (node.tagName === "A" && node.href) || MENU.has(node.dataset?.testid));
}

// Whether going from one address to another only scrolls: then Streamlit asks the server for nothing.
export function isPlaceOnPage(from, to) {
  return to.hash !== "" && from.pathname === to.pathname && from.search === to.search;
}

// After Back or Forward the server may still send addresses of what the visitor has just left: they belong to other
// entries, and the browser would write them into the one that is shown now. Until the page has answered the last
// Back or Forward, only what completes the address of that entry is written, such as another language. What the
// visitor does on the page ends that, too: the server may leave out an answer that nobody waits for any more.
export class Returning {
  #entry = null; // the address that was gone back to, until the page has answered
  #answers = 0;

  get open() {
    return this.#entry !== null;
  }

  begin(address) {
    this.#entry = { pathname: address.pathname, search: address.search };
  }

  end() {
    this.#entry = null;
  }

  // Whether `to` belongs to another entry than the one that is shown.
  refuses(to) {
    return this.open && !isSameEntry(this.#entry, to);
  }

  // What the page says: how often it has answered Back or Forward, and which address the last answer was for.
  hear({ count, path, query }) {
    if (count === this.#answers) return;
    this.#answers = count;
    if (!this.open || path !== this.#entry.pathname) return;
    if (sorted(query) === sorted(this.#entry.search)) this.end();
  }
}

function isSameEntry(from, to) {
  return from.pathname === to.pathname && settings(from) === settings(to);
}

function sorted(query) {
  const pairs = new URLSearchParams(query);
  pairs.sort();
  return pairs.toString();
}

function settings(address) {
  const query = new URLSearchParams(address.search);
  for (const name of NO_SETTING) query.delete(name);
  query.sort();
  return query.toString();
}
