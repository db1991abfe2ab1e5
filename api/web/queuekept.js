// What this device keeps of a fan's way through one waiting room, so that a reload, a lost tab and a second tab come
// back to it: {place, number, party, entered, wish, going, admission, gone, witness}. The truth is the server's; this
// is only how to ask for it.

import { identity } from './identity.js';

/**
 * Kept is one record for each event and person. Somebody whom no name tells apart from others has it in this tab only.
 * A browser that keeps nothing costs the memory of this page, and no more.
 */
export class Kept {
  constructor(event) {
    const who = identity.account;
    this.key = `holdfast.queue.${event} ${who ?? ''}`;
    this.store = who === null ? sessionStorage : localStorage;
    this.memory = this.#read() ?? {};
  }

  #read() {
    try {
      return JSON.parse(this.store.getItem(this.key));
    } catch {
      return null; // no storage, or nothing that was written here
    }
  }

  /** all is what is kept now, by whichever tab. */
  get all() { return this.memory; }

  /** keep changes members; undefined takes one away. */
  keep(change) {
    this.memory = { ...(this.#read() ?? this.memory), ...change };
    try {
      this.store.setItem(this.key, JSON.stringify(this.memory));
    } catch {
      // full or closed: the memory of this page has it
    }
  }

  /** forget lets go of the place and what follows from it; the witness stays. */
  forget() {
    const none = Object.fromEntries(['place', 'number', 'party', 'entered', 'wish', 'going', 'admission'].map((name) => [name]));
    this.keep(none);
  }

  /** watch tells when another tab has changed the record. */
  watch(changed, signal) {
    addEventListener('storage', (e) => {
      if (e.storageArea !== this.store || (e.key !== null && e.key !== this.key)) return;
      this.memory = this.#read() ?? {};
      changed();
    }, { signal });
  }

  /** alone runs something while no other tab of this person does; where the browser cannot tell, at once. */
  async alone(run, signal) {
    if (!navigator.locks) return run(); // not a secure page: the server gives one place a buyer all the same
    return navigator.locks.request(this.key, { signal }, () => {
      this.memory = this.#read() ?? this.memory;
      return run();
    });
  }
}
