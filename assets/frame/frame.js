// What the frame of all pages needs in the browser: the language of the document, entries in its history that "Back"
// can undo, and a menu on a phone that says so and closes when a page is chosen. Mounted on every page, set up once.

import { isOfNextPage, isPlaceOnPage, leadsAway, Returning, writesEntry } from "./entries.js";
import { ThemeFollower } from "./theme.js";

const NARROW = "(max-width: 768px)"; // where Streamlit's menu is a drawer over the page
const STATE = "data-test-script-state"; // where Streamlit says whether a page is still being written

export default function ({ data, setTriggerValue }) {
  document.documentElement.lang = data.language;
  nameMenu(data.menu);
  window.convscopeTheme ??= new ThemeFollower(
    () => getComputedStyle(document.querySelector(".stApp")).colorScheme,
  );
  window.convscopeTheme.hear(data.theme, (theme) => setTriggerValue("theme", theme));
  window.convscopeReturning ??= new Returning();
  if (!window.convscopeFrame) setUp(window.convscopeReturning);
  window.convscopeFrame = true;
  window.convscopeReturning.hear(data.answered);
}

function setUp(returning) {
  keepEntries(returning);
  passDoubledEntry();
  document.addEventListener("click", closeMenu);
  followTheme();
  reachWideTables();
  window.addEventListener("resize", reachWideTables);
  new MutationObserver(reachWideTables).observe(document.body, { subtree: true, attributeFilter: [STATE] });
  new MutationObserver(closeConnectionError).observe(document.body, { childList: true });
}

// Streamlit adds an entry whenever a page writes its state into the address, also as soon as it is opened: then
// the first "Back" would do nothing. So an entry is added only where entries.js says so, and else replaced.
function keepEntries(returning) {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let complete = isComplete(); // whether the page has been shown since it was opened or gone back to
  let touched = false; // whether the visitor has done something on it since; a page may write more than once
  let written = location.href; // where the visitor is, as far as this knows
  // Streamlit replaces what it writes after Back or Forward, and pushes anything else.
  const write = (adds) => (state, title, address) => {
    const to = new URL(address ?? location.href, location.href);
    if (returning.refuses(to)) return;
    if (to.pathname === location.pathname && isOfNextPage(to)) return;
    if (to.pathname !== location.pathname) complete = touched = false;
    if (adds && writesEntry(location, to, touched)) push(state, title, address);
    else replace(state, title, address);
    written = location.href;
  };
  history.pushState = write(true);
  history.replaceState = write(false);
  window.addEventListener("popstate", () => {
    if (!isPlaceOnPage(new URL(written), location)) {
      complete = touched = false;
      returning.begin(location);
    }
    written = location.href;
  });
  const look = () => (complete ||= !returning.open && isComplete());
  const act = (event) => {
    look(); // a quick run may begin and end between two looks
    touched ||= complete && !leadsAway(event);
    returning.end();
  };
  for (const kind of ["pointerdown", "keydown", "change"]) document.addEventListener(kind, act, true);
  new MutationObserver(look).observe(document.body, { subtree: true, attributeFilter: [STATE] });
}

// The server draws charts in the colours of the theme, and Streamlit tells it of another theme with the next run only
// (a change asks for none). So the page runs again, once for each change.
function followTheme() {
  const look = () => window.convscopeTheme.look();
  new MutationObserver(look).observe(document.querySelector(".stApp"), { attributeFilter: ["class"] });
}

function isComplete() {
  return document.querySelector(".stApp")?.getAttribute(STATE) === "notRunning";
}

// Streamlit calls pushState whenever the server writes another query string, on purpose: "Back" should undo such a
// change (its App.handlePageInfoChanged; github.com/streamlit/streamlit/pull/16831 left out only those that change
// nothing). So the entry that is too much is Streamlit's, and the first page may have written its address before this
// script was loaded to replace it: a component's script arrives after the page that mounts it. That doubled entry is
// passed over when the visitor comes back to it; going back immediately would make Streamlit run the page again,
// without its messages. It goes as soon as Streamlit can write an address without an entry.
function passDoubledEntry() {
  const current = window.navigation?.currentEntry;
  const before = current && window.navigation.entries()[current.index - 1];
  const opened = performance.getEntriesByType("navigation")[0];
  if (!before?.sameDocument || !before.url || opened?.type !== "navigate") return;
  if (new URL(before.url).pathname !== location.pathname || before.url !== opened.name) return;
  window.addEventListener("popstate", () => {
    if (window.navigation.currentEntry?.key === before.key) history.back();
  });
}

// Streamlit calls the button "Expand sidebar", in English, and mounts it again when the menu was open. The style
// sheet writes the word beside the icon.
function nameMenu(word) {
  document.documentElement.style.setProperty("--convscope-menu", JSON.stringify(word));
  const name = () => {
    document.querySelector('[data-testid="stExpandSidebarButton"]')?.setAttribute("aria-label", word);
    nameSections();
  };
  name();
  window.convscopeMenu?.disconnect();
  window.convscopeMenu = new MutationObserver(name);
  // A phone that is turned changes from one menu to the other, with another header.
  window.convscopeMenu.observe(document.querySelector(".stApp"), { childList: true, subtree: true });
}

// Streamlit draws the sections of that menu as parts of one list, which a list must not have: each is one by itself.
function nameSections() {
  const menu = document.querySelector('[data-testid="stSidebarNavItems"]');
  for (const section of menu?.querySelectorAll(":scope > div:not([role])") ?? []) {
    menu.setAttribute("role", "none");
    section.setAttribute("role", "list");
    section.setAttribute("aria-label", section.querySelector("header > span")?.textContent ?? "");
  }
}

// A table that is wider than the window scrolls by itself, which the keyboard can do where it can get to.
function reachWideTables() {
  requestAnimationFrame(() => {
    for (const table of document.querySelectorAll('[data-testid="stTable"] > div')) {
      if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
      else table.removeAttribute("tabindex");
    }
  });
}

// What Streamlit says of a lost connection is in English, covers the page and makes the rest of it inert; the page
// says it in the visitor's language.
function closeConnectionError() {
  const connected = document.querySelector('.stApp[data-test-connection-state="CONNECTED"]');
  if (!connected) document.querySelector('[data-testid="stDialog"] button[aria-label="Close"]')?.click();
}

function closeMenu(event) {
  if (!event.target.closest?.('[data-testid="stSidebarNavLink"]')) return;
  if (!window.matchMedia(NARROW).matches) return;
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}
