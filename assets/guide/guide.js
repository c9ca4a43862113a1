// A guided course in the browser. Data: {asks: true} sends what the storage keeps of a course, as `kept`. Or
// {progress, restored, waits, signal, settings, turn, checked, highlight, reveals, kiosk, silence, phase, own}: keeps
// the progress; while the step waits, tells of another address as `seen` and of what is done in the browser alone
// as `did`; outlines the part of the page that the step is about; plays a course by itself, `turn` by `turn`,
// until somebody touches the screen, which is `taken`; then waits until nobody has for a while, which is `silent`.

import { awaited, same } from "./awaited.js";
import { awaitSilence, play } from "./kiosk.js";

const KEY = "convscope_course";
const STATE = "data-test-script-state"; // where Streamlit says whether a page is still being written
const AGAIN = 2000; // ms until the server is asked for the same once more
const MOST_ASKED = 50; // times for one state of the panel
const LOOKS = 40; // for a part of the page that is still on its way
let lastSign = {};

export default function ({ data, setTriggerValue }) {
  if (data.asks) {
    const kept = read();
    if (kept && !same(kept, window.convscopeKept)) {
      window.convscopeKept = kept; // once in this window
      setTriggerValue("kept", kept);
    }
    return undefined;
  }
  keep(data, setTriggerValue);
  window.convscopeGuide?.abort(); // what watched for the data before these
  const end = (window.convscopeGuide = new AbortController());
  if (data.waits) watch(data, setTriggerValue, end.signal);
  outline(data.highlight, data.reveals, end.signal);
  if (!data.silence) lastSign = {};
  if (data.kiosk) play(data, setTriggerValue, end.signal);
  if (data.silence) awaitSilence(data, lastSign, setTriggerValue, end.signal);
  return () => end.abort();
}

function keep({ progress, restored }, send) {
  if (!progress) return;
  const kept = read();
  if (!restored && kept?.course === progress.course && !same(kept, progress)) {
    send("kept", kept);
    return;
  }
  window.convscopeKept = progress;
  try {
    localStorage.setItem(KEY, JSON.stringify(merged(kept, progress)));
  } catch {
    // full or refused; then the link has the step
  }
}

// What another window of this browser has reached in the same course since stays.
export function merged(kept, progress) {
  if (kept?.course !== progress.course) return progress;
  const both = (name) => ({ ...kept[name], ...progress[name] });
  return { ...progress, predictions: both("predictions"), outcomes: both("outcomes") };
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

// The server looks at the address when a page has come to rest. What it has not looked at by then, because it was
// busy with something else, it is asked for again.
function watch(data, send, signal) {
  const app = document.querySelector(".stApp");
  let asked = 0;
  const look = () => {
    if (app?.getAttribute(STATE) !== "notRunning" || asked >= MOST_ASKED) return;
    const query = [...new URLSearchParams(location.search)]
      .filter(([name]) => !data.own.includes(name))
      .sort();
    if (same(query, data.checked)) return;
    asked += 1;
    send("seen", { turn: data.turn, query, asked });
  };
  const observer = new MutationObserver(look);
  if (app) observer.observe(app, { attributeFilter: [STATE] });
  const timer = setInterval(look, AGAIN);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearInterval(timer);
  });
  look();
  if (data.signal) hear(data, send, signal);
}

// What was done in the browser alone is told until the panel knows of it: the server may be busy with the drawing.
function hear(data, send, signal) {
  let [deed, told] = [null, 0];
  const tell = () => {
    if (!deed || told >= MOST_ASKED) return;
    told += 1;
    send("did", { ...deed, told });
  };
  const take = ({ detail }) => {
    if (detail.kind !== data.signal || !awaited(detail, data.settings)) return;
    deed = detail;
    tell();
  };
  document.addEventListener("convscope-did", take, { signal });
  const timer = setInterval(tell, AGAIN);
  signal.addEventListener("abort", () => clearInterval(timer));
}

// The part may be on its way yet. It comes into sight once, when the step asks for something to be done there.
function outline(key, reveals, signal) {
  let looks = key ? LOOKS : 0;
  const mark = () => {
    if (signal.aborted || looks <= 0) return;
    looks -= 1;
    const part = document.querySelector(`.st-key-${key}, [class*="st-key-${key}-"]`);
    if (!part) {
      setTimeout(mark, 250);
      return;
    }
    if (reveals.endsWith("True") && window.convscopeRevealed !== reveals) {
      window.convscopeRevealed = reveals;
      const { top, bottom } = part.getBoundingClientRect();
      if (top > innerHeight - 120 || bottom < 120) part.scrollIntoView({ block: "nearest" });
    }
  };
  mark();
}
