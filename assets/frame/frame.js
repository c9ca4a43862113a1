// What the frame of all pages needs in the browser: one entry in its history for a page, and a menu on a phone
// that closes when a page is chosen. Mounted on every page, set up once.

const NARROW = "(max-width: 768px)"; // where Streamlit's menu is a drawer over the page

export default function () {
  if (window.convscopeFrame) return;
  window.convscopeFrame = true;
  replaceOnSamePage();
  passDoubledEntry();
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

// The first page may have written its address before this was loaded. Its doubled entry is passed over when the
// visitor comes back to it; going back immediately would make Streamlit run the page again, without its messages.
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

function closeMenu(event) {
  if (!event.target.closest?.('[data-testid="stSidebarNavLink"]')) return;
  if (!window.matchMedia(NARROW).matches) return;
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
}
