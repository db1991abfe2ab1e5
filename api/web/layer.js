// A cached picture of the public state of the seats, larger than the window. Panning and zooming move the picture;
// a live change repaints only its own seats (or its run of seats) in it. Two levels of detail: runs coloured by how
// many of their seats are free, when a seat would be too small to hit; single seats when near.

import { letters } from './model.js';
import { shorten } from './words.js';

const marginPixels = 180;
const farPitchPixels = 4.6; // below this a seat is too small to be drawn singly
const squarePitchPixels = 8; // below this (in device pixels) seats are squares: no one can tell, and it is much faster
const squarePixelsMin = 1.5; // a seat far from all others is still seen
const numberPitchPixels = 25;
const rowLabelPitchPixels = 13;
const seatLabelMax = 5; // characters that fit into a seat
const rowLabelMax = 8;
const levels = 8;
const colourCount = 8;

/** readTheme takes the map's colours from the style sheet, so that light and dark live in one place. */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const theme = { cats: [] };
  for (const name of ['map', 'sold', 'blocked', 'ink', 'paper', 'seat-ink', 'mine', 'lost', 'focus', 'muted']) theme[name] = value(`--${name}`);
  for (let i = 0; i < colourCount; i++) theme.cats.push(value(`--cat-${i}`));
  theme.font = style.fontFamily || 'sans-serif';
  return theme;
}

/** mix blends two "#rrggbb" colours; share 0 is the first, 1 the second. */
export function mix(from, to, share) {
  const part = (colour, at) => parseInt(colour.slice(at, at + 2), 16);
  const channel = (at) => Math.round(part(from, at) * (1 - share) + part(to, at) * share).toString(16).padStart(2, '0');
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}

export class SeatLayer {
  constructor(model, stats) {
    this.model = model;
    this.stats = stats;
    this.canvas = document.createElement('canvas');
    this.ctx = this.canvas.getContext('2d', { alpha: false });
    this.stale = true;
    this.runs = runEnds(model);
  }

  retheme(theme) {
    this.theme = theme;
    this.runColours = theme.cats.flatMap((cat) =>
      Array.from({ length: levels + 1 }, (_, level) => mix(theme.sold, cat, level === 0 ? 0 : 0.3 + 0.7 * (level / levels))));
    this.stale = true;
  }

  /** covers tells whether the picture can stand in for the view: same detail, close in scale, and nothing missing at the edges. */
  covers(view, crisp) {
    if (this.stale || this.far !== isFar(this.model, view.k) || view.dpr !== this.dpr) return false;
    const ratio = view.k / this.k;
    if (crisp ? Math.abs(ratio - 1) > 1e-6 : ratio < 0.6 || ratio > 1.7) return false;
    const left = view.tx - this.tx * ratio;
    const top = view.ty - this.ty * ratio;
    return left <= 0.5 && top <= 0.5 && left + this.width * ratio >= view.width - 0.5 && top + this.height * ratio >= view.height - 0.5;
  }

  /** show puts the picture into the window. */
  show(ctx, view) {
    const ratio = view.k / this.k;
    ctx.drawImage(this.canvas, view.tx - this.tx * ratio, view.ty - this.ty * ratio, this.width * ratio, this.height * ratio);
  }

  /** render draws the picture afresh around a view. */
  render(view) {
    const started = performance.now();
    this.#place(view);
    const { ctx } = this;
    ctx.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
    ctx.fillStyle = this.theme.map;
    ctx.fillRect(0, 0, this.width, this.height);
    const box = { left: -this.tx / this.k, top: -this.ty / this.k, right: (this.width - this.tx) / this.k, bottom: (this.height - this.ty) / this.k };
    this.stats.visibleSeats = this.far ? this.#renderRuns(box) : this.#renderSeats(box);
    this.stale = false;
    this.stats.layerDraws++;
    this.stats.lastLayerMs = performance.now() - started;
    this.stats.maxLayerMs = Math.max(this.stats.maxLayerMs, this.stats.lastLayerMs);
  }

