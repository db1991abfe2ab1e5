// The map's truth in this page: every seat in typed arrays, the public letters, and each section's seq.
// Nothing here draws or talks; live.js writes, mapview.js and panel.js read.

import { Grid } from './grid.js';

export const letters = { a: 97, h: 104, s: 115, b: 98 };
const chunkSeatsMax = 8;

/** SeatModel is one event's seats in seatmap order; a seat is known by its number there. */
export class SeatModel {
  constructor(seatmap, prices) {
    this.sections = [];
    this.rows = [];
    const total = seatmap.sections.reduce((n, s) => n + s.rows.reduce((m, r) => m + r.seats.length, 0), 0);
    this.count = total;
    // Double precision: in a house a billion units wide, single precision would put neighbours on one spot.
    this.x = new Float64Array(total);
    this.y = new Float64Array(total);
    // As many sections and categories as there can be seats: a number that wraps round would show somebody else's price.
    this.sectionOf = new Uint32Array(total);
    this.rowOf = new Uint32Array(total);
    this.category = new Uint32Array(total);
    this.accessible = new Uint8Array(total);
    this.letter = new Uint8Array(total).fill(letters.b);
    this.ids = new Array(total);
    this.labels = new Array(total);
    this.categories = categoryOrder(prices);
    this.focalPoint = seatmap.focal_point ?? null;
    this.indexOfID = new Map();
    this.sectionIndex = new Map();
    this.#fill(seatmap);
    this.freeByCategory = new Int32Array(this.categories.length);
    this.bounds = boxOf(this, 0, this.count);
    this.core = coreOf(this);
    this.grid = new Grid(this.x, this.y, this.core);
    this.pitch = this.#typicalGap() ?? 1;
    const otherRow = (a, b) => this.rowOf[a] !== this.rowOf[b];
    this.rowGap = Math.max(this.pitch, Math.min(this.pitch * 2.2, this.#typicalGap(otherRow, this.pitch * 4) ?? this.pitch));
    for (const section of this.sections) section.box = boxOf(this, section.first, section.count);
    this.#chunkUp();
  }

  #fill(seatmap) {
    const categoryIndex = new Map(this.categories.map((c, i) => [c, i]));
    let seat = 0;
    for (const section of seatmap.sections) {
      const at = this.sections.length;
      this.sectionIndex.set(section.id, at);
      const first = seat;
      for (const row of section.rows) seat = this.#fillRow(row, at, seat, categoryIndex);
      this.sections.push({ id: section.id, plan: section.part_of || section.id, name: section.name || section.id, first, count: seat - first, seq: -1, free: 0 });
    }
  }

  #fillRow(row, section, seat, categoryIndex) {
    const rowNumber = this.rows.length;
    this.rows.push({ label: row.label, first: seat, count: row.seats.length, section });
    for (const s of row.seats) {
      this.x[seat] = place(s.x);
      this.y[seat] = place(s.y);
      this.sectionOf[seat] = section;
      this.rowOf[seat] = rowNumber;
      this.accessible[seat] = s.accessible ? 1 : 0;
      this.category[seat] = this.#categoryNumber(s.category, categoryIndex);
      this.ids[seat] = s.id;
      this.labels[seat] = s.label;
      this.indexOfID.set(s.id, seat);
      seat++;
    }
    return seat;
  }

