// Selects the wire at the place of a click `cb_obj`, unless a box is there.

const b = boxes.data, w = wires.data, x = cb_obj.x, y = cb_obj.y;
const sx = plot.inner_width / (plot.x_range.end - plot.x_range.start);
const sy = plot.inner_height / (plot.y_range.end - plot.y_range.start);
let best = 7, found = [];
for (let i = 0; i < w.xs.length; i++) {
  for (let k = 1; k < w.xs[i].length; k++) {
    const px = (x - w.xs[i][k - 1]) * sx, py = (y - w.ys[i][k - 1]) * sy;
    const dx = (w.xs[i][k] - w.xs[i][k - 1]) * sx, dy = (w.ys[i][k] - w.ys[i][k - 1]) * sy;
    const t = Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
    const far = Math.hypot(px - t * dx, py - t * dy);
    if (far < best) { best = far; found = [i]; }
  }
}
for (let k = 0; k < b.x.length; k++) {
  const inside = Math.abs(x - b.x[k]) < b.w[k] / 2 && Math.abs(y - b.y[k]) < b.h[k] / 2;
  if (inside && !b.open[k]) { found = []; }
}
if (found.length) { boxes.selected.indices = []; }
wires.selected.indices = found;
// Else the next drag would move this box as well.
setTimeout(() => { boxes.selected.indices = []; }, 0);