  #place(view) {
    const margin = Math.min(marginPixels, Math.max(view.width, view.height) / 4);
    this.dpr = view.dpr;
    this.k = view.k;
    // Snapped to whole device pixels, so that an unmoved picture is shown sharp.
    this.tx = view.tx + Math.round(margin * view.dpr) / view.dpr;
    this.ty = view.ty + Math.round(margin * view.dpr) / view.dpr;
    const width = Math.ceil((view.width + 2 * margin) * view.dpr);
    const height = Math.ceil((view.height + 2 * margin) * view.dpr);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.width = width / view.dpr;
    this.height = height / view.dpr;
    this.pitchPixels = this.model.pitch * this.k;
    this.far = isFar(this.model, this.k);
    if (!this.far) this.#makeSprites();
  }

  #strokeRuns() {
    this.ctx.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
    this.ctx.lineWidth = this.model.rowGap * this.k * 0.88;
    this.ctx.lineCap = 'butt';
  }

  // Plan to pixels in double precision here: the canvas's own matrix is of single precision.
  #tracePath(c) {
    const { ctx, runs, k, tx, ty } = this;
    ctx.moveTo(runs[4 * c] * k + tx, runs[4 * c + 1] * k + ty);
    ctx.lineTo(runs[4 * c + 2] * k + tx, runs[4 * c + 3] * k + ty);
  }

  // One path per colour: a few dozen strokes for the whole house.
  #renderRuns(box) {
    const { ctx, model } = this;
    const buckets = this.runColours.map(() => []);
    const pad = model.pitch * 10; // a run is at most eight seats long
    const { first } = model.chunks;
    for (let c = 0; c < first.length; c++) {
      const x = model.x[first[c]];
      const y = model.y[first[c]];
      if (x > box.left - pad && x < box.right + pad && y > box.top - pad && y < box.bottom + pad) buckets[this.#runColour(c)].push(c);
    }
    this.#strokeRuns();
    buckets.forEach((bucket, colour) => {
      if (bucket.length === 0) return;
      ctx.strokeStyle = this.runColours[colour];
      ctx.beginPath();
      for (const c of bucket) this.#tracePath(c);
      ctx.stroke();
    });
    return model.count;
  }

  #runColour(c) {
    const { first, count, free } = this.model.chunks;
    const category = this.model.category[first[c]] % colourCount;
    return category * (levels + 1) + Math.ceil((free[c] / count[c]) * levels);
  }

  #renderSeats(box) {
    const { ctx, model } = this;
    let drawn = 0;
    const pad = model.pitch;
    const squares = this.pitchPixels * this.dpr < squarePitchPixels;
    model.within(box.left - pad, box.top - pad, box.right + pad, box.bottom + pad, (i) => {
      if (squares) this.#square(i);
      else this.#sprite(i);
      drawn++;
    });
    if (this.pitchPixels >= rowLabelPitchPixels) this.#rowLabels(box);
    ctx.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
    return drawn;
  }

  #square(i) {
    const { ctx, model } = this;
    const free = model.letter[i] === letters.a;
    const side = Math.max(squarePixelsMin, this.pitchPixels * (free ? 0.76 : model.letter[i] === letters.h ? 0.6 : 0.5));
    const colour = this.#seatColour(i);
    if (ctx.fillStyle !== colour) ctx.fillStyle = colour;
    ctx.fillRect(model.x[i] * this.k + this.tx - side / 2, model.y[i] * this.k + this.ty - side / 2, side, side);
  }

  #seatColour(i) {
    const category = this.theme.cats[this.model.category[i] % colourCount];
    switch (this.model.letter[i]) {
      case letters.a: return category;
      case letters.h: return this.heldColours[this.model.category[i] % colourCount];
      case letters.s: return this.theme.sold;
      default: return this.theme.blocked;
    }
  }

  // All looks of a seat at this size side by side in one picture: drawing a seat is then one copy.
  #makeSprites() {
    this.heldColours = this.theme.cats.map((cat) => mix(this.theme.map, cat, 0.45));
    const side = Math.ceil(this.pitchPixels * this.dpr) + 2;
    this.spriteSide = side;
    this.sprites ??= document.createElement('canvas');
    this.sprites.width = side * colourCount * 4 + side * 2;
    this.sprites.height = side;
    const ctx = this.sprites.getContext('2d');
    const radius = this.pitchPixels * this.dpr * 0.41;
    const at = (n) => [n * side + side / 2, side / 2, radius];
    for (let cat = 0; cat < colourCount; cat++) {
      drawAvailable(ctx, ...at(cat * 4), this.theme.cats[cat], false);
      drawAvailable(ctx, ...at(cat * 4 + 1), this.theme.cats[cat], true);
      drawHeld(ctx, ...at(cat * 4 + 2), this.heldColours[cat], false);
      drawHeld(ctx, ...at(cat * 4 + 3), this.heldColours[cat], true);
    }
    drawSold(ctx, ...at(colourCount * 4), this.theme.sold);
    drawBlocked(ctx, ...at(colourCount * 4 + 1), this.theme.blocked);
  }

  #spriteNumber(i) {
    const category = this.model.category[i] % colourCount;
    switch (this.model.letter[i]) {
      case letters.a: return category * 4 + this.model.accessible[i];
      case letters.h: return category * 4 + 2 + this.model.accessible[i];
      case letters.s: return colourCount * 4;
      default: return colourCount * 4 + 1;
    }
  }

  #sprite(i) {
    const { ctx, model, spriteSide: side } = this;
    const size = side / this.dpr;
    const x = model.x[i] * this.k + this.tx;
    const y = model.y[i] * this.k + this.ty;
    ctx.drawImage(this.sprites, this.#spriteNumber(i) * side, 0, side, side, x - size / 2, y - size / 2, size, size);
    if (this.pitchPixels < numberPitchPixels || model.letter[i] !== letters.a) return;
    ctx.fillStyle = this.theme['seat-ink'];
    ctx.font = `600 ${Math.round(this.pitchPixels * 0.34)}px ${this.theme.font}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    const label = shorten(model.labels[i], seatLabelMax);
    if (label.length > 2) ctx.fillText(label, x, y + 0.5, this.pitchPixels * 0.74);
    else ctx.fillText(label, x, y + 0.5);
  }

  #rowLabels(box) {
    const { ctx, model } = this;
    ctx.fillStyle = this.theme.muted;
    ctx.font = `${Math.round(Math.min(13, this.pitchPixels * 0.5))}px ${this.theme.font}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    for (const row of model.rows) {
      if (row.count === 0) continue;
      const i = row.first;
      if (model.x[i] < box.left || model.x[i] > box.right || model.y[i] < box.top || model.y[i] > box.bottom) continue;
      const next = row.count > 1 ? i + 1 : i;
      const length = Math.hypot(model.x[next] - model.x[i], model.y[next] - model.y[i]) || 1;
      const dx = next === i ? -1 : (model.x[i] - model.x[next]) / length;
      const dy = (model.y[i] - model.y[next]) / length;
      const out = model.pitch * 0.95;
      ctx.fillText(shorten(row.label, rowLabelMax), (model.x[i] + dx * out) * this.k + this.tx, (model.y[i] + dy * out) * this.k + this.ty);
    }
  }

  /** repaint draws changed seats again, in place. Beyond a few hundred a fresh picture is cheaper. */
  repaint(seats) {
    if (this.stale || seats.length === 0) return;
    if (seats.length > 600) { this.stale = true; return; }
    if (this.far) this.#repaintRuns(new Set(seats.map((i) => this.model.chunkOf[i])));
    else seats.forEach((i) => this.#repaintSeat(i));
    this.ctx.setTransform(this.dpr, 0, 0, this.dpr, 0, 0);
  }

  #repaintRuns(chunks) {
    const { ctx } = this;
    this.#strokeRuns();
    for (const c of chunks) {
      ctx.strokeStyle = this.runColours[this.#runColour(c)];
      ctx.beginPath();
      this.#tracePath(c);
      ctx.stroke();
    }
  }

  #repaintSeat(i) {
    const { ctx, model } = this;
    ctx.fillStyle = this.theme.map;
    ctx.beginPath();
    ctx.arc(model.x[i] * this.k + this.tx, model.y[i] * this.k + this.ty, this.pitchPixels * 0.5, 0, 7);
    ctx.fill();
    if (this.pitchPixels * this.dpr < squarePitchPixels) this.#square(i);
    else this.#sprite(i);
  }
}

