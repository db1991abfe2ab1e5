// The list of events: search, and more on demand.

import { get } from './api.js';
import { h, say } from './dom.js';
import { count, dayParts, money, problemText, saleWords, seats, when } from './words.js';

const searchPauseMs = 220;
const pageSize = 24;

/** showEvents fills the page; leave() ends what it started. */
export function showEvents(root) {
  document.title = 'Holdfast: events';
  const list = h('ul', { class: 'cards', 'aria-label': 'Events' });
  const more = h('button', { type: 'button', class: 'quiet', text: 'Show more', hidden: true });
  const search = h('input', { type: 'search', id: 'search', placeholder: 'Search events', 'aria-label': 'Search events', autocomplete: 'off' });
  root.replaceChildren(h('div', { class: 'page' },
    h('div', { class: 'page-head' }, h('div', {}, h('h1', { text: 'Events' }), h('p', { class: 'muted', text: 'Pick a show, then pick your seats. What you hold is yours alone until the clock runs out.' })), search),
    list, h('div', { class: 'row center' }, more)));
  const state = { list, more, query: '', cursor: '', stopper: new AbortController() };
  let timer = 0;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.query = search.value.trim(); load(state, true); }, searchPauseMs);
  });
  more.addEventListener('click', () => load(state, false));
  load(state, true);
  return { leave() { clearTimeout(timer); state.stopper.abort(); } };
}

async function load(state, fresh) {
  state.stopper.abort();
  const stopper = state.stopper = new AbortController();
  if (fresh) state.list.replaceChildren(...Array.from({ length: 6 }, () => h('li', { class: 'card skeleton', 'aria-hidden': 'true' })));
  state.list.setAttribute('aria-busy', 'true');
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (state.query) query.set('q', state.query);
  if (!fresh && state.cursor) query.set('cursor', state.cursor);
  try {
    const page = await get(`/v1/events?${query}`, { signal: stopper.signal });
    show(state, page, fresh);
  } catch (err) {
    if (stopper.signal.aborted) return;
    fail(state, err);
  }
  state.list.removeAttribute('aria-busy');
}

function show(state, page, fresh) {
  const cards = page.events.map(card);
  if (fresh) state.list.replaceChildren(...cards);
  else { state.list.append(...cards); cards[0]?.querySelector('a').focus(); }
  state.cursor = page.next_cursor ?? '';
  state.more.hidden = !state.cursor;
  if (fresh && cards.length === 0) {
    const words = state.query ? `No event matches “${state.query}”.` : 'There is no event yet. Come back soon.';
    state.list.replaceChildren(h('li', { class: 'empty', text: words }));
  }
  if (state.query) say(`${count(cards.length)} ${cards.length === 1 ? 'event' : 'events'} found`);
}

function fail(state, err) {
  if (err.status === 401) dispatchEvent(new Event('holdfast:unauthorized'));
  state.list.replaceChildren(h('li', { class: 'empty', role: 'alert' }, h('p', { text: problemText(err) }),
    h('button', { type: 'button', class: 'primary', text: 'Try again', on: { click: () => load(state, true) } })));
}

function card(event) {
  const { month, day } = dayParts(event.starts_at);
  const prices = Object.values(event.prices ?? {});
  const sale = saleWords[event.sale] ?? { label: event.sale, kind: 'off' };
  return h('li', { class: 'card' }, h('a', { href: `#/e/${encodeURIComponent(event.id)}` },
    h('span', { class: 'tile', 'aria-hidden': 'true' }, h('small', { text: month }), h('b', { text: day })),
    h('span', { class: 'card-text' },
      h('strong', { text: event.name }),
      h('span', { class: 'muted', text: when(event.starts_at) }),
      h('span', { class: 'muted', text: seats(event.seats) }),
      h('span', { class: 'card-foot' },
        h('span', { class: `badge ${sale.kind}`, text: sale.label }),
        prices.length ? h('span', { class: 'price' }, h('small', { text: 'from ' }), money(Math.min(...prices), event)) : null))));
}
