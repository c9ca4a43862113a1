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

function settings(address) {
  const query = new URLSearchParams(address.search);
  for (const name of NO_SETTING) query.delete(name);
  query.sort();
  return query.toString();
}
