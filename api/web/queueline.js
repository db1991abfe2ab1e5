// The stream of a waiting room: the same frame for everybody. It is a comfort, and not the way: a server that has no
// stream to spare says so, and then the polls tell all that is needed.

import { learnClock, pause, retryDelayMs } from './api.js';
import { readEvents } from './live.js';
import { onWake } from './wake.js';

const silenceMaxMs = 45_000; // the server says something every 15 s: three missed ones mean a dead line
const staleMs = 20_000;
const againMaxMs = 60_000;

/** Line follows an event's waiting room. Hooks: room(frame), state(live). Nothing ends it but stop(). */
export class Line {
  constructor(event, hooks) {
    Object.assign(this, { hooks, path: `/v1/events/${encodeURIComponent(event)}/queue/stream` });
    this.stopper = new AbortController();
    this.live = false;
    this.retryAfterMs = 0; // as the newest frame has it: what the server can bear
  }

  stop() { this.stopper.abort(); }

  async run() {
    const { signal } = this.stopper;
    onWake(() => { if (Date.now() - this.heardAt > staleMs) this.cut?.abort(); this.hurry?.(); }, signal);
    for (let attempt = 1; !signal.aborted; attempt++) {
      this.heard = false;
      const refusedMs = await this.#follow().catch(() => null);
      if (signal.aborted) return;
      this.#show(false);
      if (this.heard) attempt = 1;
      // A crowd whose lines were all cut at once does not come back at once.
      const crowd = Math.min(againMaxMs, this.retryAfterMs) * Math.random();
      await this.#wait(refusedMs ?? Math.max(crowd, retryDelayMs(attempt, null, Math.random())), refusedMs === null);
    }
  }

  // A page that wakes looks at once; a refusal is waited out all the same.
  async #wait(ms, mayHurry) {
    const cut = this.#cutter();
    this.hurry = mayHurry ? () => cut.abort() : undefined;
    await pause(ms, cut.signal).catch(() => {});
    this.hurry = undefined;
  }

  // Aborts with the whole line, or alone.
  #cutter() {
    const cut = new AbortController(), { signal } = this.stopper;
    if (signal.aborted) cut.abort();
    signal.addEventListener('abort', () => cut.abort(), { once: true, signal: cut.signal });
    return cut;
  }

  #show(live) {
    if (this.live === live) return;
    this.live = live;
    this.hooks.state(live);
  }

  /** Answers null when the line was cut, or how long a server that refuses it wants to be left alone. */
  async #follow() {
    const cut = this.cut = this.#cutter(), { signal } = cut;
    let watchdog = setTimeout(() => cut.abort(), silenceMaxMs);
    try {
      const sentAt = Date.now();
      const answer = await fetch(this.path, { headers: { Accept: 'text/event-stream' }, signal, cache: 'no-store' });
      learnClock(answer.headers.get('Date'), sentAt, Date.now());
      if (!answer.ok) return refusalMs(answer.headers.get('Retry-After'));
      await readEvents(answer.body, (event) => this.#take(event), () => {
        this.heard = true;
        this.heardAt = Date.now();
        this.#show(true);
        clearTimeout(watchdog);
        watchdog = setTimeout(() => cut.abort(), silenceMaxMs);
      });
      return null;
    } finally {
      clearTimeout(watchdog);
      cut.abort();
    }
  }

  #take({ type, data }) {
    if (type !== 'queue') return;
    const room = JSON.parse(data);
    this.retryAfterMs = room.retry_after * 1000;
    this.hooks.room(room);
  }
}

const refusalMs = (header) => Math.max(15_000, (Number(header) || 0) * 1000) * (1 + Math.random() / 2);
