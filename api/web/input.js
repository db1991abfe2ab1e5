// Hands and keys on the map: drag, pinch, wheel, double tap, arrows. Everything ends in a call of the MapView or a hook.

const tapMovesMax = 8;
const doubleTapMs = 320;
const frictionPerMs = 0.0045;

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * MapInput wires a canvas. Hooks: pick(seat), hover(seat), section(section or null, {x, y}), cursor(seat), enter(section).
 */
export class MapInput {
  constructor(view, hooks) {
    this.view = view;
    this.hooks = hooks;
    this.canvas = view.canvas;
    this.fingers = new Map();
    this.lastTap = { at: 0, x: 0, y: 0 };
    this.section = null;
    const { canvas } = this;
    const listen = (type, fn, options) => canvas.addEventListener(type, fn.bind(this), options);
    listen('pointerdown', this.#down);
    listen('pointermove', this.#move);
    listen('pointerup', this.#up);
    listen('pointercancel', this.#cancel);
    listen('pointerleave', () => { this.#hover(-1); this.section = null; this.hooks.section(null); });
    listen('wheel', this.#wheel, { passive: false });
    listen('keydown', this.#key);
    listen('focus', this.#focus);
    listen('blur', () => this.#showCursor(false));
    // Safari zooms the page on its own gesture events, whatever touch-action says.
    listen('gesturestart', (e) => e.preventDefault());
  }

  #at(e) {
    const box = this.canvas.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  }

  #down(e) {
    if (e.button !== 0) return;
    this.canvas.setPointerCapture(e.pointerId);
    cancelAnimationFrame(this.coasting);
    const at = this.#at(e);
    this.fingers.set(e.pointerId, at);
    this.moved = this.fingers.size > 1 ? Infinity : 0;
    this.speed = { x: 0, y: 0, at: e.timeStamp };
    this.#showCursor(false);
  }

  #move(e) {
    const at = this.#at(e);
    const was = this.fingers.get(e.pointerId);
    if (!was) { if (e.pointerType === 'mouse') this.#look(at); return; }
    if (this.fingers.size === 2) this.#pinch(e.pointerId, was, at);
    else this.#drag(was, at, e.timeStamp);
    if (this.moved > tapMovesMax || this.fingers.size === 2) this.fingers.set(e.pointerId, at);
  }

  #drag(was, at, now) {
    const dx = at.x - was.x;
    const dy = at.y - was.y;
    if (this.moved <= tapMovesMax) { // the finger still may mean a tap; a drag starts where it left that circle
      this.moved = Math.max(this.moved, Math.hypot(dx, dy));
      if (this.moved <= tapMovesMax) return;
      this.#hover(-1);
      this.speed.at = now;
      return;
    }
    this.view.panBy(dx, dy);
    const elapsed = Math.max(1, now - this.speed.at);
    this.speed = { x: 0.5 * this.speed.x + (0.5 * dx) / elapsed, y: 0.5 * this.speed.y + (0.5 * dy) / elapsed, at: now };
  }

  #pinch(id, was, at) {
    const [other] = [...this.fingers].filter(([key]) => key !== id).map(([, point]) => point);
    const before = Math.hypot(was.x - other.x, was.y - other.y) || 1;
    const after = Math.hypot(at.x - other.x, at.y - other.y) || 1;
    this.view.panBy((at.x - was.x) / 2, (at.y - was.y) / 2);
    this.view.zoomAt((at.x + other.x) / 2, (at.y + other.y) / 2, after / before);
    this.moved = Infinity;
  }

  #up(e) {
    if (!this.fingers.delete(e.pointerId)) return;
    if (this.fingers.size > 0) return;
    if (this.moved <= tapMovesMax) this.#tap(this.#at(e), e);
    else if (this.moved < Infinity && e.timeStamp - this.speed.at < 60) this.#coast();
  }

  #cancel(e) { this.fingers.delete(e.pointerId); }

  #tap(at, e) {
    const double = e.timeStamp - this.lastTap.at < doubleTapMs && Math.hypot(at.x - this.lastTap.x, at.y - this.lastTap.y) < 30;
    this.lastTap = { at: double ? 0 : e.timeStamp, ...at };
    const seat = this.view.seatAt(at.x, at.y, e.pointerType !== 'mouse');
    if (seat >= 0) { this.view.cursor = seat; this.hooks.pick(seat); return; }
    const section = this.view.far ? this.view.sectionAt(at.x, at.y) : null;
    if (section) { this.lastTap.at = 0; this.hooks.enter(section); } else if (double) this.view.zoomAt(at.x, at.y, 2.4, true);
  }

  #coast() {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    let last = performance.now();
    const step = (now) => {
      const elapsed = Math.min(40, now - last);
      last = now;
      this.view.panBy(this.speed.x * elapsed, this.speed.y * elapsed);
      const keep = Math.exp(-frictionPerMs * elapsed);
      this.speed.x *= keep;
      this.speed.y *= keep;
      if (Math.hypot(this.speed.x, this.speed.y) > 0.03) this.coasting = requestAnimationFrame(step);
    };
    this.coasting = requestAnimationFrame(step);
  }

  #wheel(e) {
    e.preventDefault();
    const at = this.#at(e);
    const unit = e.deltaMode === 1 ? 16 : e.deltaMode === 2 ? 400 : 1;
    const strength = e.ctrlKey ? 0.01 : 0.0018; // a trackpad's pinch arrives as a fine wheel with ctrl
    this.view.zoomAt(at.x, at.y, Math.exp(-Math.max(-300, Math.min(300, e.deltaY * unit)) * strength));
    this.#hover(-1);
  }

  #look(at) {
    const section = this.view.far ? this.view.sectionAt(at.x, at.y) : null;
    if (section !== this.section || section) this.hooks.section(section, at);
    this.section = section;
    this.#hover(this.view.seatAt(at.x, at.y));
    if (section) this.canvas.classList.add('over-seat');
  }

  #hover(seat) {
    this.canvas.classList.toggle('over-seat', seat >= 0);
    if (seat === this.view.hover) return;
    this.view.hover = seat;
    this.view.draw();
    this.hooks.hover(seat);
  }

