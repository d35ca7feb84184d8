// Takes over the data of the plots of a page, and draws them (pictures.js) when it is time.
//
// A packet of the server has the new data of all plots: the length of a JSON text (uint32), the
// text, and arrays, each from a multiple of 8 bytes on.  The painter retains the data of the
// windows, draws once for each picture of the browser, and then answers with the number of the
// packet.  All texts are drawn on canvases or set as text; none is HTML.

const ARRAYS = {f8: Float64Array, u1: Uint8Array, i4: Int32Array};
const PICTURE = "canvas, iframe";
const TRIES = 100;  // looks for elements that are not built yet, 0.1 s apart

class Painter {
  constructor(screen) {
    this.screen = screen;
    this.plots = new Map();
    this.elements = new Map();
    this.texts = {};
    this.number = 0;
    this.is_asked = false;
    this.n_tries = 0;
    this.end = new AbortController();
    const signal = this.end.signal;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.all(), {signal});
    this.sizes = new ResizeObserver(() => this.all());
    addEventListener("scroll", () => this.look(), {passive: true, capture: true, signal});
    addEventListener("resize", () => this.all(), {signal});
    setTimeout(() => { screen.starts = screen.starts + 1; this.look(); }, 0);
  }

  // Ends the painter of a page that another one has replaced.
  dispose() {
    this.end.abort();
    this.sizes.disconnect();
    this.plots.clear();
    this.elements.clear();
    this.screen.painter = null;
  }

  // Data

  take() {
    const packet = this.screen.packet;
    if (packet == null) { return; }
    const bytes = packet instanceof ArrayBuffer ? packet : new Uint8Array(packet).buffer;
    const length = new DataView(bytes).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    let at = Math.ceil((4 + length) / 8) * 8;
    for (const part of head.parts) {
      part.arrays = part.arrays.map(([kind, n]) => {
        const array = new ARRAYS[kind](bytes, at, n);
        at += Math.ceil(array.byteLength / 8) * 8;
        return array;
      });
      this.attempt(() => this.store(part));
    }
    Object.assign(this.texts, head.texts);
    this.number = head.number;
    this.ask();
  }

  // Does something for one plot; the others go on if it fails.
  attempt(work) {
    try { work(); } catch (error) { console.error("nefsim view:", error); }
  }

  store(part) {
    let plot = this.plots.get(part.id);
    if (plot == null) {
      plot = {id: part.id, times: [], columns: [], counts: null, turn: [0.7, 0.5]};
      this.plots.set(part.id, plot);
    }
    Object.assign(plot, {x: part.x, y: part.y, is_dirty: true});
    if (part.names != null) { plot.names = part.names; }
    if (part.kind === "rows") { this.store_rows(plot, part); }
    else if (part.kind === "marks") { this.store_marks(plot, part); }
    else { plot.image = {rows: part.rows, columns: part.columns, values: part.arrays[0]}; }
  }

  store_rows(plot, part) {
    const [times, rows] = part.arrays, k = part.columns;
    if (part.is_new || plot.columns.length !== k) {
      plot.times = [];
      plot.columns = Array.from({length: k}, () => []);
    }
    for (let i = 0; i < times.length; i++) {
      plot.times.push(times[i]);
      for (let j = 0; j < k; j++) { plot.columns[j].push(rows[i * k + j]); }
    }
    let old = 0;
    while (old < plot.times.length - 1 && plot.times[old + 1] < part.since) { old++; }
    if (old > 0) {
      plot.times.splice(0, old);
      plot.columns.forEach((column) => column.splice(0, old));
    }
  }

  store_marks(plot, part) {
    const {rows, wide, first} = part, counts = part.arrays[0];
    if (part.is_new || plot.counts == null) {
      plot.counts = new Uint8Array(rows * wide);
      plot.pixels = new ImageData(wide, rows);
      plot.page = new OffscreenCanvas(wide, rows);
    }
    const n = counts.length / rows;  // columns of the image, each of all rows
    for (let c = 0; c < n; c++) {
      const place = (first + c) % wide;
      for (let r = 0; r < rows; r++) { plot.counts[r * wide + place] = counts[c * rows + r]; }
    }
    Object.assign(plot, {rows, wide, width: part.width, last: part.last, look: null});
  }

  // Pictures

  ask() {
    if (!this.is_asked) {
      this.is_asked = true;
      requestAnimationFrame(() => this.draw());
    }
  }

  all() {
    for (const plot of this.plots.values()) { plot.is_dirty = true; }
    this.look();
    this.ask();
  }

  // Moves all time axes such that they end at a time.
  move(end) {
    for (const plot of this.plots.values()) {
      const length = plot.x[1] - plot.x[0];
      plot.x = [Math.max(end, length) - length, Math.max(end, length)];
    }
    this.all();
  }

  draw() {
    this.is_asked = false;
    if (this.end.signal.aborted) { return; }
    for (const plot of this.plots.values()) {
      if (plot.is_dirty && this.is_seen(plot.id)) {
        plot.is_dirty = false;
        this.attempt(() => this.paint(plot));
      }
    }
    for (const [id, text] of Object.entries(this.texts)) {
      const place = this.inside(id, ".bk-clearfix");
      if (place != null && place.textContent !== text) { place.textContent = text; }
    }
    if (this.screen.drawn !== this.number) { this.screen.drawn = this.number; }
    this.look();
  }

  // An element in the element of a model; Bokeh goes through all views to find one.
  inside(id, selector) {
    const known = this.elements.get(id);
    if (known?.isConnected) { return known; }
    const found = Bokeh.index.find_one_by_id(id)?.shadow_el.querySelector(selector) ?? null;
    this.elements.set(id, found);
    return found;
  }

  is_seen(id) {
    const place = this.inside(id, PICTURE);
    if (place == null) { return false; }
    const box = place.getBoundingClientRect();
    return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  }

  // Tells the server the plots that are on the screen.
  look() {
    if (this.end.signal.aborted) { return; }
    const seen = this.screen.plots.filter((id) => this.is_seen(id));
    if (seen.join() !== this.screen.seen.join()) { this.screen.seen = seen; }
    for (const id of this.plots.keys()) {
      if (!this.screen.plots.includes(id)) {
        this.plots.delete(id);
        this.elements.delete(id);
      }
    }
    // New plots are built a moment later.
    const waits = this.screen.plots.some((id) => this.inside(id, PICTURE) == null);
    if (!waits) { this.n_tries = 0; }
    if (waits && !this.is_waiting && this.n_tries < TRIES) {
      this.is_waiting = true;
      this.n_tries++;
      setTimeout(() => { this.is_waiting = false; this.all(); }, 100);
    }
  }

  paint(plot) {
    const canvas = this.inside(plot.id, PICTURE);
    const spec = plot.spec ??= JSON.parse(canvas.dataset.spec);
    if (canvas !== plot.canvas) {
      plot.canvas = canvas;
      this.sizes.observe(canvas);
      if (spec.kind === "space") { this.turn(plot); }
    }
    const ratio = devicePixelRatio, w = canvas.clientWidth, h = canvas.clientHeight;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    const ctx = canvas.getContext("2d"), look = this.dark.matches ? DARK : LIGHT;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.fillStyle = `rgb(${look.paper})`;
    ctx.fillRect(0, 0, w, h);
    const names = plot.names ?? spec.names ?? [];
    const listed = largest(plot, names);
    const right = EDGE.right + (listed.length > 1 ? EDGE.legend : 0);
    const box = {x: EDGE.left, y: EDGE.top, w: w - EDGE.left - right,
                 h: h - EDGE.top - EDGE.bottom};
    frame(ctx, look, box, plot, spec, listed);
    ctx.save();
    DRAWS[spec.kind](ctx, look, box, plot, spec);
    ctx.restore();
    const now = performance.now();
    if (!(now - plot.said < 1000)) {
      plot.said = now;
      canvas.setAttribute("aria-label", words(plot, spec, listed));
    }
  }

  // Turns a trajectory of three dimensions by the mouse or by arrow keys.
  turn(plot) {
    const by = (across, up) => {
      plot.turn = [plot.turn[0] + across,
                   Math.min(1.57, Math.max(-1.57, plot.turn[1] + up))];
      plot.is_dirty = true;
      this.ask();
    };
    plot.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) { by(event.movementX / 100, event.movementY / 100); }
    });
    plot.canvas.addEventListener("keydown", (event) => {
      const way = {ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0],
                   ArrowUp: [0, -0.1], ArrowDown: [0, 0.1]}[event.key];
      if (way != null) { by(...way); event.preventDefault(); }
    });
  }

}
