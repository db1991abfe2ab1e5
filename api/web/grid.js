// Where seats are, by square of the plan: what is in the window, and what is under the finger, cost their own size only.

const seatsPerCell = 24;

/**
 * Grid finds points (x[i], y[i]) in a box. Its squares divide the core, where nearly all points are; points outside of
 * the core are kept in its outermost squares, so that one point far away makes no more and no larger squares.
 */
export class Grid {
  constructor(x, y, core) {
    Object.assign(this, { x, y, left: core.left, top: core.top });
    const width = core.right - core.left;
    const height = core.bottom - core.top;
    const count = Math.max(1, x.length);
    // The second term keeps a long thin house from having more columns than seats.
    this.cell = Math.max(Math.sqrt((width / count) * height * seatsPerCell), Math.max(width, height) / count) || 1;
    this.columns = Math.floor(width / this.cell) + 1;
    this.lines = Math.floor(height / this.cell) + 1;
    this.#sort();
  }

  #column(x) { return Math.max(0, Math.min(this.columns - 1, Math.floor((x - this.left) / this.cell))); }
  #line(y) { return Math.max(0, Math.min(this.lines - 1, Math.floor((y - this.top) / this.cell))); }

  // A counting sort: the points of square c are points[start[c]] … points[start[c + 1] - 1].
  #sort() {
    const { x, y } = this;
    this.start = new Uint32Array(this.columns * this.lines + 1);
    const squareOf = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) {
      squareOf[i] = this.#line(y[i]) * this.columns + this.#column(x[i]);
      this.start[squareOf[i] + 1]++;
    }
    for (let c = 1; c < this.start.length; c++) this.start[c] += this.start[c - 1];
    const next = this.start.slice();
    this.points = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) this.points[next[squareOf[i]]++] = i;
  }

  /** within calls visit(i) for every point in a box, edges included. */
  within(left, top, right, bottom, visit) {
    const from = this.#column(left);
    const to = this.#column(right);
    const last = this.#line(bottom);
    for (let line = this.#line(top); line <= last; line++) {
      const end = this.start[line * this.columns + to + 1];
      for (let k = this.start[line * this.columns + from]; k < end; k++) {
        const i = this.points[k];
        if (this.x[i] >= left && this.x[i] <= right && this.y[i] >= top && this.y[i] <= bottom) visit(i);
      }
    }
  }
}
