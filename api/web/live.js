// The live map: reads the event's stream, proves that nothing is missing, and repairs the map when something is (P9).
// fetch carries the stream rather than EventSource, because EventSource cannot see a 503.

import { get, learnClock, pause, retryDelayMs } from './api.js';

const silenceMaxMs = 45_000; // the server sends a heartbeat every 15 s: three missed ones mean a dead line

/** LiveMap keeps a SeatModel equal to the server's. Hooks: changed(seats), state('live'|'reconnecting'), stats. */
export class LiveMap {
  constructor(event, model, stats, hooks) {
    Object.assign(this, { event, model, stats, hooks });
    this.base = `/v1/events/${encodeURIComponent(event)}/availability`;
    this.stopper = new AbortController();
    this.lastID = '';
    this.reloading = null;
  }

  stop() { this.stopper.abort(); }

  /** run reads the map once, then follows the stream until stop(); it throws only if the first read fails. */
  async run() {
    await this.reload();
    for (let attempt = 1; !this.stopper.signal.aborted; attempt++) {
      this.heard = false;
      await this.#follow().catch(() => {}); // a packed stream has no end of its own: being cut off is an error
      if (this.stopper.signal.aborted) return;
      if (this.heard) attempt = 1;
      this.stats.drops++;
      this.hooks.state('reconnecting');
      await pause(Math.min(8000, retryDelayMs(attempt, null, Math.random())), this.stopper.signal).catch(() => {});
      if (attempt > 1) await this.reload().catch(() => {}); // no stream to be had: at least look again
    }
  }

  /** reload reads the availability again; several callers share one read. force also takes a seq that went back. */
  reload(force = false) {
    this.reloading ??= get(this.base, { signal: this.stopper.signal })
      .then((body) => this.#takeAll(body, force))
      .finally(() => { this.reloading = null; });
    return this.reloading;
  }

  #takeAll(body, force) {
    const changed = [];
    for (const s of body.sections ?? []) {
      const section = this.#section(s.section ?? s.id);
      // A read may be a moment older than what the stream already told.
      if (!section || (!force && s.seq < section.seq)) continue;
      const seats = this.model.replaceSection(section, s.seq, s.status);
      if (seats) changed.push(...seats);
    }
    this.stats.reloads++;
    this.hooks.changed(changed);
  }

  #section(id) { return this.model.sections[this.model.sectionIndex.get(id)]; }

  async #follow() {
    const line = new AbortController();
    const stop = () => line.abort();
    this.stopper.signal.addEventListener('abort', stop, { once: true });
    let watchdog = setTimeout(stop, silenceMaxMs);
    try {
      const headers = { Accept: 'text/event-stream' };
      if (this.lastID) headers['Last-Event-ID'] = this.lastID;
      const sentAt = Date.now();
      const answer = await fetch(`${this.base}/stream`, { headers, signal: line.signal, cache: 'no-store' });
      if (!answer.ok) return;
      learnClock(answer.headers.get('Date'), sentAt, Date.now());
      this.hooks.state('live');
      await readEvents(answer.body, (event) => this.#take(event), () => {
        this.heard = true;
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, silenceMaxMs);
      });
    } finally {
      clearTimeout(watchdog);
      this.stopper.signal.removeEventListener('abort', stop);
      line.abort();
    }
  }

  #take({ type, data, id }) {
    const body = JSON.parse(data);
    if (type === 'snapshot') this.#takeAll(body, true);
    else if (type === 'delta') this.#delta(body);
    else if (type === 'checkpoint') this.#checkpoint(body).catch(() => {});
    if (id) this.lastID = id;
  }

  #delta({ section: id, first_seq: first, seq, changes }) {
    const section = this.#section(id);
    if (!section || seq <= section.seq) return; // told before: a resumed stream may repeat itself
    if ((first ?? seq) > section.seq + 1) { this.#gap(); return; } // one frame may carry the records from first to seq
    const seats = [];
    for (const [index, letter] of changes) {
      if (index < section.count && this.model.setLetter(section.first + index, letter.charCodeAt(0))) seats.push(section.first + index);
    }
    section.seq = seq;
    this.stats.liveDeltas++;
    this.hooks.changed(seats);
  }

  #gap() {
    this.stats.gaps++;
    this.reload().catch(() => {}); // a failed read shows again as the next gap
  }

  async #checkpoint({ section: id, seq, hash }) {
    const section = this.#section(id);
    if (!section || seq < section.seq) return;
    if (seq > section.seq) { this.#gap(); return; }
    if (!crypto.subtle) return; // not a secure context: seq numbers still show gaps
    const copy = this.model.letter.slice(section.first, section.first + section.count);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', copy));
    const ours = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
    this.stats.checkpoints++;
    if (ours === hash) return;
    this.stats.mismatches++;
    await this.reload(true);
  }
}

/** readEvents parses text/event-stream from a byte stream: visit({type, data, id}) per event, alive() per chunk. */
export async function readEvents(body, visit, alive = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = { type: 'message', data: [], id: '' };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) event = takeLine(line, event, visit);
  }
}

function takeLine(line, event, visit) {
  if (line === '') {
    if (event.data.length) visit({ type: event.type, data: event.data.join('\n'), id: event.id });
    return { type: 'message', data: [], id: '' };
  }
  const colon = line.indexOf(':');
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'event') event.type = value;
  else if (field === 'data') event.data.push(value);
  else if (field === 'id') event.id = value;
  return event;
}
