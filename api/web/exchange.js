// Other seats in the place of some that were bought, in elements: which are given up, as many on the map, the difference in
// money before anything is asked for.
//
//	tickets ──▶ which are given up ──▶ as many others on the map ──▶ held (a hold that costs the difference) ──▶ exchanged
//	   ▲                                      │                        │
//	   └──────────────────────────────────────┴────────────────────────┘ the seats stay as they are

import { h, say, setOff, whenOn } from './dom.js';
import { money, seats } from './words.js';

/** differenceText says what an exchange costs, or gives back; amount in minor units. */
export function differenceText(amount, event) {
  if (amount === 0) return 'It costs nothing.';
  return amount > 0 ? `You pay the difference: ${money(amount, event)}.` : `${money(-amount, event)} goes back to you.`;
}

/** ExchangeSeats offers it for a Booking's bought bookings. nameOf tells a seat's name by its id. */
export class ExchangeSeats {
  constructor(booking, nameOf) {
    Object.assign(this, { booking, nameOf });
  }

  /** part is what a bought booking shows about it: {element, refresh}. */
  part(view) {
    const given = new Set();
    const go = h('button', { type: 'button', class: 'wide', 'data-focus': `exchange ${view.id}`, on: { click: whenOn(() => this.booking.exchangeSeats(view, [...given])) } });
    const boxes = (view.tickets ?? []).map(({ seat }) => h('label', { class: 'check' },
      h('input', { type: 'checkbox', value: seat, 'data-focus': `give up ${seat}`, on: { change: (e) => { given[e.target.checked ? 'add' : 'delete'](seat); refresh(); } } }),
      h('bdi', { text: this.nameOf(seat) })));
    const element = h('details', { class: 'exchange' }, h('summary', { text: 'Exchange seats' }),
      h('fieldset', {}, h('legend', { text: 'Which seats do you give up?' }), boxes), go);
    const refresh = () => {
      element.hidden = view.state !== 'confirmed' || boxes.length === 0 || Boolean(this.booking.event.cancelled);
      go.textContent = given.size ? `Choose ${given.size === 1 ? 'another seat' : `${given.size} other seats`} on the map` : 'Choose other seats on the map';
      setOff(go, given.size === 0 || Boolean(this.booking.busy) || !this.booking.saleOpen);
    };
    refresh();
    return { element, refresh };
  }

  /** choosing is what stands above the choice while other seats are chosen: {element, refresh}. */
  choosing() {
    const { booking } = this;
    const words = h('p', {}), difference = h('p', { id: 'difference', role: 'status' });
    const keep = h('button', { type: 'button', class: 'quiet', id: 'keep-seats', text: 'Keep my seats', on: { click: () => booking.keepSeats() } });
    const element = h('section', { class: 'notice info', 'aria-label': 'Exchange seats' }, words, difference, keep);
    const refresh = () => {
      const { exchange, chosen } = booking;
      element.hidden = !exchange;
      if (!exchange) return;
      const left = exchange.gives.length - chosen.length;
      words.textContent = `You give up ${exchange.gives.map(this.nameOf).join(', ')}. ${left > 0 ? `Choose ${seats(left)} in the same section.` : 'You have chosen as many.'}`;
      const text = left > 0 ? '' : differenceText(booking.difference, booking.event);
      if (difference.textContent !== text) say(difference.textContent = text);
    };
    return { element, refresh };
  }
}
