// Talking to the server: who we are, one key per wish through every retry, and what time the server thinks it is.

const buyerKey = 'holdfast.buyer';
const tokenKey = 'holdfast.token';
const operatorKey = 'holdfast.operator';
const attemptsMax = 12;
const retryDefaultMs = 500;
const retryMaxMs = 10_000;

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
  }

  /** transient: the same request with the same key may still work. Nothing is known about its outcome until it answers. */
  get transient() { return [0, 429, 500, 502, 503, 504].includes(this.status); }
}

/** identity is the buyer's name (kept on this device) or a bearer token (kept in this tab). */
export const identity = {
  get buyer() {
    let name = localStorage.getItem(buyerKey);
    if (!name) {
      name = 'fan-' + newKey().slice(0, 6);
      localStorage.setItem(buyerKey, name);
    }
    return name;
  },
  set buyer(name) { localStorage.setItem(buyerKey, name); },
  get token() { return sessionStorage.getItem(tokenKey) ?? ''; },
  set token(token) { token ? sessionStorage.setItem(tokenKey, token) : sessionStorage.removeItem(tokenKey); },
  get operator() { return sessionStorage.getItem(operatorKey) ?? ''; },
  set operator(key) { sessionStorage.setItem(operatorKey, key); },
};

/** identityHeaders says who asks: the operator's key only where the caller asks for it. */
export function identityHeaders(asOperator = false) {
  if (asOperator) return { Authorization: `Bearer ${identity.operator}` };
  if (identity.token) return { Authorization: `Bearer ${identity.token}` };
  return { 'X-Buyer': identity.buyer };
}

/** newKey makes an Idempotency-Key. randomUUID exists only in secure contexts, so there is a second way. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
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

async function once(method, path, { body, headers = {}, signal } = {}) {
  const sentAt = Date.now();
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, signal, cache: method === 'GET' ? 'no-cache' : 'no-store' });
  } catch (err) {
    if (signal?.aborted) throw err;
    throw new Problem(0, {});
  }
  learnClock(answer.headers.get('Date'), sentAt, Date.now());
  const parsed = await answer.json().catch(() => ({}));
  if (answer.ok) return { status: answer.status, body: parsed };
  throw new Problem(answer.status, parsed, retryAfterMs(answer.headers.get('Retry-After')));
}

/** get reads JSON; a transient failure is tried again a few times. */
export async function get(path, { signal, attempts = 3 } = {}) {
  const { body } = await persist(() => once('GET', path, { headers: identityHeaders(), signal }), { signal, attempts });
  return body;
}

/**
 * mutate sends one wish of the buyer. Whatever happens on the way, every attempt carries the same key, so the wish has at
 * most one effect (P5). onWait(attempt, problem) is told before each pause. Answers {status, body}.
 */
export async function mutate(method, path, body, { key = newKey(), onWait, signal, asOperator = false } = {}) {
  const headers = { ...identityHeaders(asOperator), 'Idempotency-Key': key };
  const text = body === undefined ? undefined : JSON.stringify(body);
  if (text !== undefined) headers['Content-Type'] = 'application/json';
  return persist(() => once(method, path, { body: text, headers, signal }), { signal, onWait, attempts: attemptsMax });
}

async function persist(send, { attempts, onWait, signal }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (err) {
      if (!(err instanceof Problem) || !err.transient || attempt >= attempts) throw err;
      onWait?.(attempt, err);
      await pause(retryDelayMs(attempt, err.retryAfterMs, Math.random()), signal);
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
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
