// A key that comes before its button, or before that can be pressed, is kept for a while.

const EVERY_MS = 100;
const LOADING_MS = 8_000; // a page that still loads
const SILENT_MS = 500;
const TELLING_MS = 5_000; // that it was in vain

let end = () => {};

// Press the button now or as soon as that works; a later key, or another page, takes the place of the one before.
// A button that the page has is waited for as long as `longest` milliseconds, if that is longer than a page loads.
// `say` gets "waits", in the end "never" if it was in vain, and "" when there is nothing more to say.
export function pressOrWait(state, { say, place, pressed, longest = 0 }) {
  end();
  const began = Date.now();
  const here = place();
  let timer = null;
  end = () => {
    clearTimeout(timer);
    say("");
    end = () => {};
  };
  const attempt = () => {
    const { ready, exists } = state();
    const waited = Date.now() - began;
    if (place() !== here) end();
    else if (waited > (exists ? Math.max(LOADING_MS, longest) : LOADING_MS)) {
      say("never");
      timer = setTimeout(end, TELLING_MS);
    } else if (ready) {
      end();
      ready.click();
      pressed();
    } else {
      if (exists && waited >= SILENT_MS) say("waits");
      timer = setTimeout(attempt, EVERY_MS);
    }
  };
  attempt();
}
