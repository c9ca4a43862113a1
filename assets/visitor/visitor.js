// Keeps the visitor's token in this browser: in a cookie, which the server sees before it makes a page, and in
// the storage, for browsers that refuse the cookie. Data: {name, days, token}; `token` is what the server
// proposes to a browser that sent no cookie. One that was kept nevertheless is sent as `token`.

const TOKEN = /^[0-9a-f]{32}$/;
const DAY_MS = 86_400_000;

export default function ({ data, setTriggerValue }) {
  const kept = fromCookie(data.name) ?? fromStorage(data.name);
  const token = kept ?? data.token;
  if (!token) return;
  intoCookie(data.name, token, data.days);
  intoStorage(data.name, token, data.days);
  if (data.token && token !== data.token) setTriggerValue("token", token);
}

function fromCookie(name) {
  try {
    const pairs = document.cookie.split("; ").map((pair) => pair.split("="));
    return valid(pairs.find(([key]) => key === name)?.[1]);
  } catch {
    return null; // a page in a sandbox has no cookies
  }
}

function intoCookie(name, token, days) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  try {
    document.cookie = `${name}=${token}; Path=/; Max-Age=${days * 86_400}; SameSite=Lax${secure}`;
  } catch {
    // then the storage has it
  }
}

function fromStorage(name) {
  try {
    const [token, until] = (localStorage.getItem(name) ?? "").split(" ");
    return Number(until) > Date.now() ? valid(token) : null;
  } catch {
    return null; // storage is refused together with cookies, or broken
  }
}

function intoStorage(name, token, days) {
  try {
    localStorage.setItem(name, `${token} ${Date.now() + days * DAY_MS}`);
  } catch {
    // full or refused; then the cookie has it
  }
}

function valid(token) {
  return TOKEN.test(token ?? "") ? token : null;
}
