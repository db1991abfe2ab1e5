// One fan's way through a waiting room: look → join → wait → be called → go in; or leave, or come too late. Knows no
// element; queueview.js shows what stands here.
//
// The public frame (queueline.js) says where everybody stands; the server is asked for what only it knows, and not
// sooner than it said: whether the place was called, is inside, or is gone. A join and a turn are the same for as many
// tabs and tries as there are: the buyer is the key of both (P5, P8).

import { Problem, get, mutate, pause, retryDelayMs, serverNow } from './api.js';
import { identity } from './identity.js';
import { checkDraw } from './queuedraw.js';
import { Entry, joinAt } from './queueentry.js';
import { Kept } from './queuekept.js';
import { Line } from './queueline.js';
import { Later, standing } from './queueposition.js';
import { onWake } from './wake.js';
import { problemText, soon, spokenTime } from './words.js';

const withStreamMs = 60_000; // while the stream tells everything, a poll is for what only the gate knows

const endOf = { turn_lapsed: 'lapsed', session_ended: 'finished', place_left: 'left' };
const lostTokens = ['token_outdated', 'token_forged', 'wrong_buyer', 'wrong_event', 'place_unknown'];

/**
 * WaitingRoom is the state. Hooks: changed(); enter() once there is an admission, which kept holds. Invariant: at most
 * one join and one turn of this page are under way.
 */
export class WaitingRoom {
  constructor(event, hooks) {
    Object.assign(this, { event, hooks, base: `/v1/events/${encodeURIComponent(event.id)}/queue` });
    this.stopper = new AbortController();
    this.room = null; // the newest public frame
    this.answer = null; // the newest that was told of this place
    this.offer = {}; // phase, message, price_range and sold_out of the newest of both
    this.stand = null; // where it stands: see standing
    this.later = new Later(); // why the ETA grew
    this.entry = new Entry(this);
    this.busy = '';
    this.notice = null;
    this.proof = null; // {checks, document} of a draw that was checked
    this.captchaHost = null; // where the view wants a captcha shown
  }

  stop() {
    this.stopper.abort();
    this.line?.stop();
    clearTimeout(this.timer);
    this.entry.cancel();
  }

  get rules() { return this.event.waiting_room; }
  get lobby() { return Boolean(this.rules.closes_at); }
  get opensAt() { return Date.parse(this.rules.opens_at); }
  get closesAt() { return Date.parse(this.rules.closes_at); }
  /** phase is the room's, or null while nothing is known; offer is what is told besides: message, prices, what is sold out. */
  get phase() { return this.offer.phase ?? null; }
  get signal() { return this.stopper.signal; }

  /** state is outside, wished (the entry is handed in by itself later), waiting, called, going (in), or gone. */
  get state() {
    const { gone, wish, place, going } = this.kept?.all ?? {};
    if (gone) return 'gone';
    if (wish) return 'wished';
    if (!place) return 'outside';
    if (going) return 'going';
    return this.answer?.state === 'called' ? 'called' : 'waiting';
  }

  /** admitted says whether this device has an admission that may still be used. */
  get admitted() { return Date.parse(this.kept.all.admission?.expires_at) > serverNow(); }

  /** start begins to ask; how the server knows its buyers is known by now. */
  start() {
    this.kept = new Kept(this.event.id);
    if (this.admitted) return this.hooks.enter();
    this.kept.watch(() => this.#otherTab(), this.signal);
    onWake((clock) => this.#woke(clock), this.signal);
    this.line = new Line(this.event.id, { room: (room) => this.#takeRoom(room), state: () => this.#lineChanged() });
    this.line.run();
    this.#poll();
    if (this.kept.all.wish) this.entry.handIn();
    if (this.kept.all.going) this.#turn();
    this.hooks.changed();
  }

  // ── being told ──

  async #poll() {
    clearTimeout(this.timer);
    if (this.polling) return;
    this.polling = true;
    const { place, party } = this.kept.all;
    try {
      const path = place && party > 1 ? `${this.base}?party=${party}` : this.base;
      const headers = place ? { 'Queue-Place': place } : undefined;
      const answer = await get(path, { headers, signal: this.signal, attempts: 1 });
      this.failures = 0;
      if (place !== this.kept.all.place) return this.#pollIn(0); // joined or left meanwhile
      if (place) this.#take(answer);
      else this.#takeRoom(answer);
      const unseen = place && answer.phase === 'closed' && !this.line.live && !this.kept.all.witness;
      if (unseen) this.#takeRoom(await get(this.base, { signal: this.signal })); // who waits is a witness, stream or not
      if (!this.signal.aborted) this.#pollIn(answer.retry_after * 1000);
    } catch (err) {
      if (this.signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      this.#pollRefused(err);
    } finally {
      this.polling = false;
    }
  }

  #pollRefused(err) {
    if (lostTokens.includes(err.code)) return this.#lostPlace(err);
    this.failures = (this.failures ?? 0) + 1;
    const crowdMs = Math.min(withStreamMs, (this.offer.retry_after ?? 0) * 1000) * (0.5 + Math.random() / 2); // all failed at once
    const ownMs = 2 * retryDelayMs(Math.min(this.failures, 6), null, Math.random());
    this.#pollIn(Math.max(err.retryAfterMs ?? 0, crowdMs, ownMs));
    this.hooks.changed();
  }

  // Due by two clocks: a telephone that slept knows by one of them.
  #pollIn(ms) {
    const wait = this.line?.live && !this.#near ? Math.max(ms, withStreamMs * (1 + Math.random() / 4)) : ms;
    this.due = { wait, at: Date.now(), ticks: performance.now() };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#poll(), wait);
  }

  // Near its turn a place is asked for as soon as the server allows: only the gate knows who is called.
  get #near() {
    return this.stand?.called || ['called', 'going'].includes(this.state);
  }

  #woke(clock) {
    this.entry.look();
    const { wait, at, ticks } = this.due ?? {};
    const passed = Math.max(Date.now() - at, performance.now() - ticks);
    if (clock || passed >= wait) this.#poll();
    this.hooks.changed();
  }

