// The list of events: search, more on demand, and a quiet look now and then whether something changed.

import { get, serverNow } from './api.js';
import { focusOn, h, say, toast } from './dom.js';
import { count, dayParts, money, problemText, saleOf, seats, when } from './words.js';

const searchPauseMs = 220;
const pageSize = 24;
const lookAgainMs = 30_000;
const pagesLookedAt = 4; // of a long list only the beginning is looked at again

/** showEvents fills the page; leave() ends what it started. */
export function showEvents(root) {
  document.title = 'Holdfast: events';
  const list = new EventList();
  root.replaceChildren(list.element);
  list.load(true);
  list.watch();
  return { leave: () => list.leave() };
}

class EventList {
  constructor() {
    this.title = h('h1', { text: 'Events', tabindex: '-1' });
    this.list = h('ul', { class: 'cards', 'aria-label': 'Events' });
    this.more = h('button', { type: 'button', class: 'quiet', id: 'more', text: 'Show more', hidden: true, on: { click: () => this.load(false) } });
    const search = h('input', { type: 'search', id: 'search', placeholder: 'Search events', 'aria-label': 'Search events', autocomplete: 'off', on: { input: () => this.#search(search.value) } });
    this.element = h('div', { class: 'page' },
      h('div', { class: 'page-head' }, h('div', {}, this.title, h('p', { class: 'muted', text: 'Pick a show, then pick your seats. What you hold is yours alone until the clock runs out.' }),
        h('p', {}, h('a', { href: '#/me', id: 'mine-link', text: 'My bookings' }))), search),
      this.list, h('div', { class: 'row center' }, this.more));
    this.query = '';
    this.cursors = []; // of the pages that are shown; the first page's is ''
    this.next = '';
    this.shown = new Map(); // event id → {text, item}
    this.stopper = new AbortController(); // of the reading under way
    this.left = new AbortController();
  }

  leave() {
    clearTimeout(this.timer);
    clearTimeout(this.looking);
    this.stopper.abort();
    this.left.abort();
  }

  #search(text) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.query = text.trim().normalize('NFC');
      this.load(true);
    }, searchPauseMs);
  }

