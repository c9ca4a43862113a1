// Which changes of the address are entries of the browser's history.

const UNDOABLE = new Set(["/playground"]); // pages that follow the address when the visitor goes back
const NO_SETTING = ["lang"]; // the language is the visitor's, whatever an older address says

// Whether going from one address to another adds an entry: another page does, and so does a setting that the
// visitor has changed.
export function writesEntry(from, to, touched) {
  if (from.pathname !== to.pathname) return true;
  return touched && UNDOABLE.has(to.pathname) && settings(from) !== settings(to);
}

function settings(address) {
  const query = new URLSearchParams(address.search);
  for (const name of NO_SETTING) query.delete(name);
  query.sort();
  return query.toString();
}
