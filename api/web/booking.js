// One buyer's way through one event: choose, hold, pay, ticket. Knows no element; panel.js shows what stands here.

import { Problem, getOwn, mutate, pause, serverNow, whoIsKnown } from './api.js';
import { identity, newKey } from './identity.js';
import { priceOf, problemText, seats, soon, spokenTime } from './words.js';

const notAdmitted = ['not_admitted', 'admission_expired', 'token_forged', 'token_outdated', 'wrong_event', 'wrong_buyer'];
const pollFirstMs = 700;
const pollMaxMs = 4000;

const storeOf = (event) => ({
  current: `holdfast.booking.${event}`, wish: `holdfast.wish.${event}`, bought: `holdfast.bought.${event}`,
});

/** underWay tells whether this tab holds something of an event, or has asked for it and not heard yet. */
export const underWay = (event) => [storeOf(event).current, storeOf(event).wish].some((name) => sessionStorage.getItem(name));

/** boughtHere answers the ids of the bookings of an event that were paid in this tab. */
export const boughtHere = (event) => JSON.parse(sessionStorage.getItem(storeOf(event).bought) ?? '[]');

/**
 * Booking is a small state machine. phase: choosing → held → paying → confirmed, or ended (released, expired, refunded).
 * busy is what we are waiting for, in words, or ''. Invariant: at most one wish of the buyer is under way (busy !== '').
 * The wish to hold, with its key, is kept in this tab before it is sent: a reload in the middle asks the same question again.
 */
export class Booking {
  constructor(event, model, hooks) {
    Object.assign(this, { event, model, hooks });
    this.phase = 'choosing';
    this.chosen = [];
    this.bought = [];
    this.current = null;
    this.busy = '';
    this.notice = null;
    this.stopper = new AbortController();
    this.store = storeOf(event.id);
  }

  stop() { this.stopper.abort(); }

  get seatsMax() { return this.event.max_seats_per_booking ?? 8; }
  get saleOpen() { return this.event.sale === 'open' && !(Date.parse(this.event.sale_ends_at) <= serverNow()); }
  get amount() { return this.chosen.reduce((sum, i) => sum + this.priceOf(i), 0); }
  get remainingMs() { return Date.parse(this.current?.expires_at) - serverNow(); }
  priceOf(seat) { return priceOf(this.event, this.model.categories[this.model.category[seat]]); }

  /** resume picks up what an earlier visit of this tab left: tickets, a booking, a wish without an answer. */
  async resume() {
    const ids = boughtHere(this.event.id);
    const current = sessionStorage.getItem(this.store.current);
    const wish = sessionStorage.getItem(this.store.wish);
    if (ids.length === 0 && !current && !wish) return;
    await whoIsKnown().catch(() => {}); // asked again by whatever needs it
    for (const id of ids) {
      const view = await this.#read(id).catch(() => null);
      if (view?.state === 'confirmed') this.bought.push(view);
    }
    if (current) {
      await this.#read(current).then((view) => this.#take(view), (err) => this.#lostTrack(err));
    } else if (wish && identity.known) {
      await this.#book(JSON.parse(wish));
    }
    this.hooks.changed();
  }

  #read(id) { return getOwn(`/v1/bookings/${encodeURIComponent(id)}`, { signal: this.stopper.signal, attempts: 6 }); }

