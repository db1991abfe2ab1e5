// Talking to the server: one key per wish through every retry, and what time the server thinks it is.

import { identity, newKey } from './identity.js';

const attemptsMax = 12;
const retryDefaultMs = 500;
const retryMaxMs = 10_000;
const waitMaxMs = 120_000; // longer than this nobody is kept waiting: the page says when to ask again
const silenceMaxMs = 25_000; // a buyer's request without an answer: the server's own patience is 10 s, so the line is dead

/** Problem is the server's refusal (RFC 9457), or `offline` when there was no answer at all (status 0). */
export class Problem extends Error {
  constructor(status, body = {}, retryAfterMs = null) {
    super(body.title ?? `status ${status}`);
    this.status = status;
    this.code = body.code ?? (status === 401 ? 'unauthorized' : status === 0 ? 'offline' : 'unknown');
    this.title = body.title;
    this.detail = body.detail;
    this.limit = body.limit;
    this.seats = Array.isArray(body.seats) ? body.seats : [];
    this.retryAfterMs = retryAfterMs;
    this.body = body;
  }

  /**
   * transient: the same request with the same key may still work. Nothing is known about its outcome until it answers. Seats that
   * cool down are not waited for: others are free.
   */
  get transient() { return [0, 429, 500, 502, 503, 504].includes(this.status) && this.code !== 'challenge_cool_down'; }
}

// The Date header is cut to whole seconds, and servers may stamp it from a clock they read once a second: each answer
// only bounds the offset between the two clocks. Several answers together pin it down. A clock that was set meanwhile
// makes them contradict: start afresh.
const dateBlurMs = 2000;
const bounds = { low: -Infinity, high: Infinity };

/**
 * serverNow is the server's clock in milliseconds, as well as its Date headers let us know it. Our own clock is believed
 * while no header contradicts it; else the latest possible time is taken: a countdown that ends early harms nobody.
 */
export function serverNow() {
  const agrees = bounds.low <= 0 && bounds.high >= 0;
  return Date.now() + (agrees ? 0 : bounds.high);
}

/** learnClock takes one Date header seen between two readings of our own clock. */
export function learnClock(header, sentAt, receivedAt) {
  const stamp = Date.parse(header ?? '');
  if (Number.isNaN(stamp)) return;
  const low = stamp - receivedAt;
  const high = stamp + dateBlurMs - sentAt;
  bounds.low = Math.max(bounds.low, low);
  bounds.high = Math.min(bounds.high, high);
  if (bounds.low > bounds.high) Object.assign(bounds, { low, high });
}

function retryAfterMs(header) {
  if (!header) return null;
  const seconds = Number(header);
  if (!Number.isNaN(seconds)) return seconds * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - serverNow());
}

async function once(method, path, { body, headers = {}, signal, timeoutMs } = {}) {
  const sentAt = Date.now();
  const line = cut(signal, timeoutMs);
  let answer, text;
  try {
    answer = await fetch(path, { method, headers, body, signal: line.signal, cache: method === 'GET' ? 'no-cache' : 'no-store' });
    learnClock(answer.headers.get('Date'), sentAt, Date.now());
    text = await answer.text(); // an answer that is cut off in the middle is none
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Problem(0, {});
  } finally {
    line.done();
  }
  const parsed = objectOf(text);
  const afterMs = retryAfterMs(answer.headers.get('Retry-After'));
  if (answer.ok) return { status: answer.status, body: parsed, retryAfterMs: afterMs };
  throw new Problem(answer.status, parsed, afterMs);
}

// A signal that also ends a silence: a network that went away without a word would be waited for without end.
function cut(signal, ms) {
  const line = new AbortController();
  const stop = () => line.abort(signal?.reason);
  if (signal?.aborted) stop();
  const timer = ms && setTimeout(stop, ms);
  signal?.addEventListener('abort', stop);
  return { signal: line.signal, done: () => { clearTimeout(timer); signal?.removeEventListener('abort', stop); } };
}

