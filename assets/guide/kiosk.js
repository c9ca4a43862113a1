// A course that plays by itself: turn by turn, until somebody touches the screen; again after nobody has for a while.

const TOUCHES = ["pointerdown", "keydown"];
const SIGNS = [...TOUCHES, "pointermove", "wheel", "touchmove"]; // of somebody who reads

/**
 * Sends `turn` with the phase after that many seconds, unless there has been a touch before, which sends `taken`;
 * nothing any more once the signal is aborted. What the page itself presses is no touch.
 */
export function play({ kiosk, phase }, send, signal) {
  const timer = setTimeout(() => send("turn", phase), kiosk * 1000);
  const end = () => {
    clearTimeout(timer);
    ignore(TOUCHES, take);
  };
  const take = (event) => {
    if (!event.isTrusted) return;
    end();
    send("taken", phase);
  };
  hear(TOUCHES, take);
  signal.addEventListener("abort", end);
}

/**
 * Sends `silent` with the phase once there has been no sign of anybody for that many seconds; `last` keeps the time of
 * the last one from one state of the panel to the next.
 */
export function awaitSilence({ silence, phase }, last, send, signal) {
  const left = () => last.sign + silence * 1000 - Date.now();
  const look = () => {
    if (left() > 0) {
      timer = setTimeout(look, left());
      return;
    }
    end();
    send("silent", phase);
  };
  const note = (event) => {
    if (event.isTrusted) last.sign = Date.now();
  };
  const end = () => {
    clearTimeout(timer);
    ignore(SIGNS, note);
  };
  last.sign ??= Date.now();
  let timer = setTimeout(look, Math.max(0, left()));
  hear(SIGNS, note);
  signal.addEventListener("abort", end);
}

function hear(kinds, listener) {
  for (const kind of kinds) document.addEventListener(kind, listener, true);
}

function ignore(kinds, listener) {
  for (const kind of kinds) document.removeEventListener(kind, listener, true);
}
