// Asks after a booking whose payment is under way, as often as the server wants to be asked, until there is an outcome.

import { Problem, pause } from './api.js';

const firstMs = 700;
const mostMs = 4000;

/**
 * PaymentWatch reads a booking until hooks.heard(view) or hooks.missed(problem) answer false. read answers
 * {body, retryAfterMs}; a Retry-After is the least pause, without one the pauses grow.
 */
export class PaymentWatch {
  constructor(read, hooks, signal) { Object.assign(this, { read, hooks, signal, running: false }); }

  /** start begins to ask, after a pause of at least afterMs; a watch that runs goes on as it is. */
  async start(afterMs) {
    if (this.running) return;
    this.running = true;
    try {
      for (let wait = firstMs, after = afterMs, more = true; more; wait = Math.min(mostMs, wait * 1.4)) {
        await this.#rest(Math.max(wait, after ?? 0) * (1 + Math.random() / 10));
        if (this.signal.aborted) return;
        [more, after] = await this.#ask();
      }
    } finally {
      this.running = false;
    }
  }

  /** hurry asks at once: something may have happened. */
  hurry() { this.resting?.abort(); }

  async #rest(ms) {
    this.resting = new AbortController();
    const stop = () => this.resting.abort();
    this.signal.addEventListener('abort', stop, { once: true });
    await pause(ms, this.resting.signal).catch(() => {});
    this.signal.removeEventListener('abort', stop);
  }

  async #ask() {
    try {
      const { body, retryAfterMs } = await this.read();
      return [this.hooks.heard(body), retryAfterMs];
    } catch (err) {
      if (this.signal.aborted) return [false, null];
      if (!(err instanceof Problem)) throw err;
      return [this.hooks.missed(err), err.retryAfterMs];
    }
  }
}

/**
 * nextOf answers what the bank wants of the buyer before it pays, {url, until}, or null. url is '' for what this page cannot
 * show; until is in milliseconds, NaN where no end is told. A browser is sent to pages of the web only, and from a page that
 * came encrypted to such pages only.
 */
export function nextOf({ next_action: next, expires_at: ends }) {
  if (!next) return null;
  const until = Date.parse(next.expires_at ?? ends);
  try {
    const at = new URL(next.url);
    const plain = at.protocol === 'https:' || (at.protocol === 'http:' && location.protocol === 'http:');
    return { url: next.type === 'redirect_to_url' && plain ? at.href : '', until };
  } catch {
    return { url: '', until };
  }
}
