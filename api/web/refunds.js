// Money on its way back, in elements: how much, for which seats, and how far it has come.

import { h, whenOn } from './dom.js';
import { money, refundText } from './words.js';

const openStates = ['due', 'pending'];

/** refundsOpen tells whether money of a booking is still on its way back. */
export const refundsOpen = (view) => (view.refunds ?? []).some(({ state }) => openStates.includes(state));

/** refundList shows a booking's refunds; '' when there are none. seatName answers a seat's place in words, by its id. */
export function refundList(view, booking, seatName) {
  const refunds = view.refunds ?? [];
  if (refunds.length === 0) return '';
  const line = ({ state, amount, seats = [] }) => h('li', { class: `refund ${state}` },
    h('p', {}, h('strong', { text: money(amount.amount, booking.event) }), ` ${refundText(state)}`),
    seats.length ? h('ul', { class: 'muted small' }, seats.map((id) => h('li', { text: seatName(id) })))
      : h('p', { class: 'muted small', text: 'This was taken though it should not have been. No seat is lost by it.' }));
  const again = h('button', { type: 'button', class: 'link', 'data-focus': `refunds of ${view.id}`, text: 'Look again', on: { click: whenOn(() => booking.lookAtBought()) } });
  return h('section', { class: 'refunds', 'aria-label': 'Refunds' }, h('h3', { text: 'Refunds' }), h('ul', {}, refunds.map(line)), refundsOpen(view) ? again : '');
}