  #lineChanged() {
    if (!this.line.live) this.#pollIn(this.answer?.retry_after * 1000 || 2000);
    this.hooks.changed();
  }

  #takeRoom(room) {
    if (room.seq < this.room?.seq) return; // of a node that is behind, or of a poll that was overtaken
    this.room = this.offer = room;
    const { place, number, witness } = this.kept.all;
    const { root, seed, entrants } = room;
    if (root && !seed && !witness) this.kept.keep({ witness: { root, entrants } }); // the first that was told, whatever comes
    if (place) {
      const before = this.stand?.called;
      this.#stands(standing(room, number, this.lobby));
      if (this.stand.called && !before && this.state === 'waiting') this.#pollSoon();
    }
    this.hooks.changed();
  }

  // Who is called is told by the gate. A thousand may be called at once: they do not ask in the same moment.
  #pollSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#poll(), 1000 * Math.random());
  }

  #take(answer) {
    this.answer = answer;
    if (answer.number !== this.kept.all.number) this.kept.keep({ number: answer.number });
    const live = this.line?.live && this.room;
    if (!live) this.offer = answer;
    this.#stands(live ? standing(this.room, answer.number, this.lobby) : told(answer));
    if (answer.state === 'gone') return this.#end(answer.gone);
    if (answer.state === 'inside') this.go(); // on another device, or before the admission was kept: it is told again
    this.hooks.changed();
  }

  #stands(stand) {
    if (this.stand?.position > 0 && stand.position > 0) stand.ahead = Math.min(stand.ahead, this.stand.ahead); // an older frame
    this.stand = stand;
    this.later.take(stand, performance.now());
  }

  #otherTab() {
    if (this.admitted) return this.hooks.enter();
    if (!this.kept.all.place) Object.assign(this, { answer: null, stand: null, later: new Later() });
    this.#poll();
    this.hooks.changed();
  }

  // ── joining ──

  /** join asks for a place: now, or when the room opens. In a lobby nobody is first, so entries are spread over it. */
  join({ party, code }) {
    this.notice = null;
    if (!identity.known) return this.#refused(new Problem(401));
    const at = joinAt(serverNow(), this.opensAt, this.closesAt, this.room?.retry_after ?? 0);
    this.kept.keep({ gone: undefined, wish: { party, code: code || undefined, at } });
    this.entry.handIn();
  }

  /** unwish takes back an entry that is not handed in yet. */
  unwish() {
    this.entry.cancel();
    this.kept.keep({ wish: undefined });
    this.hooks.changed();
  }

  /** joined takes the answer to an entry; null: another tab has joined meanwhile. */
  joined(answer) {
    if (answer) this.#take(answer);
    this.#poll();
    this.hooks.changed();
  }

  /** joinRefused tells why an entry was refused; one that may still be taken is handed in again by itself. */
  joinRefused(err) {
    const again = ['not_open_yet', 'code_not_yet'].includes(err.code) || err.transient;
    if (!again) this.kept.keep({ wish: undefined });
    this.#refused(err);
    if (!again) return;
    const ms = (err.retryAfterMs ?? 5000) * (1 + Math.random() / 4);
    this.notice.text += ` Trying again by itself${soon(ms)}.`;
    this.kept.keep({ wish: { ...this.kept.all.wish, at: serverNow() + ms } });
  }

  // ── the turn ──

  /** go takes the turn. Whoever comes while no slot is free is kept in order, and the page asks on by itself. */
  go() {
    this.kept.keep({ going: true });
    this.#turn();
  }

  async #turn() {
    if (this.turning) return;
    this.turning = true;
    this.hooks.changed();
    try {
      while (this.kept.all.going) {
        const waitMs = await this.#takeTurn();
        if (waitMs > 0) await pause(waitMs, this.signal);
      }
    } catch (err) {
      if (this.signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      this.kept.keep({ going: undefined });
      if (endOf[err.code]) this.#end(endOf[err.code]);
      else if (lostTokens.includes(err.code)) this.#lostPlace(err);
      else this.#refused(err);
    } finally {
      this.turning = false;
    }
  }

  // Answers after how long to ask again; 0: it is done.
  async #takeTurn() {
    const { place } = this.kept.all;
    try {
      const { body } = await mutate('POST', `${this.base}/admission`, undefined, { signal: this.signal, extra: { 'Queue-Place': place } });
      this.kept.keep({ admission: body, going: undefined });
      this.notice = null;
      this.hooks.enter();
      return 0;
    } catch (err) {
      if (!['not_your_turn', 'queue_paused'].includes(err.code) && !err.transient) throw err;
      this.notice = { kind: 'info', text: problemText(err) };
      this.hooks.changed();
      return (err.retryAfterMs ?? 3000) * (1 + Math.random() / 4);
    }
  }

  // ── ends ──

  #end(gone) {
    Object.assign(this, { answer: null, stand: null, later: new Later(), notice: null });
    this.kept.forget();
    this.kept.keep({ gone });
    this.#pollIn(withStreamMs);
    this.hooks.changed();
  }

  // A place that no longer opens: what is only old is signed anew by a second join, with the same number.
  #lostPlace(err) {
    const { party = 1 } = this.kept.all;
    Object.assign(this, { answer: null, stand: null, later: new Later(), room: null });
    this.kept.forget();
    if (err.code === 'token_outdated') return this.join({ party });
    this.#refused(err);
    this.#pollIn(withStreamMs);
  }

  /** askLeave asks once more: a place that was given up is gone. */
  askLeave() {
    const stay = () => { this.notice = null; this.hooks.changed(); };
    this.notice = { kind: 'warn', text: 'Leave the waiting room? Your place will be gone. Should you come back, you stand behind everybody who waits then.',
      actions: [{ label: 'Leave', run: () => this.leave() }, { label: 'Stay', run: stay }] };
    this.hooks.changed();
  }

  async leave() {
    this.does('Giving your place up');
    try {
      await mutate('DELETE', this.base, undefined, { signal: this.signal });
      this.busy = '';
      this.#end('left');
    } catch (err) {
      if (this.signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      if (err.code === 'place_unknown' || endOf[err.code]) this.#end(endOf[err.code] ?? 'left');
      else this.#refused(err);
    } finally {
      this.busy = '';
      this.hooks.changed();
    }
  }

  // ── the draw ──

  /** check reads the draw's document with this place's part of the proof, and recomputes it. */
  async check() {
    const { place, number, entered, witness } = this.kept.all;
    this.proof = { busy: true };
    this.hooks.changed();
    try {
      const headers = place ? { 'Queue-Place': place } : undefined;
      const document = await get(`${this.base}/draw`, { headers, signal: this.signal, attempts: 4 });
      const own = { event: this.event.id, number, party: entered, witness, seed: this.room?.seed };
      this.proof = { document, checks: checkDraw(document, own) };
    } catch (err) {
      if (this.signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      this.proof = { words: problemText(err) };
    }
    this.hooks.changed();
  }

  // ── telling ──

  /** does says what the page is about, in words, or ''. */
  does(words) {
    this.busy = words;
    this.hooks.changed();
  }

  #refused(err) {
    const later = err.retryAfterMs > 0 && !err.transient ? ` Please ask again in ${spokenTime(err.retryAfterMs)}.` : '';
    this.notice = { kind: err.status === 401 ? 'warn' : 'bad', text: problemText(err, this.event) + later, code: err.code };
    if (err.status === 401) {
      const signIn = () => dispatchEvent(new Event('holdfast:unauthorized'));
      this.notice.text = 'To join the waiting room, please sign in.';
      this.notice.actions = [{ label: 'Sign in', run: signIn }];
      signIn();
    }
    this.hooks.changed();
  }

  /** fault is one of this page, or a browser without workers: the fan must not be left waiting, and it is not hidden. */
  fault(err) {
    this.kept.keep({ wish: undefined });
    this.notice = { kind: 'bad', text: 'This page met a fault. Reload it, and join again: whoever has a place gets the same one.',
      actions: [{ label: 'Reload', run: () => location.reload() }] };
    this.hooks.changed();
    throw err;
  }
}

// An answer about a place says what standing computes from a frame.
function told({ position, ahead, eta_seconds: eta = null, eta_basis: basis }) {
  const pace = eta > 0 ? position * 1000 / eta : 0;
  return { called: position === 0 && basis === 'pace', position, ahead, eta, basis, pace };
}
