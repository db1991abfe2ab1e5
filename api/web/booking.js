// One buyer's way through one event: choose, hold, pay, ticket. Knows no element; panel.js shows what stands here.

import { Problem, getOwn, mutate, readOwn, serverNow, whoIsKnown } from './api.js';
import { Contact } from './contact.js';
import { identity, newKey } from './identity.js';
import { boughtHere, kept, storeOf } from './kept.js';
import { MeansRefusal } from './means.js';
import { PaymentWatch, nextOf } from './paymentwatch.js';
import { seatPrice, sumOf, typesOf } from './price.js';
import { paidNothingText, problemText, seats, soon, spokenTime } from './words.js';

const notAdmitted = ['not_admitted', 'admission_expired', 'token_forged', 'token_outdated', 'wrong_event', 'wrong_buyer'];
const notDone = ['rate_limited', 'overloaded', 'not_ready']; // transient refusals that say that nothing was done
const lastTimeMs = 1500; // an extension that falls short of the whole time by more than this was the last one
const phases = { held: 'held', paying: 'paying', confirming: 'paying', confirmed: 'confirmed', exchanged: 'confirmed' };

/**
 * Booking is a small state machine. phase: choosing → held → paying → confirmed, or ended (released, expired, refunded).
 * busy is what we are waiting for, in words, or ''. Invariant: at most one wish of the buyer is under way (busy !== '').
 * The wishes to hold and to pay are kept in this tab, with their keys, before they are sent: a reload in the middle asks the
 * same question again. unsure says that a payment was asked for and nobody knows yet whether the server heard of it.
 */