  #focus() {
    if (this.canvas.matches(':focus-visible') && this.fingers.size === 0) this.#showCursor(true);
  }

  #showCursor(shown) {
    if (this.view.cursorShown === shown) return;
    this.view.cursorShown = shown;
    this.view.draw();
  }

  #key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const { view } = this;
    const arrow = arrows[e.key];
    if (arrow && e.shiftKey) view.panBy(-arrow[0] * 120, -arrow[1] * 120, true);
    else if (arrow) this.#step(arrow);
    else if (e.key === 'Enter' || e.key === ' ') this.#press();
    else if (e.key === '+' || e.key === '=') view.zoomBy(1.6);
    else if (e.key === '-') view.zoomBy(1 / 1.6);
    else if (e.key === '0' || e.key === 'Home') view.fit();
    else if (e.key === 'PageDown') this.#section(1);
    else if (e.key === 'PageUp') this.#section(-1);
    else return;
    e.preventDefault();
  }

  #press() {
    if (this.view.cursor < 0) this.#step([0, 0]);
    else this.hooks.pick(this.view.cursor);
    this.#showCursor(true);
  }

  #step([dx, dy]) {
    const { view } = this;
    const next = view.cursor < 0 ? this.#start() : view.model.towards(view.cursor, dx, dy);
    this.#showCursor(true);
    if (next < 0) return;
    this.#moveTo(next);
  }

  // The first seat for the keyboard: the free one nearest to the middle of the window.
  #start() {
    const { view, model } = { view: this.view, model: this.view.model };
    const x = (view.view.width / 2 - view.view.tx) / view.view.k;
    const y = (view.view.height / 2 - view.view.ty) / view.view.k;
    let best = -1;
    let bestSquare = Infinity;
    for (let i = 0; i < model.count; i++) {
      const square = (model.x[i] - x) ** 2 + (model.y[i] - y) ** 2;
      if (square < bestSquare && model.isFree(i)) { best = i; bestSquare = square; }
    }
    return best >= 0 || model.count === 0 ? best : 0;
  }

  #section(step) {
    const { model, cursor } = this.view;
    const now = cursor < 0 ? -1 : model.sectionOf[cursor];
    const section = model.sections[(now + step + model.sections.length) % model.sections.length];
    let seat = section.first;
    while (seat < section.first + section.count && !model.isFree(seat)) seat++;
    this.#showCursor(true);
    this.#moveTo(seat < section.first + section.count ? seat : section.first);
  }

  #moveTo(seat) {
    this.view.cursor = seat;
    this.view.reveal(seat);
    this.view.draw();
    this.hooks.cursor(seat);
  }
}
