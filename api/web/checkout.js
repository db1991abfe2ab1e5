// From the hold to the tickets, in elements: the hold with its clock, the payment step, and what is shown while the outcome
// of a payment is open.
//
//	(contact) ──▶ held ──▶ pay ──▶ paying ──▶ (confirmed)
//	  ▲       │  └▶ unsure ─┘ ▲
//	  └───────┘      challenge┘

import { Challenge } from './challenge.js';
import { contactForm } from './contact.js';
import { h, say, setOff, whenOn } from './dom.js';
import { differenceText } from './exchange.js';
import { HoldClock } from './holdclock.js';
import { howToPay, meansOf } from './means.js';
import { PayStep } from './paystep.js';
import { breakdown } from './price.js';
import { needNot, payWords, problemText, seats, spokenTime, timeOfDay } from './words.js';

/** Checkout builds those views of a Panel that lie between choosing and tickets. */
export class Checkout {
  constructor(panel) {
    this.panel = panel;
    this.booking = panel.booking;
    this.stopper = new AbortController();
    this.clock = new HoldClock(this.booking);
    this.step = new PayStep(this.booking, () => panel.update(), this.stopper.signal);
    this.challenge = new Challenge({ look: () => this.booking.wake(), home: () => panel.title });
  }

  close() {
    this.stopper.abort();
    this.clock.close();
    this.leave();
  }

  /** view names what the panel shows: the booking's phase, or the part of it that the fan stands in. */
  get view() {
    const { booking } = this;
    if (booking.phase === 'held') return booking.unsure ? 'unsure' : this.step.on && !booking.free ? 'pay' : 'held';
    if (booking.phase === 'choosing' && booking.contact.asking) return 'contact';
    if (booking.phase === 'paying') return booking.next ? 'challenge' : booking.current.state;
    return booking.phase;
  }

  /** key changes when the view has to be built anew: a bank may ask twice, and money go back in the end. */
  get key() {
    const { booking } = this;
    return `${this.view} ${booking.next?.url ?? ''} ${JSON.stringify(booking.current?.refunds ?? '')}`;
  }

  /** build makes the parts of a view that belongs here; undefined for another. */
  build(view) {
    if (view === 'contact') return contactForm(this.panel);
    if (view === 'held') return this.#held();
    if (view === 'pay') return this.#pay();
    if (payWords[view]) return this.#open(view);
    return undefined;
  }

  /** leave ends what the view that was shown had started. */
  leave() {
    this.clock.stop();
    this.challenge.close();
    this.means?.close();
    this.means = null;
  }

  /** entered hears that a view's parts are on the page. */
  entered(view) {
    if (view === 'challenge' && this.booking.next.url) this.challenge.show(this.booking.next);
  }

