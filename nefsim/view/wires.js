// Draws the curves of wires from the places of boxes; runs in the browser, so that wires follow
// a box while it is dragged.  Its names are `boxes`, `wires`, `plot` and `labels`.

const b = boxes.data, w = wires.data, n = w.start.length;
const xs = [], ys = [], ax = [], ay = [], angle = [];
for (let i = 0; i < n; i++) {
  const s = w.start[i], e = w.end[i];
  const sx = b.x[s], sy = b.y[s], sw = b.w[s] / 2, sh = b.h[s] / 2;
  const ex = b.x[e], ey = b.y[e], ew = b.w[e] / 2, eh = b.h[e] / 2;
  let p;
  if (s === e) {
    p = [[sx + sw / 2, sy + sh], [sx + sw, sy + sh + 0.7],
         [sx - sw, sy + sh + 0.7], [sx - sw / 2, sy + sh]];
  } else if (ex - ew > sx + sw + 0.1) {
    const c = Math.max(0.3, 0.45 * (ex - ew - sx - sw));
    let low = 0;  // below a box between them
    for (let k = 0; k < b.x.length; k++) {
      const t = (b.x[k] - sx) / (ex - sx);
      if (k !== s && k !== e && b.w[k] <= 2 && t > 0 && t < 1 && b.x[k] < ex - ew
          && Math.abs(sy + t * (ey - sy) - b.y[k]) < b.h[k] / 2) { low = b.h[k] * 1.3; }
    }
    p = [[sx + sw, sy - low / 8], [sx + sw + c, sy - low], [ex - ew - c, ey - low],
         [ex - ew, ey - low / 8]];
  } else if (Math.abs(ex - sx) < sw) {
    const up = ey > sy ? 1 : -1, side = 0.5 + 0.1 * Math.abs(ey - sy);
    p = [[sx + up * sw, sy], [sx + up * (sw + side), sy],
         [ex + up * (ew + side), ey], [ex + up * ew, ey]];
  } else {
    const top = Math.max(sy + sh, ey + eh) + 0.35 + 0.08 * Math.abs(ex - sx);
    p = [[sx, sy + sh], [sx, top], [ex, top], [ex, ey + eh]];
  }
  const x = [], y = [];
  for (let k = 0; k <= 20; k++) {
    const t = k / 20, u = 1 - t;
    const f = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    x.push(f[0] * p[0][0] + f[1] * p[1][0] + f[2] * p[2][0] + f[3] * p[3][0]);
    y.push(f[0] * p[0][1] + f[1] * p[1][1] + f[2] * p[2][1] + f[3] * p[3][1]);
  }
  xs.push(x); ys.push(y); ax.push(x[20]); ay.push(y[20]);
  const sizes = [plot.inner_width / (plot.x_range.end - plot.x_range.start),
                 plot.inner_height / (plot.y_range.end - plot.y_range.start)];
  angle.push(Math.atan2((y[20] - y[18]) * sizes[1], (x[20] - x[18]) * sizes[0]) - Math.PI / 2);
}
wires.data = {...w, xs, ys, ax, ay, angle};
const room = plot.inner_height / Math.abs(plot.y_range.end - plot.y_range.start);
const wide = plot.inner_width / Math.abs(plot.x_range.end - plot.x_range.start);
const longest = Math.max(1, ...b.label.flatMap((label) => label.split('\n').map((l) => l.length)));
const size = Math.max(0, Math.min(13, 0.2 * room, 2.9 * wide / longest));
labels.text_font_size = size < 3.5 ? '0px' : size.toFixed(1) + 'px';
