// When a page has to run again because its charts are drawn in the colours of another theme than the browser's.

const MOST_ASKED = 3; // times in a row that a page may come in another theme; then it stays as it is

export class ThemeFollower {
  /** @param {() => string} read - what tells the theme of the browser: "light" or "dark" */
  constructor(read) {
    this.read = read;
    this.left = MOST_ASKED;
  }

  /**
   * The page has come, or the first part of it: its script may be here later than its charts, and the theme
   * may have changed in between.
   * @param {string} drawn - the theme that the server knew
   * @param {(theme: string) => void} ask - lets the page run again
   */
  hear(drawn, ask) {
    this.ask = ask;
    this.wanted = drawn;
    if (this.read() === drawn) this.left = MOST_ASKED;
    else if (this.left > 0) this.look();
  }

  /** The theme of the browser may have changed. */
  look() {
    const theme = this.read();
    if (theme === this.wanted) return;
    this.wanted = theme;
    this.left -= 1;
    this.ask(theme);
  }
}