function objectOf(text) {
  try {
    const read = JSON.parse(text);
    return read !== null && typeof read === 'object' ? read : {};
  } catch {
    return {}; // of something that stands before the server, and does not speak its language
  }
}

let learning = null;

/** whoIsKnown asks the server, once, how it knows its buyers. A question without an answer is asked again by the next caller. */
export function whoIsKnown() {
  learning ??= get('/v1/sign-in', { attempts: 4 }).then(
    (how) => identity.learn(how),
    (err) => {
      if (err.status === 404) return identity.learn({ methods: ['bearer_token'] }); // a server of before: be careful
      learning = null;
      throw err;
    });
  return learning;
}

// The headers of a buyer's own request. A visitor whom nobody has signed in is told so here: the server would say the same.
async function buyerHeaders() {
  await whoIsKnown();
  if (!identity.known) throw new Problem(401);
  return identity.headers;
}

/** get reads a public document as JSON; nobody is told who asks. A transient failure is tried again a few times. */
export async function get(path, { signal, attempts = 3, headers } = {}) {
  const { body } = await persist(() => once('GET', path, { signal, headers }), { signal, attempts });
  return body;
}

/** getOwn reads what belongs to the buyer. */
export async function getOwn(path, options) { return (await readOwn(path, options)).body; }

/** readOwn is getOwn that also answers when to ask again: {status, body, retryAfterMs}. */
export async function readOwn(path, { signal, attempts = 3 } = {}) {
  const headers = await buyerHeaders();
  return persist(() => once('GET', path, { headers, signal, timeoutMs: silenceMaxMs }), { signal, attempts });
}

/** readFile reads a file of the buyer's, as a Blob. */
export async function readFile(path) {
  const headers = await buyerHeaders();
  const line = cut(undefined, silenceMaxMs);
  try {
    const answer = await fetch(path, { headers, signal: line.signal, cache: 'no-store' });
    if (answer.ok) return await answer.blob();
    throw new Problem(answer.status, objectOf(await answer.text()), retryAfterMs(answer.headers.get('Retry-After')));
  } catch (err) {
    throw err instanceof Problem ? err : new Problem(0);
  } finally {
    line.done();
  }
}

/**
 * mutate sends one wish of the buyer. Whatever happens on the way, every attempt carries the same key, so the wish has at
 * most one effect (P5). onWait(attempt, problem, milliseconds) is told before each pause; extra are headers besides. Answers
 * {status, body, retryAfterMs}.
 */
export async function mutate(method, path, body, { key = newKey(), onWait, signal, asOperator = false, extra = {} } = {}) {
  const who = asOperator ? { Authorization: `Bearer ${identity.operator}` } : await buyerHeaders();
  const headers = { ...who, ...extra, 'Idempotency-Key': key };
  const text = body === undefined ? undefined : JSON.stringify(body);
  if (text !== undefined) headers['Content-Type'] = 'application/json';
  const send = () => once(method, path, { body: text, headers, signal, timeoutMs: silenceMaxMs });
  return persist(send, { signal, onWait, attempts: attemptsMax });
}

async function persist(send, { attempts, onWait, signal }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (err) {
      if (!(err instanceof Problem) || !err.transient || attempt >= attempts || err.retryAfterMs > waitMaxMs) throw err;
      const delay = retryDelayMs(attempt, err.retryAfterMs, Math.random());
      onWait?.(attempt, err, delay);
      await pause(delay, signal);
    }
  }
}

/** retryDelayMs honours Retry-After as a minimum and spreads the crowd a little; without one it backs off. */
export function retryDelayMs(attempt, afterMs, chance) {
  const base = afterMs ?? Math.min(retryMaxMs, retryDefaultMs * 2 ** (attempt - 1));
  return Math.round(base * (1 + 0.25 * chance) + 40 * chance);
}

/** pause waits, and ends early by throwing when the signal aborts. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
