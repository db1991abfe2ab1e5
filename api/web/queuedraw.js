// The draw of a lobby, recomputed here: actors/gate/draw says it byte by byte, and a test holds both to the same
// vectors. The page believes a draw only as far as it has recomputed it, and says what it cannot look at.

import { ascii, hex, sha256, u32, u64, unhex } from './hash.js';

const rounds = 12;

/** Order is the draw as a permutation: who joined as number n is called as place(n). */
export class Order {
  constructor(seed, entrants) {
    Object.assign(this, { seed, entrants, bytes: unhex(seed) });
    this.side = Math.floor(Math.floor(Math.sqrt(entrants)) / 2) * 2;
    while (this.side * this.side < entrants) this.side += 2;
  }

  /** place is 0 for who is called first; whoever joined after the close stands at their own number. */
  place(number) {
    if (number >= this.entrants) return number;
    let v = number;
    do v = this.#step(v); while (v >= this.entrants);
    return v;
  }

  #step(v) {
    const { side } = this;
    let left = Math.floor(v / side), right = v % side;
    for (let r = 0; r < rounds; r++) [left, right] = [right, (left + this.#round(r, right)) % side];
    return left * side + right;
  }

  #round(r, x) {
    const h = new DataView(sha256(ascii('holdfast/round/v1'), this.bytes, [r], u32(x)).buffer);
    return (h.getUint16(0) * 2 ** 32 + h.getUint32(2)) % this.side; // 48 bits: a double holds them exactly
  }
}

/** leafOf is the hash that stands for one entrant in the tree. */
export function leafOf({ number, pseudonym, party, salt }) {
  return sha256([0], ascii('holdfast/leaf/v1'), u32(number), unhex(pseudonym), [party], unhex(salt));
}

const node = (left, right) => sha256([1], left, right);
const half = (n) => Math.floor(n / 2);

/** onPath says whether the siblings lead from a leaf up to the root of so many leaves (RFC 9162, 2.1.3.2). */
export function onPath(root, leaves, number, leaf, path) {
  if (number >= leaves) return false;
  let at = number, last = leaves - 1, hash = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = node(unhex(sibling), hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = node(hash, unhex(sibling));
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hex(hash) === root;
}

/** seedOf is what the draw is made of: known to nobody before the signature is. */
export function seedOf(event, entrants, root, signature) {
  const id = unhex(event.replaceAll('-', '').toLowerCase());
  return hex(sha256(ascii('holdfast/seed/v1'), id, u64(entrants), unhex(root), unhex(signature)));
}

/** roundAfter is the round that the rule gives for a close: the planned one, or the first that is late enough. */
export function roundAfter({ genesis, period_ms: period, round, late_ms: late }, closedAt) {
  const begin = Date.parse(genesis), earliest = Date.parse(closedAt) + late;
  if (begin + (round - 1) * period >= earliest) return round;
  return Math.floor((earliest - begin + period - 1) / period) + 1;
}

/**
 * checkDraw recomputes a draw's document (api/wire/drawproof) as far as it is there. own is what this browser knows by
 * itself: {event, number, party, witness: {root, entrants}, seed}. Answers one {id, ok} a check: true, false, or null
 * for what cannot be looked at here. A document that is no document fails the check "readable".
 */
export function checkDraw(document, own) {
  const checks = [];
  try {
    checks.push(...closeChecks(document, own));
    checks.push(...drawChecks(document, own));
  } catch {
    checks.push({ id: 'readable', ok: false });
  }
  return checks;
}

function closeChecks({ event, close, place }, own) {
  const checks = [{ id: 'event', ok: event === own.event }];
  if (!close) return checks;
  const { witness } = own;
  checks.push({ id: 'witness', ok: witness ? witness.root === close.root && witness.entrants === close.entrants : null });
  if (!place) return checks;
  checks.push({ id: 'mine', ok: place.number === own.number && (own.party === undefined || place.party === own.party) });
  if (place.number >= close.entrants) return [...checks, { id: 'late', ok: true }];
  return [...checks, { id: 'root', ok: onPath(close.root, close.entrants, place.number, leafOf(place), place.path ?? []) }];
}

function drawChecks({ event, rule, close, draw, place }, own) {
  if (!draw) return [];
  const seed = seedOf(event, close.entrants, close.root, draw.signature);
  const checks = [{ id: 'seed', ok: draw.seed === seed && (!own.seed || own.seed === seed) }];
  if (rule.beacon) {
    checks.push({ id: 'round', ok: close.round === roundAfter(rule.beacon, close.at) }, { id: 'signature', ok: null });
  } else {
    checks.push({ id: 'operator', ok: null });
  }
  if (place) checks.push({ id: 'rank', ok: place.rank === new Order(seed, close.entrants).place(place.number) });
  return checks;
}
