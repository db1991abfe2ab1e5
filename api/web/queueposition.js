// Where a place stands, from its number and the public frame of counters alone: the rule of actors/gate/position, held
// to the same vectors. So one frame for everybody tells each where they stand, and nobody has to ask.

import { Order } from './queuedraw.js';

const etaMaxSeconds = 7 * 24 * 3600;
const tolerance = 0.1; // an ETA that is later by less than a tenth and a second has not grown

let order = null; // of the newest seed: a draw is made once, and asked for with every frame

function rankOf({ seed, entrants }, number) {
  if (!seed) return number; // without a lobby the first to join is the first
  if (order?.seed !== seed || order.entrants !== entrants) order = new Order(seed, entrants);
  return order.place(number);
}

/**
 * standing says where a number stands by a frame (the API's Queue): {called, position, ahead, eta, basis, pace}.
 * called: the counter has passed it, so only the gate knows more. eta is seconds, or null where nobody can tell; basis
 * says how it was computed, or why it is not there. lobby: the event draws.
 */
export function standing(room, number, lobby) {
  const drawn = !lobby || Boolean(room.seed);
  if (!drawn || ['before', 'lobby', 'closed'].includes(room.phase)) {
    return { called: false, position: 0, ahead: Math.max(room.joined, number + 1) - 1, eta: null, basis: 'not_drawn' };
  }
  const rank = rankOf(room, number);
  if (rank < room.called) return { called: true, position: 0, ahead: 0, eta: 0, basis: 'pace' };
  const ahead = rank - room.called;
  const basis = stopped(room);
  const eta = basis ? null : Math.min(Math.ceil((ahead + 1) * 1000 / room.pace), etaMaxSeconds);
  return { called: false, position: ahead + 1, ahead, eta, basis: basis || 'pace', pace: room.pace };
}

function stopped({ phase, pace }) {
  if (phase === 'sold_out' || phase === 'paused') return phase;
  if (phase !== 'open') return 'not_open';
  return pace === 0 ? 'no_pace' : '';
}

/** grew says why an ETA is later than the one of so many seconds ago; '' when it is not. */
export function grew(before, now, seconds) {
  if (before.eta === null || (now.eta !== null && now.eta + seconds <= before.eta * (1 + tolerance) + 1)) return '';
  return now.eta === null ? now.basis : 'slower';
}

const shownMs = 90_000;

/**
 * Later watches an ETA: why says why it has grown, for as long as that is news, or ''. It is held against the last one
 * that was told, so that many small steps are seen as the one that they are; and what stopped the calls meanwhile is
 * the reason, once they go on.
 */
export class Later {
  why = '';
  #told = null; // {eta, at}
  #since = 0;
  #stopped = '';

  /** take hears a new standing at a moment of a clock that only goes on, in milliseconds. */
  take(stand, now) {
    if (stand.position === 0) return;
    if (stand.eta === null) {
      if (this.#told) this.#stopped = stand.basis;
      return;
    }
    const seconds = (now - this.#told?.at) / 1000;
    const why = this.#told ? grew(this.#told, stand, seconds) : '';
    const sooner = this.#told !== null && stand.eta + seconds < (1 - tolerance) * this.#told.eta - 1;
    if (why) [this.why, this.#since] = [this.#stopped || why, now];
    else if (sooner || now - this.#since > shownMs) this.why = '';
    if (why || sooner || !this.#told) this.#told = { eta: stand.eta, at: now };
    this.#stopped = '';
  }
}