  #categoryNumber(name, index) {
    const label = String(name ?? '');
    if (!index.has(label)) {
      index.set(label, this.categories.length);
      this.categories.push(label);
    }
    return index.get(label);
  }

  /** within calls visit(seat) for every seat in a box of the plan, edges included. */
  within(left, top, right, bottom, visit) { this.grid.within(left, top, right, bottom, visit); }

  /** nearest answers the seat closest to a point within reach, or -1. Only seats that count(seat) are looked at. */
  nearest(x, y, reach, counts = () => true) {
    let best = -1;
    let bestSquare = reach * reach;
    this.within(x - reach, y - reach, x + reach, y + reach, (i) => {
      const square = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (square <= bestSquare && counts(i)) { best = i; bestSquare = square; }
    });
    return best;
  }

  /** towards answers the next seat in a direction (dx, dy of length 1), as an eye would pick it, or -1 at the edge of the house. */
  towards(seat, dx, dy) {
    for (const reach of [this.pitch * 3, this.pitch * 10, this.pitch * 60, Infinity]) {
      let best = -1;
      let bestScore = Infinity;
      this.within(this.x[seat] - reach, this.y[seat] - reach, this.x[seat] + reach, this.y[seat] + reach, (i) => {
        const along = (this.x[i] - this.x[seat]) * dx + (this.y[i] - this.y[seat]) * dy;
        const aside = Math.abs((this.x[i] - this.x[seat]) * dy - (this.y[i] - this.y[seat]) * dx);
        if (along < this.pitch * 0.3 || aside > along) return;
        const score = along + aside * 2;
        if (score < bestScore) { best = i; bestScore = score; }
      });
      if (best >= 0) return best;
    }
    return -1;
  }

  // The typical distance from a seat to the nearest one that counts, from a sample: it sizes everything that is drawn.
  #typicalGap(counts = () => true, reachMax = Infinity) {
    const found = [];
    const step = Math.max(1, Math.floor(this.count / 400));
    for (let i = 0; i < this.count; i += step) {
      const gap = this.#gap(i, counts, reachMax);
      if (gap > 0) found.push(gap);
    }
    found.sort((a, b) => a - b);
    return found[Math.floor(found.length / 2)];
  }

  // A ring that grows until somebody is in it: seats stand close together, or a billion units apart. Seats on one spot have no gap.
  #gap(i, counts, reachMax) {
    const other = (j) => (this.x[j] !== this.x[i] || this.y[j] !== this.y[i]) && counts(i, j);
    for (let reach = Math.min(reachMax, this.grid.cell); ; reach = Math.min(reachMax, reach * 4)) {
      const found = this.nearest(this.x[i], this.y[i], reach, other);
      if (found >= 0) return Math.hypot(this.x[found] - this.x[i], this.y[found] - this.y[i]);
      if (reach >= reachMax || reach > this.span) return 0;
    }
  }

  /** span is the diagonal of the house, in units of the plan. */
  get span() { return Math.hypot(this.bounds.right - this.bounds.left, this.bounds.bottom - this.bounds.top); }

  // Runs of neighbours of one category, at most eight long: what the map draws from far away.
  #chunkUp() {
    this.chunks = { first: [], count: [] };
    this.chunkOf = new Uint32Array(this.count);
    for (const row of this.rows) {
      for (let i = row.first; i < row.first + row.count; i++) {
        const k = this.chunks.first.length - 1;
        if (i > row.first && this.#continues(i, k)) this.chunks.count[k]++;
        else { this.chunks.first.push(i); this.chunks.count.push(1); }
        this.chunkOf[i] = this.chunks.first.length - 1;
      }
    }
    this.chunks.free = new Uint8Array(this.chunks.first.length);
  }

  #continues(i, chunk) {
    if (this.chunks.count[chunk] >= chunkSeatsMax || this.category[i] !== this.category[i - 1]) return false;
    return Math.hypot(this.x[i] - this.x[i - 1], this.y[i] - this.y[i - 1]) < this.pitch * 1.9;
  }

  /** setLetter changes one seat and everything counted from it; answers whether it was a change. */
  setLetter(seat, code) {
    const was = this.letter[seat];
    if (was === code) return false;
    const step = (code === letters.a ? 1 : 0) - (was === letters.a ? 1 : 0);
    this.letter[seat] = code;
    this.sections[this.sectionOf[seat]].free += step;
    this.freeByCategory[this.category[seat]] += step;
    this.chunks.free[this.chunkOf[seat]] += step;
    return true;
  }

  /** replaceSection takes a whole section's letters; answers the seats that changed, or null when they do not fit. */
  replaceSection(section, seq, status) {
    if (status.length !== section.count) return null;
    const changed = [];
    for (let k = 0; k < section.count; k++) {
      if (this.setLetter(section.first + k, status.charCodeAt(k))) changed.push(section.first + k);
    }
    section.seq = seq;
    return changed;
  }

  /** known tells whether the availability has been read at least once. */
  get known() { return this.sections.every((s) => s.seq >= 0); }
  get free() { return this.sections.reduce((n, s) => n + s.free, 0); }
  isFree(seat) { return this.letter[seat] === letters.a; }
  letterText(seat) { return String.fromCharCode(this.letter[seat]); }
}

// Beyond this no two neighbours could be told apart in double precision, and sums would overflow.
const placeMax = 1e12;
const place = (at) => (Number.isFinite(at) ? Math.max(-placeMax, Math.min(placeMax, at)) : 0);

// The box of nearly all seats: one seat a billion units away must not shrink the rest to a dot. A house whose outermost
// hundredth is not far from the others is its own core.
function coreOf(model) {
  const core = { ...model.bounds };
  for (const [values, low, high] of [[model.x, 'left', 'right'], [model.y, 'top', 'bottom']]) {
    const sorted = Float64Array.from(values).sort();
    const from = sorted[Math.round(0.01 * (sorted.length - 1))];
    const to = sorted[Math.round(0.99 * (sorted.length - 1))];
    const width = to - from;
    if (!(width > 0) || core[high] - core[low] <= 4 * width) continue;
    core[low] = sorted.find((at) => at >= from - width);
    core[high] = sorted.findLast((at) => at <= to + width);
  }
  return core;
}

// Dearest first, so that colours and legends read like a price list.
function categoryOrder(prices) {
  return Object.keys(prices ?? {}).filter((c) => c !== '*').sort((a, b) => prices[b] - prices[a] || a.localeCompare(b));
}

function boxOf(model, first, count) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let i = first; i < first + count; i++) {
    box.left = Math.min(box.left, model.x[i]);
    box.right = Math.max(box.right, model.x[i]);
    box.top = Math.min(box.top, model.y[i]);
    box.bottom = Math.max(box.bottom, model.y[i]);
  }
  return count > 0 ? box : { left: 0, top: 0, right: 1, bottom: 1 };
}
