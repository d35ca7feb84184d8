// Pictures of plots on a canvas: axes, lines, marks, paths and images.
//
// `box` is the place inside the axes [pixels], `plot` the data and ranges, `spec` the kind and
// texts of the server, `look` the colours.

const FONT = "12px Helvetica, Arial, sans-serif", BOLD = `bold ${FONT}`;
const EDGE = {left: 58, right: 14, top: 26, bottom: 38, legend: 58};
const RED_TO_BLUE = [[33, 102, 172], [146, 197, 222], [247, 247, 247], [244, 165, 130],
                     [178, 24, 43]];
const LIGHT = {ink: "#262626", soft: "#595959", grid: "#e5e5e5", paper: [255, 255, 255],
               marks: [0, 0xff777777, 0xff262626], black: [0, 0, 0]};
const DARK = {ink: "#ececec", soft: "#b8b8b8", grid: "#3a3d42", paper: [30, 32, 36],
              marks: [0, 0xffa0a0a0, 0xffffffff], black: [255, 255, 255]};
const DRAWS = {lines, curves: lines, marks, plane: path, space: path, image};

// Axes, their numbers and texts, and the names of lines.
function frame(ctx, look, box, plot, spec, listed) {
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

// Lines over time, or curves over another number.
function lines(ctx, look, box, plot, spec) {
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

// Marks of spikes, whose counts are a ring of columns of pixels.
function marks(ctx, look, box, plot) {
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

// A path in a plane, or in space seen from a direction.
function path(ctx, look, box, plot, spec) {
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

// An array as an image.
function image(ctx, look, box, plot, spec) {
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

// A description for those who do not see the picture.
function words(plot, spec, listed) {
  const last = ["curves", "marks", "image"].includes(spec.kind) ? []
    : listed.map(([i, name]) => [name, plot.columns[i] ?? []]);
  const values = last.map(([name, c]) => [name, c[c.length - 1]])
    .filter(([, value]) => value !== undefined);
  const text = values.map(([name, v]) => `${name} ${v.toPrecision(3)}`).join(", ");
  return text ? `${spec.title}, ${spec.y_label}: ${text}` : `${spec.title}, ${spec.y_label}`;
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
