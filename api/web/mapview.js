// The window on the seats: a camera, a frame loop that runs only while something changed, and what lies on top of the
// cached picture (own seats, cursor, section names).

import { SeatLayer, drawMarked, isFar, readTheme } from './layer.js';
import { reducedMotion } from './dom.js';
import { shorten } from './words.js';

const seatPixelsMax = 46;
const nearSeatPixels = 24;
const settleMs = 130;
const glideMs = 260;
const nameMax = 24; // characters of a section's name on the map; the panel and the tip have room for all of them

export class MapView {
  /** hooks.moved() is told after each frame whose camera differs from the one before. */
  constructor(canvas, model, stats, hooks = {}) {
    Object.assign(this, { canvas, model, stats, hooks });
    this.ctx = canvas.getContext('2d', { alpha: false });
    this.view = { k: 1, tx: 0, ty: 0, width: 0, height: 0, dpr: 1 };
    this.chosen = new Set();
    this.mine = new Set();
    this.lost = new Set();
    this.cursor = -1;
    this.hover = -1;
    this.cursorShown = false;
    this.crisp = true;
    this.frame = 0;
    this.fitted = false;
    this.layer = new SeatLayer(model, stats);
    this.layer.retheme(this.theme = readTheme());
    this.labels = model.sections.map((s) => middleOf(model, s));
    this.#watch();
  }

