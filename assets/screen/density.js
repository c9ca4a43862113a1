// A canvas is drawn in the pixels of the screen: again when its element has another size, and when the page is zoomed
// or moved to another screen. No ResizeObserver tells of those where the size in CSS pixels stays as it is.

// Calls `fit` then, and once for each element that it begins to observe.
export class Fitting {
  constructor(fit) {
    this.fit = fit;
    this.resized = new ResizeObserver(fit);
    this.changed = () => {
      this.watch();
      fit();
    };
  }

  observe(element) {
    this.resized.observe(element);
    if (!this.query) this.watch();
  }

  // A query holds for one density alone.
  watch() {
    this.query?.removeEventListener("change", this.changed);
    this.query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    this.query.addEventListener("change", this.changed);
  }

  disconnect() {
    this.resized.disconnect();
    this.query?.removeEventListener("change", this.changed);
    this.query = null;
  }
}
