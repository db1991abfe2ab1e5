// The time that is left of a hold: a clock, a warning before the end, and one key that asks for more.

import { h, say, setOff, whenOn } from './dom.js';
import { clockText, spokenTime } from './words.js';

const spokenAtSeconds = [300, 120, 60, 20];
const lateMs = 60_000;
const lastMs = 20_000;
const lateShare = 0.25; // of a hold that lasts only minutes: a clock that is red from the first second warns of nothing
const lastShare = 0.1;
const extendKey = 'e';
const keyOff = 'holdfast.extend-key'; // 'off' on this device; absent: on

/** HoldClock shows the rest of a booking's hold while it is refreshed; close() ends it. */
export class HoldClock {
  constructor(booking) {
    this.booking = booking;
    this.clock = h('strong', { class: 'clock', id: 'countdown', role: 'timer' });
    this.bar = h('progress', { max: '1', 'aria-hidden': 'true' });
    this.key = h('kbd', { text: extendKey.toUpperCase(), 'aria-hidden': 'true' });
    this.extend = h('button', { type: 'button', id: 'extend', on: { click: whenOn(() => booking.extend()) } }, h('span', { text: 'More time' }), this.key);
    this.warning = h('p', { class: 'notice warn', id: 'hold-ends', hidden: true });
    this.toggle = h('input', { type: 'checkbox', id: 'extend-key', on: { change: () => this.#setKey() } });
    this.choice = h('label', { class: 'check small' }, this.toggle, `The key ${extendKey.toUpperCase()} asks for more time`);
    this.elements = [h('div', { class: 'hold-clock' }, h('div', {}, h('span', { class: 'muted', text: 'Held for you for' }), this.clock), this.extend), this.bar, this.warning];
    this.pressed = (e) => this.#press(e);
    addEventListener('keydown', this.pressed);
  }

  /** stop lets the clock stand until the next refresh: it is not shown. */
  stop() { clearTimeout(this.ticking); }

  close() {
    this.stop();
    removeEventListener('keydown', this.pressed);
  }

  get #keyOn() { return localStorage.getItem(keyOff) !== 'off'; }

  #setKey() {
    if (this.toggle.checked) localStorage.removeItem(keyOff);
    else localStorage.setItem(keyOff, 'off');
    this.refresh();
  }

  // Never while something else takes letters: a field, a list, a dialog, a command of the browser's or of a reader's.
  #press(e) {
    if (e.key.toLowerCase() !== extendKey || e.repeat || e.defaultPrevented || e.altKey || e.ctrlKey || e.metaKey) return;
    if (!this.#keyOn || !this.#runs || e.target.closest?.('input:not([type="checkbox"]), select, textarea, [contenteditable]') || document.querySelector('dialog[open]')) return;
    e.preventDefault();
    this.extend.click();
  }

  get #runs() { return this.booking.phase === 'held' && this.clock.isConnected; }

  /** refresh shows the time as it is; each turn is aimed at the next full second of the rest, by the server's clock. */
  refresh() {
    clearTimeout(this.ticking);
    const { booking } = this;
    if (booking.phase !== 'held') return;
    this.toggle.checked = this.#keyOn;
    this.key.hidden = !this.#keyOn;
    if (this.#keyOn) this.extend.setAttribute('aria-keyshortcuts', extendKey.toUpperCase());
    else this.extend.removeAttribute('aria-keyshortcuts');
    setOff(this.extend, Boolean(booking.busy) || booking.lastTime);
    this.#tick();
  }

  #tick() {
    if (this.booking.phase !== 'held') return;
    const rest = this.booking.remainingMs, second = Math.ceil(rest / 1000);
    const whole = (this.booking.event.hold_ttl_seconds ?? 600) * 1000;
    this.clock.textContent = clockText(rest);
    this.bar.value = Math.max(0, Math.min(1, rest / whole));
    const late = rest < Math.min(lateMs, lateShare * whole), last = rest < Math.min(lastMs, lastShare * whole);
    this.clock.classList.toggle('late', late);
    this.#warn(rest, late, last);
    if (spokenAtSeconds.includes(second) && second !== this.spokenSecond && !late) say(`${spokenTime(rest)} left`);
    this.spokenSecond = second;
    if (rest <= 0 && !this.booking.busy) this.booking.look();
    this.ticking = setTimeout(() => this.#tick(), rest > 0 ? Math.max(30, rest - (second - 1) * 1000 + 5) : 600);
  }

  // The words change twice and not every second; a reader is told once each time, without hurry.
  #warn(rest, late, last) {
    const stage = rest > 0 && late ? `${last ? 'last' : 'late'}${this.booking.lastTime ? ' ceiling' : ''}` : '';
    this.warning.hidden = stage === '';
    if (stage === this.stage) return;
    this.stage = stage;
    if (stage === '') return;
    const how = this.booking.lastTime ? 'These seats cannot be kept any longer: pay now, or let them go.'
      : `Press “More time”${this.#keyOn ? ` or the key ${extendKey.toUpperCase()}` : ''} to keep your seats.`;
    this.warning.textContent = `${last ? 'Only' : 'About'} ${spokenTime(rest)} left. ${how}`;
    this.warning.classList.toggle('bad', last);
    say(this.warning.textContent);
  }
}