  #watch() {
    this.stopper = new AbortController();
    this.sizes = new ResizeObserver(() => this.#resize());
    this.sizes.observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.retheme(), { signal: this.stopper.signal });
    this.#resize();
  }

  /** close stops every observer and frame. */
  close() {
    this.stopper.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
    this.closed = true;
  }

  retheme() {
    this.layer.retheme(this.theme = readTheme());
    this.draw();
  }

  #resize() {
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    const dpr = Math.min(3, devicePixelRatio || 1);
    const { view } = this;
    if (!width || !height || (width === view.width && height === view.height && dpr === view.dpr)) return;
    const wasFit = !this.fitted || same(view.k, this.#fitScale());
    view.tx += (width - view.width) / 2;
    view.ty += (height - view.height) / 2;
    Object.assign(view, { width, height, dpr });
    this.canvas.width = Math.round(width * dpr);
    this.canvas.height = Math.round(height * dpr);
    if (wasFit) this.fit(false);
    this.draw();
  }

  // The scale at which a box of the plan fills the window.
  #fitScale({ left, top, right, bottom } = this.model.core) {
    const pad = this.model.pitch * 2;
    const space = Math.min(this.view.width, this.view.height) < 500 ? 12 : 28;
    const k = Math.min((this.view.width - 2 * space) / (right - left + pad), (this.view.height - 2 * space) / (bottom - top + pad));
    return Math.max(Number.MIN_VALUE, Math.min(k, seatPixelsMax / this.model.pitch));
  }

  #limits() {
    const fit = this.#fitScale();
    return { least: Math.min(fit, this.#fitScale(this.model.bounds)) * 0.75, most: Math.max(fit, seatPixelsMax / this.model.pitch) };
  }

  /** fit shows the whole house. */
  fit(glide = true) {
    this.fitted = true;
    const k = this.#fitScale();
    const { left, top, right, bottom } = this.model.core;
    this.#go(this.#centred((left + right) / 2, (top + bottom) / 2, k), glide);
  }

  #centred(x, y, k) {
    return { k, tx: this.view.width / 2 - x * k, ty: this.view.height / 2 - y * k };
  }

  /** zoomAt scales around a point of the window. */
  zoomAt(px, py, factor, glide = false) {
    const { least, most } = this.#limits();
    const from = this.target ?? this.view;
    const k = Math.min(most, Math.max(least, from.k * factor));
    const ratio = k / from.k;
    this.#go({ k, tx: px - (px - from.tx) * ratio, ty: py - (py - from.ty) * ratio }, glide);
  }

  zoomBy(factor) { this.zoomAt(this.view.width / 2, this.view.height / 2, factor, true); }

  panBy(dx, dy, glide = false) {
    const from = this.target ?? this.view;
    this.#go({ k: from.k, tx: from.tx + dx, ty: from.ty + dy }, glide);
  }

  /** showBox zooms to a box of the plan, never so far that seats become huge. */
  showBox(box, glide = true) {
    const pad = this.model.pitch * 3;
    const width = box.right - box.left + pad * 2;
    const height = box.bottom - box.top + pad * 2;
    const k = Math.min(this.view.width / width, this.view.height / height, (nearSeatPixels * 1.3) / this.model.pitch);
    this.#go(this.#centred((box.left + box.right) / 2, (box.top + box.bottom) / 2, Math.max(k, this.#fitScale())), glide);
  }

  /** showSeats brings seats into the window, near enough to be told apart. */
  showSeats(seats) {
    if (seats.length === 0) return;
    const xs = seats.map((i) => this.model.x[i]);
    const ys = seats.map((i) => this.model.y[i]);
    const pad = this.model.pitch * 6;
    this.showBox({ left: Math.min(...xs) - pad, right: Math.max(...xs) + pad, top: Math.min(...ys) - pad, bottom: Math.max(...ys) + pad });
  }

  /** reveal moves only as far as needed to have a seat comfortably in the window. */
  reveal(seat) {
    if (this.model.pitch * (this.target ?? this.view).k < nearSeatPixels * 0.6) {
      this.#go(this.#centred(this.model.x[seat], this.model.y[seat], nearSeatPixels / this.model.pitch), true);
      return;
    }
    const view = { ...this.view, ...(this.target ?? {}) };
    const x = this.model.x[seat] * view.k + view.tx;
    const y = this.model.y[seat] * view.k + view.ty;
    const edge = Math.min(90, view.width / 5, view.height / 5);
    const dx = x < edge ? edge - x : x > view.width - edge ? view.width - edge - x : 0;
    const dy = y < edge ? edge - y : y > view.height - edge ? view.height - edge - y : 0;
    if (dx || dy) this.panBy(dx, dy, true);
  }

  // The plan may never leave the window altogether.
  #clamp(to) {
    const { left, top, right, bottom } = this.model.bounds;
    const inside = (t, low, high, size) => Math.min(size * 0.7 - low * to.k, Math.max(size * 0.3 - high * to.k, t));
    return { k: to.k, tx: inside(to.tx, left, right, this.view.width), ty: inside(to.ty, top, bottom, this.view.height) };
  }

  #go(to, glide) {
    const end = this.#clamp(to);
    if (!glide || reducedMotion()) {
      this.target = null;
      Object.assign(this.view, end);
    } else {
      this.target = end;
      this.from = { k: this.view.k, tx: this.view.tx, ty: this.view.ty, at: performance.now() };
    }
    this.#unsettle();
    this.draw();
  }

  #unsettle() {
    this.crisp = false;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => { this.crisp = true; this.draw(); }, settleMs);
  }

  #glide(now) {
    if (!this.target) return;
    const part = Math.min(1, (now - this.from.at) / glideMs);
    const ease = 1 - (1 - part) ** 3;
    const { from, target, view } = this;
    // Scale by equal ratios and hold the centre on a straight line of the plan: no swerving.
    const k = from.k * (target.k / from.k) ** ease;
    const share = same(target.k, from.k) ? ease : (1 / k - 1 / from.k) / (1 / target.k - 1 / from.k);
    const middle = (f, t, size) => ((size / 2 - f.t) / f.k) * (1 - share) + ((size / 2 - t.t) / t.k) * share;
    const x = middle({ t: from.tx, k: from.k }, { t: target.tx, k: target.k }, view.width);
    const y = middle({ t: from.ty, k: from.k }, { t: target.ty, k: target.k }, view.height);
    Object.assign(view, part === 1 ? target : this.#centred(x, y, k));
    if (part === 1) this.target = null;
    this.#unsettle();
    this.draw();
  }

  /** draw asks for one frame; asking again before it comes costs nothing. */
  draw() {
    if (this.frame || this.closed) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      this.#glide(now);
      this.#frameNow();
    });
  }

  /** seatsChanged repaints seats whose letter changed. */
  seatsChanged(seats) {
    if (seats.length === 0) return;
    this.layer.repaint(seats);
    this.draw();
  }

  #frameNow() {
    const { view, ctx, layer, stats } = this;
    if (!view.width) return;
    const started = performance.now();
    if (!layer.covers(view, this.crisp)) layer.render(view);
    ctx.setTransform(view.dpr, 0, 0, view.dpr, 0, 0);
    ctx.fillStyle = this.theme.map;
    ctx.fillRect(0, 0, view.width, view.height);
    layer.show(ctx, view);
    this.#focal();
    if (isFar(this.model, view.k)) this.#names();
    this.#marks();
    stats.frames++;
    stats.lastDrawMs = performance.now() - started;
    stats.sumDrawMs += stats.lastDrawMs;
    stats.maxDrawMs = Math.max(stats.maxDrawMs, stats.lastDrawMs);
    this.hooks.moved?.();
  }

  #focal() {
    const at = this.model.focalPoint;
    if (!at) return;
    const { ctx, theme } = this;
    const x = at.x * this.view.k + this.view.tx;
    const y = at.y * this.view.k + this.view.ty;
    ctx.font = `600 12px ${theme.font}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = theme.muted;
    ctx.fillText(this.#inTheMiddle(at) ? 'Arena' : 'Stage', x, y);
  }

  // The wire does not say what people look at; a point in the middle of the house is no stage at its front.
  #inTheMiddle(at) {
    const { left, top, right, bottom } = this.model.core;
    const across = (at.x - left) / (right - left || 1);
    const down = (at.y - top) / (bottom - top || 1);
    return Math.min(across, down, 1 - across, 1 - down) > 0.2;
  }

  // Names of sections big enough to carry one; all by their short ids as soon as two long names would meet.
  #names() {
    const { ctx } = this;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    this.nameSize = this.view.width < 600 ? 9.5 : 12;
    ctx.font = `650 ${this.nameSize}px ${this.theme.font}`;
    const long = this.#nameBoxes((section) => shorten(section.name, nameMax));
    const boxes = long.some((a, n) => long.slice(n + 1).some((b) => meet(a, b))) ? this.#nameBoxes((section) => shorten(section.id, nameMax)) : long;
    const shown = [];
    for (const box of boxes) {
      if (shown.some((other) => meet(box, other))) continue;
      shown.push(box);
      this.#name(box);
    }
  }

  #nameBoxes(textOf) {
    const { view, model, ctx } = this;
    const boxes = [];
    model.sections.forEach((section, n) => {
      const height = (section.box.bottom - section.box.top) * view.k;
      const width = (section.box.right - section.box.left) * view.k;
      const x = this.labels[n].x * view.k + view.tx;
      const y = this.labels[n].y * view.k + view.ty;
      if (Math.min(width, height) < 16 || x < -60 || y < -20 || x > view.width + 60 || y > view.height + 20) return;
      boxes.push({ section, x, y, text: textOf(section), half: ctx.measureText(textOf(section)).width / 2 + this.nameSize / 2 });
    });
    return boxes;
  }

  #name({ section, x, y, text, half }) {
    const { ctx, theme } = this;
    ctx.globalAlpha = 0.9;
    ctx.fillStyle = theme.paper;
    ctx.beginPath();
    const tall = this.nameSize * 0.78;
    ctx.roundRect(x - half, y - tall, half * 2, tall * 2, tall);
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.fillStyle = section.free > 0 ? theme.ink : theme.muted;
    ctx.fillText(text, x, y + 0.5);
  }

  #marks() {
    const { ctx, theme } = this;
    const r = Math.max(4.5, this.model.pitch * this.view.k * 0.41);
    for (const i of this.mine) drawMarked(ctx, ...this.pointOf(i), r, theme.mine, theme['seat-ink'], theme.map);
    for (const i of this.chosen) drawMarked(ctx, ...this.pointOf(i), r, theme.ink, theme.paper, theme.map);
    for (const i of this.lost) this.#ring(i, r * 1.2, theme.lost, 2.5);
    if (this.hover >= 0) this.#ring(this.hover, r * 1.25, theme.ink, 1.5);
    if (this.cursor >= 0 && this.cursorShown) this.#ring(this.cursor, r * 1.45, theme.focus, 3);
  }

  #ring(seat, radius, colour, width) {
    const [x, y] = this.pointOf(seat);
    this.ctx.strokeStyle = colour;
    this.ctx.lineWidth = width;
    this.ctx.beginPath();
    this.ctx.arc(x, y, radius, 0, 7);
    this.ctx.stroke();
  }

  /** pointOf answers where a seat is in the window, in CSS pixels from the canvas's corner. */
  pointOf(seat) {
    return [this.model.x[seat] * this.view.k + this.view.tx, this.model.y[seat] * this.view.k + this.view.ty];
  }

  /** seatAt answers the seat under a point, or -1; a finger is forgiven more than a mouse. */
  seatAt(px, py, touch = false) {
    if (isFar(this.model, this.view.k)) return -1;
    const reach = Math.max(this.model.pitch * 0.6, (touch ? 13 : 3) / this.view.k);
    return this.model.nearest((px - this.view.tx) / this.view.k, (py - this.view.ty) / this.view.k, reach);
  }

  /** sectionAt answers the section under a point, or null. */
  sectionAt(px, py) {
    const reach = Math.max(this.model.pitch * 1.5, 10 / this.view.k);
    const seat = this.model.nearest((px - this.view.tx) / this.view.k, (py - this.view.ty) / this.view.k, reach);
    return seat < 0 ? null : this.model.sections[this.model.sectionOf[seat]];
  }

  get far() { return isFar(this.model, this.view.k); }
}

// Whether two scales are the same, whatever the plan's unit is.
const same = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(a, b);

// Whether two name boxes would touch.
const meet = (a, b) => Math.abs(a.x - b.x) < a.half + b.half + 2 && Math.abs(a.y - b.y) < 16;

// The seat nearest to the mean of all: a label there lies on the section even when the section is bent.
function middleOf(model, section) {
  let x = 0;
  let y = 0;
  for (let i = section.first; i < section.first + section.count; i++) { x += model.x[i]; y += model.y[i]; }
  x /= section.count;
  y /= section.count;
  let best = section.first;
  let bestSquare = Infinity;
  for (let i = section.first; i < section.first + section.count; i++) {
    const square = (model.x[i] - x) ** 2 + (model.y[i] - y) ** 2;
    if (square < bestSquare) { best = i; bestSquare = square; }
  }
  return { x: model.x[best], y: model.y[best] };
}
