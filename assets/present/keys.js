// Keys of the presenter view: each presses the first button of its list that the page has and that can be pressed.
// Never r, c or Escape: these are Streamlit's.

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
const FIELDS =
  'input:not([type="range"], [type="radio"], [type="checkbox"]), textarea, select, [contenteditable="true"]';

// A listener for each mount: Streamlit may mount the next one before it takes the last one away.
export default function ({ parentElement }) {
  const listener = (event) => press(event);
  document.addEventListener("keydown", listener);
  parentElement.querySelector("i").dataset.listening = "";
  return () => document.removeEventListener("keydown", listener);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const target = event.composedPath()[0];
  if (target.matches?.(FIELDS) || document.querySelector('[role="dialog"]')) return;
  for (const selector of BUTTONS[letter(event)] ?? []) {
    const button = firstIn(document, selector);
    if (!button || button.disabled) continue;
    button.click();
    event.preventDefault();
    return;
  }
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
