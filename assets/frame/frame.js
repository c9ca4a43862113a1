// What the frame of all pages needs in the browser: one entry in its history for a page, and a menu on a phone
// that closes when a page is chosen. Mounted on every page, set up once.

const NARROW = "(max-width: 768px)"; // where Streamlit's menu is a drawer over the page

export default function () {
  if (window.convscopeFrame) return;
  window.convscopeFrame = true;
  replaceOnSamePage();
  dropDoubledEntry();
  document.addEventListener("click", closeMenu);
}

// Streamlit adds an entry whenever a page writes its state into the address. Then "Back" would go through every
// setting that was tried, and do nothing at first, since a page writes the address again when it is opened.
function replaceOnSamePage() {
  const push = history.pushState.bind(history);
  history.pushState = (state, title, address) => {
    const here = new URL(address ?? location.href, location.href).pathname === location.pathname;
    if (here) history.replaceState(state, title, address);
    else push(state, title, address);
  };
}

// The first page may have written its address before this was loaded.
function dropDoubledEntry() {
  const current = window.navigation?.currentEntry;
  const before = current && window.navigation.entries()[current.index - 1];
  const opened = performance.getEntriesByType("navigation")[0];
  if (!before?.sameDocument || !before.url || opened?.type !== "navigate") return;
  if (new URL(before.url).pathname !== location.pathname || before.url !== opened.name) return;
  const address = location.href;
  const settle = (event) => {
    event.stopImmediatePropagation(); // Streamlit would open the page again
    history.replaceState({}, "", address);
  };
  window.addEventListener("popstate", settle, { capture: true, once: true });
  history.back();
}

function closeMenu(event) {
  if (!event.target.closest?.('[data-testid="stSidebarNavLink"]')) return;
  if (!window.matchMedia(NARROW).matches) return;
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}
