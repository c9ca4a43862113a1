// Keys of the presenter view: each presses the first button of its list that the page has and that can be pressed.
// Never r, c or Escape: these are Streamlit's.

import { pressOrWait } from "./waiting.js";

const BUTTONS = {
  t: [".st-key-train button", ".st-key-sweep_begin button", ".st-key-race_start button"],
  p: [".st-key-pause button", ".st-key-resume button", ".stepper .play"],
  s: [".st-key-step button", ".st-key-training_step_next button", ".stepper .next"],
  i: [
    '.st-key-images_index [data-testid="stNumberInputStepUp"]',
    '.st-key-image_number [data-testid="stNumberInputStepUp"]',
    ".st-key-icon_samples_next button",
    ".st-key-icon_image_after button",
  ],
  n: [".st-key-presenter_after a"],
  b: [".st-key-presenter_before a"],
};
const BEGINS = "ps"; // of a training that has been ordered
const BEGINNING_MS = 120_000;
const FIELDS =
  'input:not([type="range"], [type="radio"], [type="checkbox"]), textarea, select, [contenteditable="true"]';
const LIVE = ".st-key-run_here";

// A listener for each mount: Streamlit may mount the next one before it takes the last one away.
export default function ({ parentElement, data }) {
  const words = parentElement.querySelector("output");
  const say = (name, key) => {
    words.textContent = name && data[name].replace("{key}", key.toUpperCase());
    words.hidden = !name;
  };
  const listener = (event) => press(event, say);
  document.addEventListener("keydown", listener);
  parentElement.querySelector("i").dataset.listening = "";
  return () => document.removeEventListener("keydown", listener);
}

function press(event, say) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const target = event.composedPath()[0];
  const key = letter(event);
  if (event.defaultPrevented || !BUTTONS[key]) return;
  if (target.matches?.(FIELDS) || document.querySelector('[role="dialog"]')) return;
  event.preventDefault();
  pressOrWait(() => state(key), {
    say: (name) => say(name, key),
    place: () => location.pathname,
    longest: BEGINS.includes(key) ? BEGINNING_MS : 0,
    pressed: key === "t" ? showRun : () => {},
  });
}

// The button of a key that can be pressed, and whether the page has one that cannot be pressed yet.
function state(key) {
  const buttons = BUTTONS[key].map((selector) => firstIn(document, selector)).filter(Boolean);
  const ready = buttons.find((button) => !button.disabled);
  return { ready, exists: buttons.length > 0 };
}

// The curves of the training that was just ordered may be below the screen.
function showRun() {
  const before = document.querySelector(LIVE)?.textContent;
  let tries = 100;
  const look = setInterval(() => {
    const run = document.querySelector(LIVE);
    const isNew = run && run.textContent !== before;
    if (isNew) run.scrollIntoView({ block: "start", behavior: "instant" });
    if (isNew || --tries === 0) clearInterval(look);
  }, 100);
}

// Where the keyboard writes other letters, such as Korean ones, the place of the key counts.
function letter(event) {
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  return /^Key[A-Z]$/.test(event.code) ? event.code.at(-1).toLowerCase() : "";
}

// Components have trees of their own.
function firstIn(tree, selector) {
  const direct = tree.querySelector(selector);
  if (direct) return direct;
  for (const part of tree.querySelectorAll("*")) {
    const inside = part.shadowRoot && firstIn(part.shadowRoot, selector);
    if (inside) return inside;
  }
  return null;
}