/** isFar tells which level of detail a scale means. A small house is always near. */
export function isFar(model, k) { return model.count > 600 && model.pitch * k < farPitchPixels; }

// Ends of each run, half a seat beyond its outer seats.
function runEnds(model) {
  const { first, count } = model.chunks;
  const ends = new Float64Array(first.length * 4);
  for (let c = 0; c < first.length; c++) {
    const a = first[c];
    const b = a + count[c] - 1;
    const length = Math.hypot(model.x[b] - model.x[a], model.y[b] - model.y[a]);
    const half = model.pitch * 0.5;
    const dx = length > 0 ? ((model.x[b] - model.x[a]) / length) * half : half * 0.82;
    const dy = length > 0 ? ((model.y[b] - model.y[a]) / length) * half : 0;
    ends.set([model.x[a] - dx, model.y[a] - dy, model.x[b] + dx, model.y[b] + dy], 4 * c);
  }
  return ends;
}

// Shape tells as much as colour: round or (step-free) square, full or hollow, small dot, cross.
function outline(ctx, x, y, r, square) {
  ctx.beginPath();
  if (square) ctx.roundRect(x - r * 0.92, y - r * 0.92, r * 1.84, r * 1.84, r * 0.35);
  else ctx.arc(x, y, r, 0, 7);
}

