// What numbers and codes mean to a person. Every code of the API that a fan can meet has its words here.

const problemWords = {
  sold_out: 'No suitable seats are free right now. Held seats may come back: keep an eye on the map.',
  sale_not_open: 'The sale is not open at the moment.',
  not_admitted: 'It is not your turn yet: this event has a waiting room.',
  too_many_seats: 'That is more seats than one buyer may take.',
  seat_unknown: 'These seats are not part of this event.',
  duplicate_seat: 'A seat was named twice.',
  no_seats: 'Choose at least one seat first.',
  orphan_seat: 'This choice would leave a single seat on its own. Please move it by one.',
  seats_in_different_sections: 'All seats of one booking must be in the same section.',
  hold_expired: 'Your hold has run out and the seats are free again.',
  hold_released: 'You gave these seats back already.',
  extension_limit: 'This hold cannot be extended any further. Please buy or let go.',
  payment_declined: 'The card was declined. Your seats are still held: try another way to pay.',
  payment_in_progress: 'The payment is being checked right now.',
  already_confirmed: 'You have bought these seats already.',
  already_refunded: 'This booking was refunded.',
  card_data_refused: 'That looks like a card number. Never type one here.',
  idempotency_mismatch: 'This request was sent before with other contents. Please start again.',
  outcome_unknown: 'We do not know yet whether it worked. Asking again is safe: nothing happens twice.',
  overloaded: 'Very many people want these seats right now.',
  unavailable: 'This part of the house is not answering at the moment.',
  moved: 'This part of the house is just moving to another machine.',
  unauthorized: 'We do not know who you are.',
  not_together: 'There are enough free seats, but not in one section. Try fewer, or several bookings.',
  split_only: 'There are not that many free seats next to each other. Try fewer, or another section.',
  section_unknown: 'This section is not part of this event.',
  category_unknown: 'This price category is not part of this event.',
  event_unknown: 'There is no such event.',
  booking_unknown: 'This booking is not known, or belongs to somebody else.',
  not_ready: 'The server is just starting.',
  internal: 'Something went wrong on our side. Asking again is safe: nothing happens twice.',
  payment_attempts: 'Too many payments were tried for these seats. They stay yours until the time is up.',
  rate_limited: 'That was a lot of requests at once. One moment, please.',
  offline: 'The server cannot be reached.',
};

/** problemText says what went wrong in a sentence; the server's own title is the last resort. */
export function problemText(problem) {
  if (problem.code === 'seat_taken') return takenText(problem.seats.length);
  if (problem.code === 'too_many_seats' && problem.limit === 'buyer') return 'With the seats you have already, that is more than one buyer may take.';
  return problemWords[problem.code] ?? problem.detail ?? problem.title ?? 'Something went wrong.';
}

function takenText(count) {
  return count > 1
    ? `Somebody was faster: ${count} of your seats are gone. The rest is still chosen.`
    : 'Somebody was faster: one of your seats is gone. The rest is still chosen.';
}

/** seatStateWords names a letter of the map, as seen by this buyer. */
export function seatStateWords(letter, { chosen, mine }) {
  if (mine) return 'yours';
  if (chosen) return 'chosen by you';
  return { a: 'available', h: 'held by somebody', s: 'sold', b: 'not for sale' }[letter] ?? 'unknown';
}

export const saleWords = {
  open: { label: 'On sale', kind: 'good' },
  paused: { label: 'Sale paused', kind: 'warn' },
  closed: { label: 'Not on sale', kind: 'off' },
};

/** The sandbox's payment tokens in human words. */
export const sandboxTokens = [
  ['tok_ok', 'Test card that works'],
  ['tok_declined', 'Test card that is declined'],
  ['tok_slow', 'Test card that takes its time'],
  ['tok_unknown', 'Test card whose answer gets lost'],
];

const formats = new Map();

/**
 * money writes minor units (cents, yen …) in the event's currency, cut into as many digits as the server says: browsers list the digits that
 * shops print, which are fewer than those that prices count in for COP, PKR and some thirty more.
 */
export function money(minor, { currency, currency_exponent: digits }) {
  if (minor === 0) return 'free';
  if (!Number.isFinite(minor)) return 'no price';
  if (digits === undefined) return `${count(minor)} minor units of ${currency}`;
  if (!formats.has(currency)) formats.set(currency, moneyFormat(currency, digits));
  const format = formats.get(currency);
  const value = minor / 10 ** digits;
  return minor % 10 ** digits === 0 ? format.whole.format(value) : format.full.format(value);
}

function moneyFormat(currency, digits) {
  const of = (n) => new Intl.NumberFormat(undefined, { style: 'currency', currency, minimumFractionDigits: n, maximumFractionDigits: n });
  return { full: of(digits), whole: of(0) };
}

/** priceOf answers a category's price in minor units; an event may name one price for all others as "*". NaN: it has none, which is not free. */
export const priceOf = (event, category) => event.prices?.[category] ?? event.prices?.['*'] ?? NaN;

const dateFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit' });

/** when writes a moment for people, in their own time zone. */
export function when(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : dateFormat.format(at);
}

/** dayParts splits a moment for a calendar tile. */
export function dayParts(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return { month: '', day: '?' };
  return { month: at.toLocaleString(undefined, { month: 'short' }), day: String(at.getDate()) };
}

const countFormat = new Intl.NumberFormat();
export const count = (n) => countFormat.format(n);
export const seats = (n) => `${count(n)} ${n === 1 ? 'seat' : 'seats'}`;

/** clockText writes a rest of time as m:ss, rounding up so that 0:00 means over. */
export function clockText(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
}

/** spokenTime writes a rest of time for a screen reader. */
export function spokenTime(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  return total >= 60 ? `${Math.round(total / 60)} ${total < 90 ? 'minute' : 'minutes'}` : `${total} seconds`;
}