  // 404: not this buyer's booking, or none. Anything else is a passing trouble: keep the id for the next reload.
  #lostTrack(err) {
    if (err.status === 404) sessionStorage.removeItem(this.store.current);
    else this.#fail(err);
  }

  /** toggle takes or drops a seat; answers words for a refusal, or null. */
  toggle(seat) {
    if (this.phase !== 'choosing' || this.busy) return 'Finish or release the seats you hold first.';
    const at = this.chosen.indexOf(seat);
    if (at >= 0) {
      this.chosen.splice(at, 1);
    } else {
      const refusal = this.#refuses(seat);
      if (refusal) return refusal;
      this.chosen.push(seat);
    }
    this.notice = null;
    this.#forget(this.store.wish);
    this.hooks.changed();
    return null;
  }

  #refuses(seat) {
    if (!this.model.isFree(seat)) return { h: 'Somebody holds this seat. It may come back.', s: 'This seat is sold.', b: 'This seat is not for sale.' }[this.model.letterText(seat)];
    if (this.chosen.length >= this.seatsMax) return `At most ${this.seatsMax} seats in one booking.`;
    return null;
  }

  /** otherSection tells whether a seat lies outside the section of those chosen: one booking is one section. */
  otherSection(seat) {
    return this.chosen.length > 0 && !this.chosen.includes(seat) && this.model.sectionOf[this.chosen[0]] !== this.model.sectionOf[seat];
  }

  clear() {
    this.chosen = [];
    this.notice = null;
    this.#forget(this.store.wish);
    this.hooks.changed();
  }

  /** seatsGone drops chosen seats that the live map shows as taken; answers them. */
  seatsGone(changed) {
    // With a wish of unknown outcome, the seats may well be gone to ourselves.
    if (this.phase !== 'choosing' || this.busy || this.chosen.length === 0 || sessionStorage.getItem(this.store.wish)) return [];
    const gone = changed.filter((i) => this.chosen.includes(i) && !this.model.isFree(i));
    if (gone.length === 0) return gone;
    this.#drop(gone);
    this.notice = { kind: 'warn', text: problemText(new Problem(409, { code: 'seat_taken', seats: gone })) };
    this.hooks.lost(gone);
    this.hooks.changed();
    return gone;
  }

  #drop(gone) { this.chosen = this.chosen.filter((i) => !gone.includes(i)); }

  hold() {
    if (this.chosen.length > 0) return this.#book({ key: newKey(), body: { seats: this.chosen.map((i) => this.model.ids[i]) } });
  }

  /** best asks for the best seats together; empty choices are left out. */
  best({ quantity, section, category, accessible }) {
    const wish = { quantity };
    if (section) wish.section = section;
    if (category) wish.category = category;
    if (accessible) wish.accessible = true;
    this.chosen = [];
    return this.#book({ key: newKey(), body: { best_available: wish } });
  }

  async #book(wish) {
    if (this.busy) return;
    wish.admission ??= this.hooks.admission(); // the one it is first sent with: a repeat is known again after its end (P5)
    sessionStorage.setItem(this.store.wish, JSON.stringify(wish));
    const extra = wish.admission ? { 'Queue-Admission': wish.admission } : {};
    const path = `/v1/events/${encodeURIComponent(this.event.id)}/bookings`;
    await this.#wish('Asking for your seats', async (options) => {
      const { body } = await mutate('POST', path, wish.body, { ...options, extra });
      this.#forget(this.store.wish);
      this.#take(body);
      this.hooks.held(this.#seatNumbers(body));
    }, (err) => this.#bookRefused(err, wish), wish.key);
  }

  #bookRefused(err, wish) {
    // Nobody is signed in: nothing was asked yet. The wish waits for the fan's return.
    if (err.status !== 401) this.#forget(this.store.wish);
    if (err.code === 'seat_taken') {
      const gone = err.seats.map((id) => this.model.indexOfID.get(id)).filter((i) => i !== undefined);
      this.#drop(gone);
      this.hooks.lost(gone);
    }
    if (err.code === 'sale_not_open') this.hooks.saleChanged();
    this.#fail(err);
    if (notAdmitted.includes(err.code)) this.hooks.notAdmitted(err);
    const { quantity = 0 } = wish.body.best_available ?? {};
    if (['not_together', 'split_only'].includes(err.code) && quantity > 1) this.#offerFewer(err, wish.body.best_available);
  }

  // What could be had instead: as many as one section has, one fewer where seats are only scattered, or the same in any section.
  #offerFewer(err, wanted) {
    const largest = err.body.largest_booking;
    const fewer = Number.isInteger(largest) && largest < wanted.quantity ? largest : wanted.quantity - 1;
    const find = (label, wish) => ({ label, run: () => this.best(wish) });
    this.notice.actions = fewer > 0 ? [find(`Find ${seats(fewer)}`, { ...wanted, quantity: fewer })] : [];
    if (wanted.section) this.notice.actions.push(find('Look in every section', { ...wanted, section: undefined }));
  }

  // One wish at a time; what it waits for is always in words. When all its attempts got no answer, its outcome is not known: the fan
  // may ask the very same again, with the same key (P5).
  async #wish(words, run, refused = (err) => this.#fail(err), key = newKey()) {
    if (this.busy) return;
    this.busy = words;
    this.notice = null;
    this.hooks.changed();
    const onWait = (attempt, problem, ms) => {
      this.busy = `${problemText(problem)} Trying again by itself (${attempt})${soon(ms)} …`;
      this.hooks.changed();
    };
    try {
      await run({ onWait, signal: this.stopper.signal, key });
    } catch (err) {
      if (this.stopper.signal.aborted) return;
      if (!(err instanceof Problem)) return this.#fault(err);
      if (err.transient) this.#notKnown(err, () => { this.notice = null; this.#wish(words, run, refused, key); });
      else refused(err);
    } finally {
      this.busy = '';
    }
    this.hooks.changed();
  }

  // A fault of this page: the fan must not be left waiting, and the fault must not be hidden.
  #fault(err) {
    this.busy = '';
    this.notice = { kind: 'bad', text: 'This page met a fault. Reload it: what you hold is not lost.', actions: [{ label: 'Reload', run: () => location.reload() }] };
    this.hooks.changed();
    throw err;
  }

  #notKnown(err, again) {
    const when = err.retryAfterMs > 0 ? ` Please ask again in ${spokenTime(err.retryAfterMs)}.` : ' We have asked many times and will ask the very same again.';
    this.notice = { kind: 'bad', text: problemText(err) + when, actions: [{ label: 'Ask again', run: again }] };
  }

  #fail(err) {
    this.notice = { kind: err.code === 'seat_taken' || err.status === 401 ? 'warn' : 'bad', text: problemText(err, this.event) };
    if (err.status !== 401) return;
    const signIn = () => dispatchEvent(new Event('holdfast:unauthorized'));
    this.notice.actions = [{ label: 'Sign in', run: signIn }];
    signIn();
  }

  #forget(name) { sessionStorage.removeItem(name); }

  #seatNumbers(view) { return view.seats.map((id) => this.model.indexOfID.get(id)).filter((i) => i !== undefined); }

  /** mine answers the seats of every booking of this buyer that lives in this tab. */
  get mine() {
    const live = ['held', 'paying'].includes(this.phase) ? [this.current] : [];
    return [...live, ...this.bought].flatMap((view) => this.#seatNumbers(view));
  }

  #take(view) {
    this.current = view;
    this.chosen = [];
    sessionStorage.setItem(this.store.current, view.id);
    this.phase = { held: 'held', paying: 'paying', confirmed: 'confirmed' }[view.state] ?? 'ended';
    if (this.phase === 'confirmed') this.#keep(view);
    if (this.phase === 'ended') this.#forget(this.store.current);
    if (this.phase === 'paying') this.#poll();
  }

  #keep(view) {
    if (!this.bought.some((b) => b.id === view.id)) this.bought.push(view);
    sessionStorage.setItem(this.store.bought, JSON.stringify(this.bought.map((b) => b.id)));
  }

  #path(rest = '') { return `/v1/bookings/${encodeURIComponent(this.current.id)}${rest}`; }

  extend() {
    return this.#wish('Asking for more time', async (options) => {
      this.#take((await mutate('POST', this.#path('/extend'), undefined, options)).body);
      this.notice = { kind: 'good', text: 'You have more time.' };
    }, (err) => (err.code === 'sale_not_open' ? this.#noMoreTime() : this.#endedOr(err)));
  }

  // A sale that is over gives nobody more time. What is held can be paid all the same: that is what the fan must hear.
  #noMoreTime() {
    this.notice = { kind: 'warn', text: 'The sale is closed, so nobody gets more time. What you hold can still be bought until the clock runs out.' };
    this.hooks.saleChanged();
  }

  release() {
    return this.#wish('Giving the seats back', async (options) => {
      this.#take((await mutate('DELETE', this.#path(), undefined, options)).body);
    }, (err) => this.#endedOr(err));
  }

  /** free tells whether the booking costs nothing: then it is confirmed without a way to pay. */
  get free() { return this.current?.total?.amount === 0; }

  /** buy pays with a sandbox token. The answer may be "not known yet": then we look again until it is. */
  buy(token) {
    const { free } = this;
    return this.#wish(free ? 'Getting your tickets' : 'Paying', async (options) => {
      this.#take((await mutate('POST', this.#path('/confirm'), free ? {} : { payment_token: token }, options)).body);
    }, (err) => (err.code === 'payment_in_progress' ? this.look() : this.#endedOr(err)));
  }

  // A refusal that says the booking is over: show the booking as it stands.
  #endedOr(err) {
    this.#fail(err);
    if (['hold_expired', 'hold_released', 'already_confirmed', 'already_refunded'].includes(err.code) || err.status === 404) this.look();
  }

  /** look reads the booking again and shows what it has become. */
  async look() {
    const view = await this.#read(this.current.id).catch(() => null);
    if (!view || this.stopper.signal.aborted) return;
    const { notice } = this;
    this.#take(view);
    this.notice = this.phase === 'ended' ? notice : null;
    this.hooks.changed();
  }

  async #poll() {
    if (this.polling) return;
    this.polling = true;
    try {
      for (let wait = pollFirstMs; this.phase === 'paying'; wait = Math.min(pollMaxMs, wait * 1.4)) {
        await pause(wait, this.stopper.signal);
        const view = await this.#read(this.current.id).catch(() => null);
        if (view && view.state !== 'paying') this.#settle(view);
      }
    } catch (err) {
      if (!this.stopper.signal.aborted) throw err;
    } finally {
      this.polling = false;
    }
  }

  #settle(view) {
    this.#take(view);
    if (view.state === 'held') this.notice = { kind: 'bad', text: problemText(new Problem(402, { code: 'payment_declined' })) };
    this.hooks.changed();
  }

  /** again starts a new choice after an end or a purchase. */
  again() {
    this.phase = 'choosing';
    this.current = null;
    this.notice = null;
    this.chosen = [];
    this.#forget(this.store.current);
    this.hooks.changed();
  }
}
