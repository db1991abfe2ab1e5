// An entry on its way into a waiting room: when it is handed in, the proof of work and the captcha before it, and one at a
// time however many tabs are open. The wish is kept, so that a reload goes on with it.

import { Problem, getOwn, mutate, serverNow } from './api.js';
import { solve } from './queuecaptcha.js';
import { prove } from './queuework.js';
import { problemText, soon } from './words.js';

const spreadMaxMs = 120_000;
const closeMarginMs = 10_000; // an entry is handed in so long before the lobby closes, at the latest
const lookAgainMs = 20_000;
const puzzlesMax = 3; // one may run out while it is solved

/**
 * joinAt is when an entry is handed in, in milliseconds of the server's clock. Nobody is first in a lobby, so entries
 * are spread over it: those that waited for the opening over two minutes, later ones over what the server says that
 * polls need (seconds), and never over more than a third of what is left. Without a lobby every moment counts.
 */
export function joinAt(now, opensAt, closesAt, pollSeconds, chance = Math.random()) {
  const base = Math.max(now, opensAt);
  const rest = closesAt - closeMarginMs - base; // NaN without a lobby
  if (!(rest > 0)) return base;
  const crowdMs = now < opensAt ? spreadMaxMs : pollSeconds * 1000;
  return base + Math.min(rest / 3, crowdMs, spreadMaxMs) * chance;
}

/** Entry hands in the wish that a WaitingRoom keeps. work is the share of a proof of work that is done, or null. */
export class Entry {
  constructor(room) {
    Object.assign(this, { room, work: null, joining: false });
  }

  cancel() {
    clearTimeout(this.timer);
    this.giveUp?.abort();
  }

  /** look sees whether the moment has come: a clock may have been set, or a page have slept. */
  look() { if (this.room.kept?.all.wish) this.handIn(); }

  handIn() {
    const { room } = this, { wish } = room.kept.all;
    clearTimeout(this.timer);
    if (!wish || this.joining) return;
    const wait = wish.at - serverNow();
    if (wait > 0) this.timer = setTimeout(() => this.look(), Math.min(wait, lookAgainMs));
    else this.#join();
    room.hooks.changed();
  }

  async #join() {
    const { room } = this, { signal } = this.giveUp = new AbortController();
    this.joining = true;
    room.does('Handing in your entry');
    let end;
    try {
      const answer = await room.kept.alone(() => this.#send(signal), signal);
      end = () => room.joined(answer);
    } catch (err) {
      if (signal.aborted) end = () => {};
      else if (err instanceof Problem) end = () => room.joinRefused(err);
      else end = () => room.fault(err);
    }
    Object.assign(this, { joining: false, work: null });
    room.does('');
    end();
    if (!room.signal.aborted) this.handIn(); // again, if it may still be taken
  }

  // Answers null when another tab has joined meanwhile.
  async #send(signal) {
    const { room } = this, { proof_of_work: work, captcha } = room.rules;
    let asked = Boolean(work || captcha);
    for (let puzzles = 0; room.kept.all.wish; puzzles++) {
      const { party, code } = room.kept.all.wish;
      const body = { party, code, ...(asked ? await this.#asked(signal) : {}) };
      try {
        const joined = await mutate('POST', room.base, body, { signal, onWait: (...wait) => this.#waits(...wait) });
        const { place, number } = joined.body;
        const entered = joined.status === 201 ? party : undefined; // what an earlier join had said is not known here
        room.kept.keep({ place, number, party, entered, wish: undefined, going: undefined });
        return joined.body;
      } catch (err) {
        const ofProof = /^(proof_|captcha_re)/.test(err.code) || ['proof', 'captcha'].includes(err.body?.field); // run out, used, or another's: a new one
        if (!ofProof || puzzles >= puzzlesMax) throw err;
        asked = true;
      }
    }
    return null;
  }

  // What the event asks for besides a buyer, as members of the join.
  async #asked(signal) {
    const challenge = await getOwn(`${this.room.base}/challenge`, { signal, attempts: 6 });
    const proof = challenge.proof_of_work && await this.#proof(challenge, signal);
    return { proof, captcha: challenge.captcha && await this.#captcha(challenge.captcha, signal) };
  }

  async #captcha(widget, signal) {
    const { room } = this;
    room.does('Please show that you are a person');
    const token = await solve(widget, room.captchaHost, signal);
    room.does('Handing in your entry');
    return token;
  }

  async #proof(challenge, signal) {
    const { room } = this;
    this.work = 0;
    room.does('Your browser is solving a puzzle that keeps robots out');
    const told = (share) => { this.work = share; room.hooks.changed(); };
    const proof = await prove(challenge.proof_of_work, told, signal);
    this.work = null;
    room.does('Handing in your entry');
    return proof;
  }

  #waits(attempt, problem, ms) {
    this.room.does(`${problemText(problem)} Trying again by itself (${attempt})${soon(ms)} …`);
  }
}
