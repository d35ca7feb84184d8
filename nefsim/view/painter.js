// Draws the plots of a page on canvases.
//
// A packet of the server has the new data of all plots: the length of a JSON text (uint32), the
// text, and arrays, each from a multiple of 8 bytes on.  The painter retains the data of the
// windows, draws once for each picture of the browser, and then answers with the number of the
// packet.  All texts are drawn on canvases or set as text; none is HTML.

const ARRAYS = {f8: Float64Array, u1: Uint8Array, i4: Int32Array};
const PICTURE = "canvas, iframe";
const TRIES = 100;  // looks for elements that are not built yet, 0.1 s apart
const FONT = "12px Helvetica, Arial, sans-serif", BOLD = `bold ${FONT}`;
const EDGE = {left: 58, right: 14, top: 26, bottom: 38, legend: 58};
const RED_TO_BLUE = [[33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130],
                     [178, 24, 43]];
const LIGHT = {ink: "#262626", soft: "#595959", grid: "#e5e5e5", paper: [255, 255, 255],
               marks: [0, 0xff777777, 0xff262626], black: [0, 0, 0]};
const DARK = {ink: "#ececec", soft: "#b8b8b8", grid: "#3a3d42", paper: [30, 32, 36],
              marks: [0, 0xffa0a0a0, 0xffffffff], black: [255, 255, 255]};

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
    const draws = {lines: this.lines, curves: this.lines, marks: this.marks, plane: this.path,
                   space: this.path, image: this.image}[spec.kind];
    this.frame(ctx, look, box, plot, spec, listed);
    ctx.save();
    draws.call(this, ctx, look, box, plot, spec);
    ctx.restore();
    const now = performance.now();
    if (!(now - plot.said < 1000)) {
      plot.said = now;
      canvas.setAttribute("aria-label", this.words(plot, spec, listed));
    }
  }

  // A description for those who do not see the picture.
  words(plot, spec, listed) {
    const last = ["curves", "marks", "image"].includes(spec.kind) ? []
      : listed.map(([i, name]) => [name, plot.columns[i] ?? []]);
    const values = last.map(([name, c]) => [name, c[c.length - 1]])
      .filter(([, value]) => value !== undefined);
    const text = values.map(([name, v]) => `${name} ${v.toPrecision(3)}`).join(", ");
    return text ? `${spec.title}, ${spec.y_label}: ${text}` : `${spec.title}, ${spec.y_label}`;
  }

  frame(ctx, look, box, plot, spec, listed) {
    ctx.font = BOLD;
    ctx.fillStyle = look.ink;
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "left";
    ctx.fillText(spec.title, box.x, 16, box.w + EDGE.right + EDGE.legend - 30);
    ctx.font = FONT;
    if (spec.kind === "image" || spec.kind === "space") { return; }
    const to_x = scale(plot.x, box.x, box.w), to_y = scale(plot.y, box.y + box.h, -box.h);
    ctx.lineWidth = 1;
    ctx.strokeStyle = look.grid;
    ctx.fillStyle = look.soft;
    ctx.beginPath();
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (const [v, text] of ticks(plot.y, box.h / 45)) {
      const y = Math.round(to_y(v)) + 0.5;
      ctx.fillText(text, box.x - 6, y);
      if (spec.kind !== "marks") { ctx.moveTo(box.x, y); ctx.lineTo(box.x + box.w, y); }
    }
    ctx.stroke();
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.strokeStyle = look.soft;
    ctx.beginPath();
    for (const [v, text] of ticks(plot.x, box.w / 70)) {
      const x = Math.round(to_x(v)) + 0.5;
      ctx.fillText(text, x, box.y + box.h + 6);
      ctx.moveTo(x, box.y + box.h);
      ctx.lineTo(x, box.y + box.h + 4);
    }
    ctx.moveTo(box.x + 0.5, box.y);
    ctx.lineTo(box.x + 0.5, box.y + box.h + 0.5);
    ctx.lineTo(box.x + box.w, box.y + box.h + 0.5);
    ctx.stroke();
    ctx.fillText(spec.x_label, box.x + box.w / 2, box.y + box.h + 22);
    ctx.save();
    ctx.translate(12, box.y + box.h / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textBaseline = "middle";
    ctx.fillText(spec.y_label, 0, 0, box.h + 20);
    ctx.restore();
    if (listed.length > 1) {
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      listed.forEach(([i, name], k) => {
        const y = box.y + 8 + 16 * k, x = box.x + box.w + 8;
        ctx.fillStyle = spec.colours[i % spec.colours.length];
        ctx.fillRect(x, y - 1.5, 12, 3);
        ctx.fillStyle = look.ink;
        ctx.fillText(name, x + 16, y, EDGE.legend - 10);
      });
    }
  }

  lines(ctx, look, box, plot, spec) {
    const to_x = scale(plot.x, box.x, box.w), to_y = scale(plot.y, box.y + box.h, -box.h);
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    ctx.lineWidth = spec.kind === "curves" ? 0.8 : 1.5;
    ctx.lineJoin = "bevel";
    let first = 0, last = plot.times.length;
    if (spec.kind === "lines") {  // of a recorded run, most are not in the window
      first = Math.max(0, place_of(plot.times, plot.x[0]) - 1);
      last = Math.min(last, place_of(plot.times, plot.x[1]) + 1);
    }
    const x = plot.times.slice(first, last).map(to_x);
    plot.columns.forEach((column, i) => {
      ctx.strokeStyle = spec.colours[i % spec.colours.length];
      ctx.beginPath();
      for (let k = 0; k < x.length; k++) { ctx.lineTo(x[k], to_y(column[first + k])); }
      ctx.stroke();
    });
  }

  marks(ctx, look, box, plot) {
    if (plot.counts == null) { return; }
    const {counts, pixels, page, wide, rows, width, last} = plot;
    if (plot.look !== look) {  // else the image is that of the last picture
      const colours = new Uint32Array(pixels.data.buffer), shades = look.marks;
      for (let i = 0; i < counts.length; i++) { colours[i] = shades[Math.min(counts[i], 2)]; }
      page.getContext("2d").putImageData(pixels, 0, 0);
      plot.look = look;
    }
    const to_x = scale(plot.x, box.x, box.w), start = last - wide + 1;
    ctx.beginPath();
    ctx.rect(box.x + 1, box.y, box.w, box.h);
    ctx.clip();
    ctx.translate(0, 2 * box.y + box.h);  // row 0 is at the bottom
    ctx.scale(1, -1);
    ctx.imageSmoothingEnabled = false;
    const turn = ((start % wide) + wide) % wide;  // the column of the ring that is the oldest
    for (const [from, n, at] of [[turn, wide - turn, start], [0, turn, start + wide - turn]]) {
      if (n > 0) {
        const left = to_x(at * width), right = to_x((at + n) * width);
        ctx.drawImage(page, from, 0, n, rows, left, box.y, right - left, box.h);
      }
    }
  }

  path(ctx, look, box, plot, spec) {
    if (spec.kind === "space") {  // a square without axes, seen from a direction
      box = {...box, x: box.x - EDGE.left / 2, w: box.w + EDGE.left / 2, h: box.h + 20};
    }
    const to_x = scale(plot.x, box.x, box.w), to_y = scale(plot.y, box.y + box.h, -box.h);
    const [turn, tilt] = plot.turn;
    const see = spec.kind !== "space" ? (p) => p : ([x, y, z]) => {
      const away = x * Math.sin(turn) + y * Math.cos(turn);
      return [x * Math.cos(turn) - y * Math.sin(turn),
              z * Math.cos(tilt) + away * Math.sin(tilt)];
    };
    const place = (point) => { const [x, y] = see(point); return [to_x(x), to_y(y)]; };
    if (spec.kind === "space") {
      const reach = plot.x[1] / 1.2;
      ctx.strokeStyle = ctx.fillStyle = look.soft;
      for (let i = 0; i < 3; i++) {
        const end = [0, 0, 0];
        end[i] = reach;
        ctx.beginPath();
        ctx.moveTo(...place([0, 0, 0]));
        ctx.lineTo(...place(end));
        ctx.stroke();
        ctx.fillText(`x${i}`, ...place(end));
      }
    }
    const n = plot.times.length;
    const point = (i) => place(plot.columns.map((column) => column[i]));
    ctx.beginPath();
    ctx.rect(box.x, box.y, box.w, box.h);
    ctx.clip();
    ctx.strokeStyle = spec.colours[0];
    ctx.lineWidth = 1.2;
    ctx.lineJoin = "bevel";
    ctx.beginPath();
    for (let i = 0; i < n; i++) { ctx.lineTo(...point(i)); }
    ctx.stroke();
    if (n) {
      ctx.fillStyle = spec.colours[1];
      ctx.beginPath();
      ctx.arc(...point(n - 1), 4, 0, 2 * Math.PI);
      ctx.fill();
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

  image(ctx, look, box, plot, spec) {
    if (plot.image == null) { return; }
    const {rows, columns, values} = plot.image;
    const stops = spec.is_signed ? RED_TO_BLUE : [look.paper, look.black];
    const pixels = new ImageData(columns, rows);
    for (let i = 0; i < values.length; i++) {
      const at = values[i] / 255 * (stops.length - 1);
      const k = Math.min(Math.floor(at), stops.length - 2), share = at - k;
      for (let c = 0; c < 3; c++) {
        pixels.data[4 * i + c] = stops[k][c] * (1 - share) + stops[k + 1][c] * share;
      }
      pixels.data[4 * i + 3] = 255;
    }
    const page = new OffscreenCanvas(columns, rows);
    page.getContext("2d").putImageData(pixels, 0, 0);
    const size = Math.min((box.w + EDGE.left - 20) / columns, (box.h + 10) / rows);
    const left = spec.y_label ? EDGE.left / 2 : 14;
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(page, left, box.y, columns * size, rows * size);
    ctx.strokeStyle = look.grid;
    ctx.strokeRect(left, box.y, columns * size, rows * size);
    ctx.fillStyle = look.soft;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.fillText(spec.x_label, left + columns * size / 2, box.y + rows * size + 6);
    ctx.translate(12, box.y + rows * size / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textBaseline = "middle";
    ctx.fillText(spec.y_label, 0, 0);
  }
}

// A function from the numbers of a range to places on the screen.
function scale([low, high], start, length) {
  const factor = length / (high - low || 1);
  return (value) => start + (value - low) * factor;
}

// The place of the first of some rising numbers that is at least a number.
function place_of(numbers, number) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < number) { low = middle + 1; } else { high = middle; }
  }
  return low;
}

// Places and names of all columns or, of many, of those with the largest last values.
function largest(plot, names) {
  const all = names.map((name, i) => [i, name]), most = 6;
  const last = (i) => { const c = plot.columns[i]; return c?.[c.length - 1] ?? -Infinity; };
  return all.length <= most ? all : all.sort(([i], [j]) => last(j) - last(i)).slice(0, most);
}

// About n round numbers in a range, and their texts.
function ticks([low, high], n) {
  const rough = (high - low) / Math.max(n, 1), power = 10 ** Math.floor(Math.log10(rough));
  if (!(power > 0) || !isFinite(power)) { return []; }
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const digits = Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9)));
  const found = [], first = Math.ceil(low / step - 1e-6);
  // Of numbers beyond 2^53, the next one may be the same.
  for (let i = 0; i < 3 * n + 3 && first + i <= high / step + 1e-6; i++) {
    const value = (first + i) * step, size = Math.abs(value);
    const is_long = size >= 1e6 || (step < 1e-4 && size > 0);
    found.push([value, is_long ? value.toExponential(1) : value.toFixed(digits)]);
  }
  return found;
}
