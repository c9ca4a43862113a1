// A course that plays by itself: turn by turn, until somebody touches the screen.

const TOUCHES = ["pointerdown", "keydown"];

/**
 * Sends `turn` with the phase after that many seconds, unless there has been a touch before, which sends `taken`;
 * nothing any more once the signal is aborted. What the page itself presses is no touch.
 */
export function play({ kiosk, phase }, send, signal) {
  const timer = setTimeout(() => send("turn", phase), kiosk * 1000);
  const end = () => {
    clearTimeout(timer);
    for (const kind of TOUCHES) document.removeEventListener(kind, take, true);
  };
  const take = (event) => {
    if (!event.isTrusted) return;
    end();
    send("taken", phase);
  };
  for (const kind of TOUCHES) document.addEventListener(kind, take, true);
  signal.addEventListener("abort", end);
}
