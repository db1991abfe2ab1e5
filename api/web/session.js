// The time inside: how much is left, said before it ends, and given to others by whoever is done. Only new holds need
// it; what is held can be extended, paid and given back after its end.

import { Problem, get, mutate, pause, serverNow } from './api.js';
import { alarm, h, say, setOff, toast, whenOn } from './dom.js';
import { Kept } from './queuekept.js';
import { longClock } from './queuewords.js';
import { onWake } from './wake.js';
import { problemText, spokenTime } from './words.js';

const spokenAtSeconds = [300, 120, 60, 30];
const lateMs = 60_000;
const holding = ['held', 'paying']; // phases of a booking

/** Session is one person's time inside of one event. over says that nothing new can be held. */
export class Session {
  constructor(event) {
    Object.assign(this, { event, kept: new Kept(event.id), base: `/v1/events/${encodeURIComponent(event.id)}/queue` });
    this.stopper = new AbortController();
    this.clock = h('strong', { class: 'session-clock', id: 'session-clock', role: 'timer' });
    this.words = h('span', { class: 'muted' });
    this.done = h('button', { type: 'button', class: 'quiet', id: 'session-leave', text: 'I am done', on: { click: whenOn(() => this.leave()) } });
    this.element = h('section', { class: 'session', 'aria-label': 'Time inside', id: 'session' }, h('div', {}, this.words, this.clock), this.done);
  }

  get until() { return Date.parse(this.kept.all.admission?.expires_at); }

  /** over: there is no admission, or its time has passed. */
  get over() { return !(this.until > serverNow()); }

  /** token goes with every new hold; undefined where there is none, or no more. */
  get token() { return this.kept.all.admission?.admission; }

  stop() {
    this.stopper.abort();
    this.hurry?.abort();
    clearTimeout(this.ticking);
  }

  /** start follows the time. hooks.changed() hears of its end. */
  start(hooks) {
    const { signal } = this.stopper;
    this.hooks = hooks;
    this.kept.watch(() => hooks.changed(), signal); // left in another tab
    onWake(() => this.look(), signal);
    if (!this.over) say(`You are inside for ${spokenTime(this.until - serverNow())}`);
    this.#follow().catch((err) => { if (!signal.aborted) throw err; });
  }

  // The gate may end a session before its time: when its buyer has bought, or has left on another device.
  async #follow() {
    const { signal } = this.stopper;
    for (let seconds = 15; !this.over; ) {
      this.hurry = new AbortController();
      await pause(seconds * 1000, this.hurry.signal).catch(() => {});
      if (signal.aborted) return;
      const { place } = this.kept.all;
      if (!place) continue;
      const answer = await get(this.base, { headers: { 'Queue-Place': place }, signal, attempts: 1 }).catch(() => null);
      if (signal.aborted) return;
      seconds = answer?.retry_after ?? 30;
      if (answer?.state === 'gone') this.#end(answer.gone);
    }
  }

  /** look asks the gate soon. */
  look() {
    if (this.looked && performance.now() - this.looked < 5000) return;
    this.looked = performance.now();
    this.hurry?.abort();
  }

  #end(gone) {
    this.kept.forget();
    this.kept.keep({ gone });
    this.hooks.changed();
  }

  /** refused hears that a hold was refused for want of an admission. */
  refused({ code }) {
    if (code === 'admission_expired' || code === 'not_admitted') this.#end('finished');
    else { this.kept.forget(); this.hooks.changed(); }
  }

  /** leave ends the session, so that somebody else is let in. */
  async leave() {
    setOff(this.done, true);
    try {
      await mutate('DELETE', this.base, undefined, { signal: this.stopper.signal });
      this.#end('left');
    } catch (err) {
      if (this.stopper.signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      if (err.code === 'session_ended') this.#end('finished');
      else toast(problemText(err), 'bad');
    } finally {
      setOff(this.done, false);
    }
  }

  /** update shows the time; phase is the booking's. */
  update(phase) {
    this.phase = phase;
    clearTimeout(this.ticking);
    const rest = this.until - serverNow(), second = Math.ceil(rest / 1000), { over } = this;
    const holds = holding.includes(phase);
    this.clock.hidden = over;
    this.done.hidden = over || holds;
    this.words.textContent = !over ? 'Time inside ' : holds ? 'Your time inside is over. What you hold can still be paid.' : 'Your time inside is over. What you bought stays yours.';
    if (over) {
      if (this.told !== 'over') say(this.words.textContent);
      this.told = 'over';
      return;
    }
    this.clock.textContent = longClock(rest);
    this.element.classList.toggle('late', rest < lateMs);
    const mark = spokenAtSeconds.findLast((at) => second <= at); // a page that slept is told the nearest one
    if (mark !== this.told) this.#warn(mark, rest, holds);
    this.ticking = setTimeout(() => (this.over ? this.#timeUp() : this.update(this.phase)), Math.max(30, rest - (second - 1) * 1000 + 5));
  }

  #warn(mark, rest, holds) {
    this.told = mark;
    if (mark === undefined) return;
    const words = `${spokenTime(rest)} left inside.${holds ? ' What you hold keeps its own clock.' : ''}`;
    (mark * 1000 <= lateMs ? alarm : say)(words);
  }

  // The answer brings the server's clock along: a device whose clock was set does not send anybody out.
  async #timeUp() {
    const { place } = this.kept.all, { signal } = this.stopper;
    const answer = place && await get(this.base, { headers: { 'Queue-Place': place }, signal }).catch(() => null);
    if (signal.aborted) return;
    if (answer?.state === 'gone') this.#end(answer.gone);
    else if (this.over && !holding.includes(this.phase)) this.#end('finished');
    else this.hooks.changed();
  }
}