export class Booking {
  constructor(event, model, hooks) {
    Object.assign(this, { event, model, hooks });
    this.phase = 'choosing';
    this.chosen = [];
    this.types = new Map(); // chosen seat → type of ticket, where it is not the default one
    this.bought = [];
    this.current = null;
    this.busy = '';
    this.notice = null;
    this.unsure = false;
    this.offline = false; // the server does not answer while a payment is under way
    this.next = null; // what the bank wants of the buyer, while paying
    this.lapsed = []; // seats of a hold that ran out, by id: a wish for one press
    this.later = []; // seats that were chosen and did not fit into this booking
    this.exchange = null; // while other seats are chosen in the place of some: {booking, gives}
    this.ceiling = ''; // the end of a hold that gets no later one
    this.stopper = new AbortController();
    this.contact = new Contact(this);
    this.store = storeOf(event.id);
    this.watch = new PaymentWatch(() => readOwn(this.#path(), { signal: this.stopper.signal, attempts: 1 }),
      { heard: (view) => this.#heard(view), missed: (err) => this.#missed(err) }, this.stopper.signal);
  }

  stop() { this.stopper.abort(); }

  get seatsMax() { return this.exchange?.gives.length ?? this.event.max_seats_per_booking ?? 8; }
  get saleOpen() { return this.event.sale === 'open' && !(Date.parse(this.event.sale_ends_at) <= serverNow()); }
  get amount() { return this.chosen.reduce((sum, i) => sum + this.priceOf(i), 0); }
  get difference() { return this.amount - this.#numbers(this.exchange.gives).reduce((sum, i) => sum + this.priceOf(i), 0); }
  get price() { return sumOf(this.event, this.chosen.map((i) => [this.#categoryOf(i), this.types.get(i)])); }
  get remainingMs() { return Date.parse(this.current?.expires_at) - serverNow(); }
  #categoryOf(seat) { return this.model.categories[this.model.category[seat]]; }

  /** told answers what the server has said of a held seat: its type of ticket, and what it costs. */
  told(seat) { return this.current?.seat_types?.find((t) => t.seat === this.model.ids[seat]); }
  priceOf(seat) { return this.told(seat)?.amount ?? seatPrice(this.event, this.#categoryOf(seat), this.types.get(seat)).total; }
  typesOf(seat) { return typesOf(this.event, this.#categoryOf(seat)); }
  typeOf(seat) { return this.told(seat)?.type ?? this.types.get(seat) ?? this.typesOf(seat)[0]?.type; }

  /** setType has a chosen seat be of a type of ticket. */
  setType(seat, type) {
    if (type === this.typesOf(seat)[0]?.type) this.types.delete(seat);
    else this.types.set(seat, type);
    this.#forget(this.store.wish);
    this.hooks.changed();
  }

  // What is asked for: a seat's id, or with the type that it is to be of.
  #asked(i) { return this.types.has(i) ? { id: this.model.ids[i], type: this.types.get(i) } : this.model.ids[i]; }

  /** resume picks up what an earlier visit of this tab left: tickets, a booking, a wish without an answer. */
  async resume() {
    const ids = boughtHere(this.event.id);
    const current = sessionStorage.getItem(this.store.current);
    const wish = kept(this.store.wish);
    if (ids.length === 0 && !current && !wish) return;
    await whoIsKnown().catch(() => {}); // asked again by whatever needs it
    for (const id of ids.filter((id) => !this.bought.some((b) => b.id === id))) {
      const view = await this.#read(id).catch(() => null);
      if (view && (phases[view.state] === 'confirmed' || view.state === 'refunded')) this.bought.push(view);
    }
    if (current) await this.#pickUp(current);
    else if (wish && identity.known) await this.#book(wish);
    this.hooks.changed();
  }

  // A payment that was asked for and is not known here is asked for once more, with its key: that tells what became of it.
  async #pickUp(id) {
    try {
      this.#take(await this.#read(id));
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      return this.#lostTrack(err);
    }
    const pay = kept(this.store.pay);
    if (pay?.booking !== id || this.phase !== 'held') return this.#forget(this.store.pay);
    this.unsure = true;
    await this.#pay(pay);
  }

  #read(id) { return getOwn(`/v1/bookings/${encodeURIComponent(id)}`, { signal: this.stopper.signal, attempts: 6 }); }

  // 404: not this buyer's booking, or none. Anything else is a passing trouble: keep the id, and look again.
  #lostTrack(err) {
    if (err.status === 404) return this.#forget(this.store.current);
    this.#fail(err);
    if (err.status !== 401) this.notice = { ...this.notice, text: `${this.notice.text} What you hold is not lost.`, actions: [{ label: 'Look again', run: () => { this.notice = null; this.resume(); } }] };
  }

  /** toggle takes or drops a seat; answers words for a refusal, or null. */
  toggle(seat) {
    if (this.phase !== 'choosing' || this.busy) return 'Finish or release the seats you hold first.';
    const at = this.chosen.indexOf(seat);
    if (at >= 0) {
      this.chosen.splice(at, 1);
      this.types.delete(seat);
    } else {
      const refusal = this.#refuses(seat);
      if (refusal) return refusal;
      this.chosen.push(seat);
    }
    this.notice = null;
    this.contact.asking = null;
    this.#forget(this.store.wish);
    this.hooks.changed();
    return null;
  }

  #refuses(seat) {
    if (!this.model.isFree(seat)) return { h: 'Somebody holds this seat. It may come back.', s: 'This seat is sold.', b: 'This seat is not for sale.' }[this.model.letterText(seat)];
    if (this.chosen.length >= this.seatsMax) return `At most ${this.seatsMax} seats in one booking.`;
    return null;
  }

  /** inSections answers seats by section, in the plan's order: [[section, seats], …]. */
  inSections(seats) {
    const groups = new Map();
    for (const i of [...seats].sort((a, b) => a - b)) {
      const section = this.model.sections[this.model.sectionOf[i]];
      groups.set(section, [...(groups.get(section) ?? []), i]);
    }
    return [...groups];
  }

  clear() {
    this.chosen = [];
    this.types.clear();
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
    const body = { seats: this.chosen.map((i) => this.#asked(i)) };
    if (this.exchange) return this.#book({ key: newKey(), of: this.exchange.booking, body: { gives: this.exchange.gives, ...body } });
    if (this.chosen.length > 0) return this.#book({ key: newKey(), body });
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
    if (this.busy || await this.contact.comesFirst(wish) || this.stopper.signal.aborted) return;
    wish.sent ||= identity.known; // a repeat is not kept waiting by anything
    wish.admission ??= this.hooks.admission(); // the one it is first sent with: a repeat is known again after its end (P5)
    sessionStorage.setItem(this.store.wish, JSON.stringify(wish));
    const extra = wish.admission ? { 'Queue-Admission': wish.admission } : {};
    const path = wish.of ? `/v1/bookings/${encodeURIComponent(wish.of)}/exchanges` : `/v1/events/${encodeURIComponent(this.event.id)}/bookings`;
    await this.#wish('Asking for your seats', async (options) => {
      const { body } = await mutate('POST', path, wish.body, { ...options, extra });
      this.#forget(this.store.wish);
      this.#take(body);
      this.hooks.held(this.#seatNumbers(body));
    }, (err) => this.#bookRefused(err, wish), wish.key);
  }

  /** book asks for what a wish names; does is any other wish of the fan, told as busy; failed tells of a refusal. */
  book(wish) { return this.#book(wish); }
  does(words, run, refused) { return this.#wish(words, run, refused); }
  failed(err) { this.#fail(err); }

  #bookRefused(err, wish) {
    // Nobody is signed in: nothing was asked yet. The wish waits for the fan's return.
    if (err.status !== 401) this.#forget(this.store.wish);
    if (err.code === 'seat_taken') {
      const gone = this.#numbers(err.seats);
      this.lapsed = this.lapsed.filter((id) => !err.seats.includes(id));
      this.#drop(gone);
      this.hooks.lost(gone);
    }
    if (err.code === 'sale_not_open' || err.code === 'event_cancelled') this.hooks.saleChanged();
    this.#fail(err);
    if (err.code === 'challenge_cool_down') this.#coolsDown(err);
    if (err.code === 'too_many_sections') this.#offerSections(wish.body.seats);
    if (notAdmitted.includes(err.code)) this.hooks.notAdmitted(err);
    const { quantity = 0 } = wish.body.best_available ?? {};
    if (['not_together', 'split_only'].includes(err.code) && quantity > 1) this.#offerFewer(err, wish.body.best_available);
  }

  // Seats that this buyer's bank was asked about for nothing: when they may be had again, and the rest stays chosen.
  #coolsDown(err) {
    const gone = this.#numbers(err.seats);
    this.lapsed = this.lapsed.filter((id) => !err.seats.includes(id));
    this.#drop(gone);
    if (err.retryAfterMs > 0) this.notice.text += ` You can ask for these again in ${spokenTime(err.retryAfterMs)}.`;
  }

  // What could be had instead: as many as one section has, one fewer where seats are only scattered, or the same in any section.
  #offerFewer(err, wanted) {
    const largest = err.body.largest_booking;
    const fewer = Number.isInteger(largest) && largest < wanted.quantity ? largest : wanted.quantity - 1;
    const find = (label, wish) => ({ label, run: () => this.best(wish) });
    this.notice.actions = fewer > 0 ? [find(`Find ${seats(fewer)}`, { ...wanted, quantity: fewer })] : [];
    if (wanted.section) this.notice.actions.push(find('Look in every section', { ...wanted, section: undefined }));
  }

  // Too many sections for one booking: each of them is one press, and the other seats stay wished for.
  #offerSections(ids) {
    const all = this.#numbers(ids.map((seat) => seat.id ?? seat));
    this.notice.actions = this.inSections(all).map(([section, part]) => ({
      label: `Hold the ${seats(part.length)} in ${section.name}`,
      run: () => { this.chosen = part; this.later = all.filter((i) => !part.includes(i)); this.hold(); },
    }));
  }

  /** stillFree answers the seats of a hold that ran out which are free again. */
  get stillFree() { return this.lapsed.filter((id) => this.model.isFree(this.model.indexOfID.get(id))); }

  /** holdAgain asks for the seats of a hold that ran out, as many as are free. */
  holdAgain() {
    if (this.stillFree.length > 0) return this.#book({ key: newKey(), body: { seats: this.stillFree } });
  }

  // One wish at a time; what it waits for is always in words. When all its attempts got no answer, its outcome is not known: the fan
  // may ask the very same again, with the same key (P5).
  async #wish(words, run, refused = (err) => this.#fail(err), key = newKey(), waits = () => {}) {
    if (this.busy) return;
    this.busy = words;
    this.notice = null;
    this.hooks.changed();
    const onWait = (attempt, problem, ms) => {
      waits(problem);
      this.busy = `${problemText(problem)} Trying again by itself (${attempt})${soon(ms)} …`;
      this.hooks.changed();
    };
    try {
      await run({ onWait, signal: this.stopper.signal, key });
    } catch (err) {
      if (this.stopper.signal.aborted) return;
      if (!(err instanceof Problem)) return this.#fault(err);
      if (err.transient) this.#notKnown(err, () => { this.notice = null; this.#wish(words, run, refused, key, waits); });
      else refused(err);
    } finally {
      this.busy = '';
    }
    if (this.contact.given) return this.contact.goOn();
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
    this.askAgain = again;
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

  #numbers(ids) { return ids.map((id) => this.model.indexOfID.get(id)).filter((i) => i !== undefined); }

  #seatNumbers(view) { return this.#numbers(view.seats); }

  /** mine answers the seats of every booking of this buyer that lives in this tab. */
  get mine() {
    const live = ['held', 'paying'].includes(this.phase) ? [this.current] : [];
    return [...live, ...this.bought.filter(({ state }) => state !== 'refunded')].flatMap((view) => this.#seatNumbers(view));
  }

  #take(view, afterMs = null) {
    this.current = view;
    this.chosen = [];
    sessionStorage.setItem(this.store.current, view.id);
    this.phase = phases[view.state] ?? 'ended';
    this.next = this.phase === 'paying' ? nextOf(view) : null;
    this.offline = false;
    if (this.phase !== 'held') this.unsure = false;
    this.lapsed = view.state === 'expired' ? view.seats : [];
    if (view.exchange) this.exchange = null;
    if (view.state === 'exchanged') this.#exchanged(view);
    else if (this.phase === 'confirmed') this.#keep(view);
    if (this.phase === 'ended') this.#forget(this.store.current);
    if (this.phase === 'paying') this.watch.start(afterMs);
  }

  // The booking whose seats were exchanged is what the fan has.
  async #exchanged({ exchange }) {
    this.#forget(this.store.current);
    const view = await this.#read(exchange.booking).catch(() => null);
    if (!view || this.stopper.signal.aborted) return;
    this.bought = this.bought.map((was) => (was.id === view.id ? view : was));
    if (this.phase === 'confirmed') this.#take(view);
    this.hooks.changed();
  }

  /** exchangeSeats has the fan choose seats in the place of some of a bought booking's; keepSeats ends that. */
  exchangeSeats(view, gives) {
    this.again();
    this.exchange = { booking: view.id, gives };
    this.chosen = [];
    this.hooks.changed();
  }

  keepSeats() { this.again(); }

  #keep(view) {
    if (!this.bought.some((b) => b.id === view.id)) this.bought.push(view);
    sessionStorage.setItem(this.store.bought, JSON.stringify(this.bought.map((b) => b.id)));
  }

  #path(rest = '') { return `/v1/bookings/${encodeURIComponent(this.current.id)}${rest}`; }

  /** lastTime tells whether this hold cannot be extended any more. */
  get lastTime() { return this.ceiling !== '' && this.ceiling === this.current?.expires_at; }

  extend() {
    return this.#wish('Asking for more time', async (options) => {
      this.#take((await mutate('POST', this.#path('/extend'), undefined, options)).body);
      const short = this.remainingMs < (this.event.hold_ttl_seconds ?? 600) * 1000 - lastTimeMs;
      if (short && this.phase === 'held') this.ceiling = this.current.expires_at;
      this.notice = { kind: 'good', text: short ? 'You have more time, for the last time: these seats cannot be kept any longer.' : 'You have more time.' };
    }, (err) => this.#notExtended(err));
  }

  #notExtended(err) {
    if (err.code === 'sale_not_open') return this.#noMoreTime();
    if (err.code === 'event_cancelled') this.hooks.saleChanged();
    if (err.code === 'extension_limit') this.ceiling = this.current.expires_at;
    this.#endedOr(err);
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

  /**
   * buy pays. getToken answers the processor's token for the fan's means of payment, at once or later; what it refuses it
   * throws as MeansRefusal. The server's answer may be "not known yet": then the booking is watched until it is.
   */
  async buy(getToken) {
    if (this.busy || this.phase !== 'held') return;
    const { free, current } = this;
    const token = free ? '' : await this.#tokenFrom(getToken);
    if (token === null || this.phase !== 'held' || this.current.id !== current.id) return; // it ran out meanwhile
    return this.#pay({ booking: current.id, key: newKey(), body: free ? {} : { payment_token: token } });
  }

  async #tokenFrom(getToken) {
    try {
      const token = getToken();
      if (typeof token === 'string') return token;
      this.busy = 'The payment processor reads your card. Nothing is paid yet';
      this.notice = null;
      this.hooks.changed();
      return await token;
    } catch (err) {
      if (!(err instanceof MeansRefusal)) return this.#fault(err);
      this.notice = { kind: 'bad', text: err.message };
      return null;
    } finally {
      this.busy = '';
      this.hooks.changed();
    }
  }

  #pay(wish) {
    sessionStorage.setItem(this.store.pay, JSON.stringify(wish));
    const known = () => { this.unsure = false; this.#forget(this.store.pay); };
    return this.#wish(this.free ? 'Getting your tickets' : 'Paying', async (options) => {
      const { body, retryAfterMs } = await mutate('POST', this.#path('/confirm'), wish.body, options);
      known();
      this.#take(body, retryAfterMs);
    }, (err) => {
      if (err.status !== 401 || !this.unsure) known();
      this.#payRefused(err);
    }, wish.key, (problem) => { this.unsure ||= !notDone.includes(problem.code); });
  }

  #payRefused(err) {
    if (['payment_in_progress', 'idempotency_mismatch'].includes(err.code)) this.look();
    else this.#endedOr(err);
  }

  // A refusal that says the booking is over: show the booking as it stands.
  #endedOr(err) {
    this.#fail(err);
    if (['hold_expired', 'hold_released', 'already_confirmed', 'already_refunded'].includes(err.code) || err.status === 404) this.look();
  }

  /** look reads the booking again and shows what it has become: another tab, or the clock, may have changed it. */
  async look() {
    const was = this.phase, { id } = this.current;
    const view = await this.#read(id).catch(() => null);
    if (!view || this.stopper.signal.aborted || this.current?.id !== id || this.phase !== was) return;
    this.#take(view);
    if (this.phase !== was && this.phase !== 'ended') this.notice = null;
    this.hooks.changed();
  }

  /** wake hears that the page may have missed something. */
  wake() {
    if (this.phase === 'paying') this.watch.hurry();
    else if (this.busy) return;
    else if (this.unsure) this.askAgain?.();
    else if (this.phase === 'held') this.look();
    else this.lookAtBought();
  }

  /** lookAtBought reads again what was bought: money may have gone back meanwhile. */
  async lookAtBought() {
    const before = JSON.stringify(this.bought);
    const now = await Promise.all(this.bought.map((was) => readOwn(`/v1/bookings/${encodeURIComponent(was.id)}`, { signal: this.stopper.signal, attempts: 1 }).then(({ body }) => body, () => was)));
    if (this.stopper.signal.aborted || JSON.stringify(this.bought) !== before) return;
    this.bought = now;
    const current = now.find(({ id }) => id === this.current?.id);
    if (current && this.phase === 'confirmed') Object.assign(this, { current, phase: phases[current.state] ?? 'ended' });
    if (JSON.stringify(now) !== before) this.hooks.changed();
  }

  /** returned takes what a bought booking has become since it was given back, and what there is to say of that. */
  returned(view, text) {
    this.bought = this.bought.map((was) => (was.id === view.id ? view : was));
    if (this.current?.id === view.id) this.#take(view);
    this.notice = { kind: 'good', text };
  }

  // What was heard of a payment that is under way; false ends the asking.
  #heard(view) {
    const { next, offline } = this;
    const before = this.current.state;
    this.#take(view);
    const changed = offline || before !== view.state || next?.url !== this.next?.url;
    if (this.phase === 'held' || view.state === 'expired') this.notice = { kind: 'bad', text: paidNothingText(view.state, Boolean(next)) };
    if (changed) this.hooks.changed();
    return this.phase === 'paying';
  }

  #missed(err) {
    const was = this.offline;
    this.offline = true;
    if (err.status === 404) this.again(); // not this buyer's any more
    if (err.status === 404 || (err.status === 401 && !was)) this.#fail(err);
    if (!was || err.status === 404) this.hooks.changed();
    return err.status !== 404;
  }

  /** again starts a new choice after an end or a purchase. */
  again() {
    this.phase = 'choosing';
    this.exchange = null;
    this.current = null;
    this.notice = null;
    this.lapsed = [];
    this.chosen = this.later.filter((i) => this.model.isFree(i));
    this.later = [];
    this.#forget(this.store.current);
    this.hooks.changed();
  }
}
