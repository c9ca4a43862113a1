// A key that comes before its button, or before that can be pressed, is kept for a while.

const EVERY_MS = 100;
const WITHOUT_BUTTON_MS = 8_000; // a page that still loads
const WITH_BUTTON_MS = 120_000; // a training that has not begun
const SILENT_MS = 500;

let end = () => {};

// Press the button now or as soon as that works; a later key, or another page, takes the place of the one before.
export function pressOrWait(state, { say, place, pressed }) {
  end();
  const began = Date.now();
  const here = place();
  let timer = null;
  end = () => {
    clearInterval(timer);
    say(false);
    end = () => {};
  };
  const attempt = () => {
    const { ready, exists } = state();
    const waited = Date.now() - began;
    const moved = place() !== here;
    if (moved || waited > (exists ? WITH_BUTTON_MS : WITHOUT_BUTTON_MS)) end();
    else if (ready) {
      end();
      ready.click();
      pressed();
    } else if (exists && waited >= SILENT_MS) say(true);
  };
  timer = setInterval(attempt, EVERY_MS);
  attempt();
}