  #read(cursor, signal) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (this.query) query.set('q', this.query);
    if (cursor) query.set('cursor', cursor);
    return get(`/v1/events?${query}`, { signal });
  }

  /** load reads the first page afresh, or one page more. */
  async load(fresh) {
    this.stopper.abort();
    const stopper = this.stopper = new AbortController();
    const hadFocus = this.list.contains(document.activeElement);
    if (fresh) this.list.replaceChildren(...Array.from({ length: 6 }, () => h('li', { class: 'card skeleton', 'aria-hidden': 'true' })));
    this.list.setAttribute('aria-busy', 'true');
    const cursor = fresh ? '' : this.next;
    try {
      const page = await this.#read(cursor, stopper.signal);
      this.#show(page, cursor, fresh);
    } catch (err) {
      if (stopper.signal.aborted) return;
      if (fresh) this.#fail(err);
      else toast(problemText(err), 'bad', { label: 'Try again', run: () => this.load(false) });
    } finally {
      if (this.stopper === stopper) this.list.removeAttribute('aria-busy');
    }
    if (hadFocus && document.activeElement === document.body) focusOn(this.title);
  }

  #show(page, cursor, fresh) {
    if (fresh) {
      this.shown.clear();
      this.cursors = [];
      this.list.replaceChildren();
    }
    this.cursors.push(cursor);
    const added = page.events.filter((event) => !this.shown.has(event.id)).map((event) => this.#card(event));
    this.list.append(...added);
    if (!fresh) added[0]?.querySelector('a').focus();
    this.next = page.next_cursor ?? '';
    this.more.hidden = !this.next;
    if (this.shown.size === 0) {
      const words = this.query ? `No event matches “${this.query}”.` : 'There is no event yet. Come back soon.';
      this.list.replaceChildren(h('li', { class: 'empty', text: words }));
    }
    if (this.query || !fresh) say(`${count(this.shown.size)} ${this.shown.size === 1 ? 'event' : 'events'}${this.next ? ', and more' : ''}`);
  }

  #fail(err) {
    this.shown.clear();
    this.next = '';
    this.more.hidden = true;
    this.list.replaceChildren(h('li', { class: 'empty' }, h('p', { role: 'alert', text: problemText(err) }),
      h('button', { type: 'button', class: 'primary', text: 'Try again', on: { click: () => this.load(true) } })));
  }

  #card(event) {
    const link = h('a', { href: `#/e/${encodeURIComponent(event.id)}` }, cardOf(event));
    const item = h('li', { class: 'card' }, link);
    this.shown.set(event.id, { text: JSON.stringify(event), item, link });
    return item;
  }

  /**
   * watch looks again while the page is seen, and when it is seen again. What did not change costs the server an answer without
   * a body (ETag).
   */
  watch() {
    const wait = () => { clearTimeout(this.looking); this.looking = setTimeout(look, lookAgainMs * (1 + Math.random() / 4)); };
    const look = () => {
      clearTimeout(this.looking);
      if (document.hidden) return;
      this.lookAgain().catch(() => {}).finally(() => { if (!this.left.signal.aborted) wait(); }); // the next look may succeed
    };
    document.addEventListener('visibilitychange', look, { signal: this.left.signal });
    wait();
  }

  /** lookAgain brings the cards that are shown up to date, each in its place: nobody loses what they are reading. */
  async lookAgain() {
    const { stopper } = this;
    for (const cursor of this.cursors.slice(0, pagesLookedAt)) {
      const page = await this.#read(cursor, this.left.signal);
      if (this.stopper !== stopper) return; // somebody searched meanwhile
      if (cursor === '' && page.events.some((event) => !this.shown.has(event.id))) return this.#arrived(page);
      for (const event of page.events) this.#refresh(event);
    }
  }

  #refresh(event) {
    const card = this.shown.get(event.id);
    const text = JSON.stringify(event);
    if (!card || card.text === text) return;
    card.text = text;
    card.link.replaceChildren(...cardOf(event)); // the link stays, and the focus on it
  }

  // New events come first in the catalog: they go in front of the others.
  #arrived(page) {
    const added = page.events.filter((event) => !this.shown.has(event.id));
    if (this.shown.size === 0) this.list.replaceChildren();
    this.list.prepend(...added.map((event) => this.#card(event)));
    say(`${count(added.length)} new ${added.length === 1 ? 'event' : 'events'}`);
  }
}

function cardOf(event) {
  const { month, day } = dayParts(event);
  const at = when(event);
  const prices = Object.values(event.prices ?? {}).filter((price) => price !== null);
  const sale = saleOf(event, serverNow());
  return [
    h('span', { class: 'tile', 'aria-hidden': 'true' }, h('small', { text: month }), h('b', { text: day })),
    h('span', { class: 'card-text' },
      h('strong', { dir: 'auto', text: event.name }),
      h('span', { class: 'muted', text: at.venue }),
      at.own ? h('span', { class: 'muted', text: at.own }) : null,
      h('span', { class: 'muted', text: houseWords(event) }),
      h('span', { class: 'card-foot' },
        h('span', { class: `badge ${sale.kind}`, text: sale.label }),
        event.waiting_room ? h('span', { class: 'badge', text: 'Waiting room' }) : null,
        prices.length ? h('span', { class: 'price' }, Math.min(...prices) > 0 ? h('small', { text: 'from ' }) : null, money(Math.min(...prices), event)) : null)),
  ];
}

// A list may leave the sections out, count them, or name them all.
function houseWords(event) {
  const sections = event.section_count ?? event.sections?.length ?? 0;
  return sections > 1 ? `${seats(event.seats)} in ${count(sections)} sections` : seats(event.seats);
}
