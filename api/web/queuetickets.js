// Tickets of somebody who is outside again: what was bought stays theirs, and stays in sight.

import { getOwn } from './api.js';
import { boughtHere } from './kept.js';
import { h } from './dom.js';
import { count } from './words.js';

/** ticketsPart lists the tickets that were bought in this tab, or nothing. What cannot be read now is left out. */
export function ticketsPart(event, signal) {
  const part = h('details', { class: 'bought room-draw', id: 'room-tickets', hidden: true });
  show(part, event, signal).catch((err) => { if (!signal.aborted) throw err; });
  return part;
}

async function show(part, event, signal) {
  const read = (id) => getOwn(`/v1/bookings/${encodeURIComponent(id)}`, { signal }).catch(() => null);
  const bookings = await Promise.all(boughtHere(event.id).map(read));
  const tickets = bookings.filter((view) => view?.state === 'confirmed').flatMap((view) => view.tickets ?? []);
  if (tickets.length === 0) return;
  part.replaceChildren(h('summary', { text: `Your tickets (${count(tickets.length)})` }), h('ul', { class: 'tickets' }, tickets.map(ticket)));
  part.hidden = false;
}

const ticket = ({ seat, code }) => h('li', { class: 'ticket' }, h('p', {}, 'Seat ', h('bdi', { text: seat })),
  h('div', { class: 'code' }, h('small', { text: 'Ticket code' }), h('code', { text: code })));
