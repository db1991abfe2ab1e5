// My bookings: those of this buyer over all events of the house, newest first, a page at a time (GET /v1/me/bookings).

import { get, getOwn, whoIsKnown } from './api.js';
import { keepBought } from './kept.js';
import { focusOn, h, say, toast } from './dom.js';
import { identity } from './identity.js';
import { ticketCodes } from './tickets.js';
import { giveAway } from './transfer.js';
import { count, money, problemText, seats, when } from './words.js';

const pageSize = 20;

const states = {
  held: ['warn', 'Held'], paying: ['warn', 'Being paid'], confirming: ['warn', 'Being confirmed'], confirmed: ['good', 'Confirmed'],
  released: ['', 'Given back'], expired: ['', 'Ran out'], refunded: ['', 'Refunded'],
  exchanged: ['', 'Exchanged'],
};

/** showMyBookings fills the page; leave() ends what it started. */
export function showMyBookings(root) {
  document.title = 'Holdfast: my bookings';
  const list = new MyBookings();
  root.replaceChildren(list.element);
  list.begin();
  return { leave: () => list.stopper.abort() };
}

class MyBookings {
  constructor() {
    this.stopper = new AbortController();
    this.events = new Map(); // event id → a promise of the event, or null
    this.shown = new Set();
    this.next = '';
    this.title = h('h1', { text: 'My bookings', tabindex: '-1' });
    this.note = h('p', { class: 'muted', id: 'mine-note', text: 'What you hold, what you have bought, and what has ended lately.' });
    this.list = h('ul', { class: 'cards', id: 'mine', 'aria-label': 'My bookings' });
    this.more = h('button', { type: 'button', class: 'quiet', id: 'more', text: 'Show more', hidden: true, on: { click: () => this.load() } });
    this.element = h('div', { class: 'page' }, h('div', { class: 'page-head' }, h('div', {}, this.title, this.note)), this.list,
      h('div', { class: 'row center' }, this.more));
  }

  async begin() {
    await whoIsKnown().catch(() => {}); // the reading says what is wrong
    if (this.stopper.signal.aborted) return;
    if (identity.known) return this.load();
    this.#empty('Sign in to see your bookings.', 'Sign in', () => dispatchEvent(new Event('holdfast:unauthorized')));
  }

  /** load reads one page more. */
  async load() {
    if (this.list.getAttribute('aria-busy')) return;
    const { signal } = this.stopper, first = this.shown.size === 0;
    this.list.setAttribute('aria-busy', 'true');
    try {
      const query = new URLSearchParams({ limit: String(pageSize) });
      if (this.next) query.set('cursor', this.next);
      const page = await getOwn(`/v1/me/bookings?${query}`, { signal });
      const added = await Promise.all(page.bookings.filter(({ id }) => !this.shown.has(id)).map((view) => this.#card(view, signal)));
      if (signal.aborted) return;
      this.#show(page, added, first);
    } catch (err) {
      if (signal.aborted) return;
      if (first) this.#empty(problemText(err), 'Try again', () => this.load());
      else toast(problemText(err), 'bad', { label: 'Try again', run: () => this.load() });
    } finally {
      this.list.removeAttribute('aria-busy');
    }
  }

  #show(page, added, first) {
    if (first) this.list.replaceChildren();
    this.list.append(...added);
    for (const { id } of page.bookings) this.shown.add(id);
    this.next = page.next_cursor ?? '';
    this.more.hidden = !this.next;
    if (page.incomplete) this.note.textContent = 'Some of your bookings cannot be shown right now. Look again in a moment.';
    if (this.shown.size === 0) this.#empty(this.next ? 'Nothing yet: there is more to look through.' : 'You have no bookings.');
    if (!first) focusOn(added[0]?.querySelector('a') ?? this.title);
    say(`${count(this.shown.size)} ${this.shown.size === 1 ? 'booking' : 'bookings'}${this.next ? ', and more' : ''}`);
  }

  #empty(words, label, run) {
    const button = label ? h('button', { type: 'button', class: 'primary', text: label, on: { click: run } }) : null;
    this.list.replaceChildren(h('li', { class: 'empty' }, h('p', { role: label ? 'alert' : null, text: words }), button));
  }

  // An event that cannot be read now is shown without its name.
  #event(id, signal) {
    if (!this.events.has(id)) this.events.set(id, get(`/v1/events/${encodeURIComponent(id)}`, { signal }).catch(() => null));
    return this.events.get(id);
  }

  async #card(view, signal) {
    const event = await this.#event(view.event, signal);
    const [kind, words] = states[view.state] ?? ['', view.state];
    const codes = (view.tickets ?? []).map(({ seat, code }) => h('span', { class: 'muted', dir: 'auto', text: `Ticket ${seat}: ${code}` }));
    const swap = view.state === 'confirmed' && !view.received && event?.sale === 'open' ? h('a', { class: 'button quiet', href: `#/e/${encodeURIComponent(view.event)}`, text: 'Exchange seats', on: { click: () => keepBought(view) } }) : null;
    const card = h('li', { class: 'card' }, h('a', { href: `#/e/${encodeURIComponent(view.event)}` }, h('span', { class: 'card-text' },
      h('strong', { dir: 'auto', text: event?.name ?? 'An event' }),
      event ? h('span', { class: 'muted', text: when(event).venue }) : null,
      h('span', { class: 'muted', dir: 'auto', text: `${seats(view.seats.length)}: ${view.seats.join(', ')}` }), codes,
      h('span', { class: 'card-foot' }, h('span', { class: `badge ${kind}`, text: words }),
        view.received ? null : h('span', { class: 'price', text: money(view.total.amount, { ...event, currency: view.total.currency }) })))),
    view.received && view.tickets?.length ? ticketCodes(view, (seat) => seat) : null, swap,
    giveAway(view, event, () => this.#again(view.id, card, signal)));
    return card;
  }

  // A booking of which somebody has accepted or taken back tickets is read anew, in its place.
  async #again(id, card, signal) {
    const view = await getOwn(`/v1/bookings/${encodeURIComponent(id)}`, { signal });
    if (signal.aborted) return;
    const now = await this.#card(view, signal);
    card.replaceWith(now);
    focusOn(now.querySelector('.give-away button') ?? now.querySelector('a'));
  }
}