  #held() {
    const { booking, panel, clock } = this;
    const { exchange } = booking.current;
    panel.title.textContent = exchange ? 'Exchange your seats' : 'These seats are yours';
    const release = h('button', { type: 'button', id: 'release', class: 'quiet', text: exchange ? 'Keep my seats' : 'Release seats', on: { click: whenOn(() => booking.release()) } });
    const { free } = booking;
    const go = free ? () => booking.buy(() => '') : () => this.step.enter();
    const next = h('button', { type: 'button', class: 'primary wide', id: free ? 'buy' : 'to-pay', text: free ? (exchange ? 'Exchange the seats' : 'Get your free tickets') : `Pay ${panel.total()}`, on: { click: whenOn(go) } });
    panel.refresh = () => {
      for (const button of [release, next]) setOff(button, Boolean(booking.busy));
      clock.refresh();
    };
    say(`You hold ${seats(booking.current.seats.length)} for ${spokenTime(booking.remainingMs)}`);
    return [...clock.elements, panel.status, exchange ? h('p', { class: 'notice info', id: 'difference', text: differenceText(exchange.difference.amount, booking.event) }) : '',
      booking.current.split || booking.current.together === false ? h('p', { class: 'notice info', text: 'These are the best free seats, but they are not all side by side.' }) : '', panel.seatList(), breakdown(booking.current.price, booking.event),
      next, release, clock.choice];
  }

  #pay() {
    const { booking, panel, clock } = this;
    panel.title.textContent = `Pay ${panel.total()}`;
    const place = h('div', { class: 'pay-means' }, h('p', { class: 'muted', text: 'Asking how to pay here …' }));
    const note = h('p', { class: 'muted small' });
    const buy = h('button', { type: 'submit', class: 'primary wide', id: 'buy', text: `Pay ${panel.total()} now` });
    const back = h('button', { type: 'button', class: 'quiet', id: 'to-seats', text: 'Back to the seats', on: { click: whenOn(() => this.step.leave()) } });
    panel.refresh = () => {
      setOff(buy, Boolean(booking.busy) || !this.means);
      setOff(back, Boolean(booking.busy));
      clock.refresh();
    };
    const pay = (e) => {
      e.preventDefault();
      if (buy.getAttribute('aria-disabled') !== 'true') booking.buy(() => this.means.token());
    };
    this.#findMeans(place, note);
    return [...clock.elements, panel.status,
      h('form', { class: 'pay', on: { submit: pay } }, place, buy), note,
      h('details', { class: 'bought' }, h('summary', { text: seats(booking.current.seats.length) }), panel.seatList()),
      back, clock.choice];
  }

  async #findMeans(place, note) {
    const { signal } = this.stopper;
    try {
      const how = await howToPay();
      if (signal.aborted || !place.isConnected) return;
      this.means = meansOf(how);
      place.replaceChildren(this.means.element);
      note.textContent = this.means.note;
      this.panel.refresh();
    } catch (err) {
      if (signal.aborted || !place.isConnected) return;
      if (err.code === undefined) throw err;
      const again = h('button', { type: 'button', class: 'quiet', text: 'Try again', on: { click: () => this.#findMeans(place, note) } });
      place.replaceChildren(h('p', { class: 'notice bad', role: 'alert' }, h('span', { text: problemText(err) }), again));
    }
  }

  // The outcome is open: what happened, what happens next, and what the fan need not do.
  #open(view) {
    const { booking, panel } = this;
    const [title, words] = payWords[view];
    panel.title.textContent = title;
    say(`${title}. ${words}`);
    const offline = h('p', { class: 'notice warn', id: 'pay-offline', role: 'status' });
    panel.refresh = () => {
      offline.hidden = !booking.offline;
      offline.textContent = booking.offline ? 'The server cannot be reached at the moment. Your payment goes on without this page, which asks again by itself.' : '';
    };
    const waits = h('div', { class: 'waiting' }, view === 'challenge' ? '' : h('span', { class: 'spinner big', 'aria-hidden': 'true' }), h('p', { text: words }), view === 'challenge' ? this.#toBank() : '');
    return [waits, offline, panel.status, h('p', { class: 'muted small', id: 'need-not', text: needNot }), panel.seatList()];
  }

  #toBank() {
    const { next } = this.booking;
    if (!next.url) return h('p', { class: 'notice bad', text: 'It asks in a way that this page cannot show. Nothing is charged unless you confirm; the payment is called off by itself after a while.' });
    const end = Number.isNaN(next.until) ? '' : ` If you do nothing, the payment is called off at ${timeOfDay(next.until)}, and nothing is charged.`;
    return h('div', { class: 'to-bank' }, h('button', { type: 'button', class: 'primary', id: 'challenge-open', text: 'Show your bank\'s page', on: { click: () => this.challenge.show(next) } }),
      h('a', { class: 'button', href: next.url, target: '_blank', rel: 'noopener noreferrer', text: 'Open it in a new window' }),
      h('p', { class: 'muted small', text: `Nothing is charged before you confirm.${end}` }));
  }
}