export function drawAvailable(ctx, x, y, r, colour, square) {
  ctx.fillStyle = colour;
  outline(ctx, x, y, r, square);
  ctx.fill();
}

export function drawHeld(ctx, x, y, r, colour, square) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = r * 0.34;
  outline(ctx, x, y, r * 0.8, square);
  ctx.stroke();
}

export function drawSold(ctx, x, y, r, colour) {
  ctx.fillStyle = colour;
  outline(ctx, x, y, r * 0.62, false);
  ctx.fill();
}

export function drawBlocked(ctx, x, y, r, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = r * 0.2;
  ctx.beginPath();
  ctx.moveTo(x - r * 0.4, y - r * 0.4);
  ctx.lineTo(x + r * 0.4, y + r * 0.4);
  ctx.moveTo(x + r * 0.4, y - r * 0.4);
  ctx.lineTo(x - r * 0.4, y + r * 0.4);
  ctx.stroke();
}

/** drawMarked is a seat of this buyer: chosen (ink) or theirs already (green), always with a tick. */
export function drawMarked(ctx, x, y, r, fill, tick, halo) {
  ctx.fillStyle = halo;
  outline(ctx, x, y, r * 1.28, false);
  ctx.fill();
  ctx.fillStyle = fill;
  outline(ctx, x, y, r * 1.05, false);
  ctx.fill();
  ctx.strokeStyle = tick;
  ctx.lineWidth = r * 0.26;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.beginPath();
  ctx.moveTo(x - r * 0.42, y + r * 0.04);
  ctx.lineTo(x - r * 0.1, y + r * 0.36);
  ctx.lineTo(x + r * 0.46, y - r * 0.32);
  ctx.stroke();
  ctx.lineCap = 'butt';
  ctx.lineJoin = 'miter';
}
