// Giving a booking of an event that is put off back, in elements: until when, for how much, and asked twice.
//
//	offered ──▶ asked ──▶ under way ──▶ what is on its way back: refunds.js
//	   ▲          │          └▶ refused, in words: over, or given back elsewhere
//	   └──────────┘

import { Problem, mutate, pause, serverNow } from './api.js';
import { h, say, setOff, whenOn } from './dom.js';
import { giveBackText, givenBackText } from './words.js';

const looksMost = 5; // times that the page looks by itself after a refund that the processor has not answered yet
const lookMs = 1000; // the first pause, where the server names none; each is twice the one before

/** GiveBack asks for refunds of a Booking's bought bookings; changed() hears that something is to be shown anew. */
export class GiveBack {
  constructor(booking, changed) {
    Object.assign(this, { booking, changed });
    this.asked = ''; // the booking about which the fan is asked whether they mean it
  }

  /** part is what a bought booking shows about it: {element, refresh, offered}. */
  part(view) {
    const element = h('section', { class: 'give-back' });
    const refresh = () => {
      const shows = JSON.stringify([this.#until, this.#over, this.asked === view.id, Boolean(this.booking.busy)]);
      if (element.shows === shows) return;
      element.shows = shows;
      element.replaceChildren(...this.#parts(view, element));
    };
    refresh();
    return { element, refresh, offered: () => !element.hidden && !this.#over };
  }

  // The moment, in ms, before which bookings of the event may be given back; NaN: they may not.
  get #until() {
    const { cancelled, postponed } = this.booking.event;
    return cancelled ? NaN : Date.parse(postponed?.keep_until);
  }

  get #over() { return this.#until <= serverNow(); }

  #parts(view, element) {
    element.hidden = view.state !== 'confirmed' || !view.tickets?.length || Number.isNaN(this.#until);
    if (element.hidden) return [];
    const words = this.#words(view);
    element.setAttribute('aria-label', words.title);
    const button = (name, text, run) => {
      const el = h('button', { type: 'button', class: 'wide', 'data-focus': `${name} ${view.id}`, text, on: { click: whenOn(run) } });
      setOff(el, Boolean(this.booking.busy));
      return el;
    };
    const title = h('h3', { text: words.title });
    if (this.#over) return [title, h('p', { class: 'muted', text: words.over })];
    if (this.asked !== view.id) return [title, h('p', { text: words.offer }), button('give back', words.ask, () => this.#ask(view))];
    // The one that does nothing comes first, and gets the focus: two quick presses give nothing away.
    return [title, h('div', { class: 'asked', role: 'group', 'aria-label': words.question, on: { keydown: (e) => { if (e.key === 'Escape') this.#drop(); } } },
      h('p', { class: 'notice warn', text: words.question }),
      button('give back', words.keep, () => this.#drop()), button('give back now', words.give, () => this.#give(view)))];
  }

  #words(view) { return giveBackText(this.#until, this.#worth(view), view.tickets.length, this.booking.event); }

  // What the seats cost that are left of it. undefined: this page cannot tell, and the server's answer will.
  #worth(view) {
    if (!view.refunds?.length) return view.total?.amount;
    const { indexOfID } = this.booking.model;
    const sum = view.tickets.reduce((so, { seat }) => so + (indexOfID.has(seat) ? this.booking.priceOf(indexOfID.get(seat)) : NaN), 0);
    return Number.isNaN(sum) ? undefined : sum;
  }

  #drop() {
    this.asked = '';
    this.changed();
  }

  // The first press reads the booking again, so that the question is about what there is.
  async #ask(view) {
    const { booking } = this;
    if (!this.#over) {
      this.asked = view.id;
      say(this.#words(view).question);
    }
    this.changed();
    await booking.lookAtBought();
    const now = booking.bought.find(({ id }) => id === view.id);
    if (this.asked !== view.id || now?.tickets?.length) return;
    this.asked = '';
    booking.returned(now ?? view, givenBackText([], booking.event));
    this.changed();
  }

  #give(view) {
    const { booking } = this;
    return booking.does('Giving your booking back', async (options) => {
      const { body, status, retryAfterMs } = await mutate('POST', `/v1/bookings/${encodeURIComponent(view.id)}/refund`, undefined, options);
      this.asked = '';
      const known = (view.refunds ?? []).map(({ no }) => no);
      booking.returned(body, givenBackText((body.refunds ?? []).filter(({ no }) => !known.includes(no)), booking.event));
      if (status === 202) this.#follow(view.id, retryAfterMs || lookMs);
    }, (err) => {
      this.asked = '';
      booking.failed(err.code === 'forbidden' ? new Problem(409, { code: 'not_returnable' }) : err); // it is not put off any more
      booking.lookAtBought();
    });
  }

  // The processor has not answered yet: a few looks by itself, then the fan's own "Look again".
  async #follow(id, ms) {
    const { booking } = this;
    const { signal } = booking.stopper;
    const due = () => booking.bought.some((one) => one.id === id && one.refunds?.some(({ state }) => state === 'due'));
    for (let look = 0; look < looksMost && due(); look++, ms *= 2) {
      await pause(ms, signal).catch(() => {}); // the page was left
      if (signal.aborted) return;
      await booking.lookAtBought();
    }
  }
}
