// What numbers and codes mean to a person. Every code of the API that a fan can meet has its words here.

const problemWords = {
  sold_out: 'No suitable seats are free right now. Held seats may come back: keep an eye on the map.',
  sale_not_open: 'The sale is not open at the moment.',
  version_mismatch: 'Somebody else has changed this event meanwhile. Look at it again.',
  event_cancelled: 'This event is cancelled. Whatever was paid goes back by itself.',
  not_returnable: 'The time for giving bookings of this event back has passed.',
  too_many_seats: 'That is more seats than one buyer may take.',
  seat_unknown: 'These seats are not part of this event.',
  duplicate_seat: 'A seat was named twice.',
  no_seats: 'Choose at least one seat first.',
  orphan_seat: 'This choice would leave a single seat on its own. Please move it by one.',
  too_many_sections: 'The seats of one booking can be in at most eight sections.',
  hold_expired: 'Your hold has run out and the seats are free again.',
  hold_released: 'You gave these seats back already.',
  extension_limit: 'This hold cannot be extended any further. Please buy or let go.',
  payment_declined: 'The card was declined. Your seats are still held: try another way to pay.',
  processor_unavailable: 'Paying does not work at the moment. Nothing was charged, and your seats are still held: try again.',
  payment_in_progress: 'The payment is being checked right now.',
  already_confirmed: 'You have bought these seats already.',
  already_refunded: 'This booking was refunded.',
  already_admitted: 'Somebody was let in with this ticket already.',
  exchange_over_sections: 'Seats are exchanged within their section, and not of bookings over several sections.',
  exchange_under_way: 'Another exchange of this booking is not finished yet.',
  exchange_uneven: 'Choose as many new seats as you give up.',
  not_exchangeable: 'These seats cannot be exchanged. Anything paid for it goes back.',
  ticket_type_unknown: 'There is no such type of ticket for these seats any more. Choose again.',
  ticket_void: 'This ticket is void: it was refunded, or has a newer code.',
  ticket_unknown: 'There is no such ticket.',
  ticket_forged: 'This is not the code of a ticket of this house.',
  ticket_other_event: 'This ticket is for another event.',
  ticket_transferred: 'Some of these tickets are somebody else\'s by now.',
  transfer_forbidden: 'Tickets of this event stay with whoever bought them.',
  transfer_unknown: 'This link leads to no tickets. Please look whether it was copied as a whole.',
  transfer_own: 'You offer these tickets yourself: send the link to somebody else.',
  transfer_accepted: 'Somebody has accepted these tickets already.',
  transfer_withdrawn: 'This offer was taken back.',
  transfer_expired: 'The time of this offer is over.',
  transfer_pending: 'Some of these tickets are on offer already. Take that offer back first.',
  card_data_refused: 'That looks like a card number. Never type one here.',
  idempotency_mismatch: 'This request was sent before with other contents. Please start again.',
  outcome_unknown: 'We do not know yet whether it worked. Asking again is safe: nothing happens twice.',
  overloaded: 'Very many people want these seats right now.',
  unavailable: 'This part of the house is not answering at the moment.',
  moved: 'This part of the house is just moving to another machine.',
  unauthorized: 'To hold seats, please sign in.',
  split_only: 'There are not that many free seats next to each other. Try fewer, or another section.',
  section_unknown: 'This section is not part of this event.',
  category_unknown: 'This price category is not part of this event.',
  event_unknown: 'There is no such event.',
  event_forgotten: 'This event is over. We have forgotten who booked what, so bookings cannot be shown any more.',
  booking_unknown: 'This booking is not known, or belongs to somebody else.',
  not_ready: 'The server is just starting.',
  internal: 'Something went wrong on our side. Asking again is safe: nothing happens twice.',
  rate_limited: 'That was a lot of requests at once. One moment, please.',
  payment_attempts: 'Paying was tried too often for these seats. They stay yours until the clock runs out; release them to begin again.',
  body_too_large: 'That was too much at once.',
  forbidden: 'This is for operators only.',
  not_found: 'There is nothing here.',
  not_admitted: 'This event has a waiting room: seats can be picked once it is your turn.',
  admission_expired: 'Your time inside has ended. Join the waiting room again; what you bought stays yours.',
  wrong_event: 'This place in the waiting room is for another event.',
  wrong_buyer: 'This place in the waiting room belongs to somebody else.',
  token_forged: 'This place in the waiting room was not given out here.',
  token_outdated: 'Please join the waiting room again: you get the same place back.',
  no_waiting_room: 'This event has no waiting room.',
  place_unknown: 'You have no place in this waiting room yet.',
  place_left: 'You have left the waiting room. You can join again, behind those who wait.',
  not_open_yet: 'The waiting room is not open yet.',
  not_your_turn: 'It is not your turn yet. Your place is kept.',
  turn_lapsed: 'Your turn has passed. You can join again, behind those who wait.',
  session_ended: 'Your time inside is over. You can join the waiting room again.',
  queue_paused: 'Nobody is let in at the moment. Your place is kept.',
  proof_required: 'This event asks for a small puzzle before joining. This page solves it by itself.',
  proof_expired: 'The puzzle took too long. Please join again: this page solves a new one.',
  proof_wrong: 'The puzzle was not solved. Please join again: this page solves a new one.',
  captcha_required: 'This event asks whether you are a person, and this page could not show its captcha. A blocker of scripts may be in the way: allow it here, and join again.',
  captcha_refused: 'The captcha was not solved, or was used before. Please join again and solve another one.',
  captcha_unavailable: 'Whoever checks captchas does not answer at the moment.',
  code_required: 'This event needs a presale code.',
  code_unknown: 'This presale code is not known. Please look at it once more.',
  code_revoked: 'This presale code was taken back. Please ask whoever gave it to you.',
  code_used_up: 'This presale code was used as often as it may be.',
  code_expired: 'This presale code has run out.',
  code_not_yet: 'This presale code is not valid yet.',
  no_presale: 'This event has no presale.',
  cool_down: 'Several holds were left unpaid, so the next one has to wait a little.',
  challenge_cool_down: 'Your bank\'s question about these seats was not answered in time, so others may have them first. Other seats can be yours at once.',
  no_draw: 'Nothing is drawn here: first come, first served.',
  lobby_not_closed: 'The draw is made when the lobby has closed.',
  not_drawn: 'The draw has not been made yet.',
  drawn_already: 'The draw was made before, with another value.',
  wrong_round: 'The rule of the draw gives another round.',
  offline: 'The server cannot be reached.',
};

/**
 * problemText says what went wrong in words; a code that this page does not know speaks with the server's title and detail. With the
 * event, the words name the event's limit.
 */
export function problemText(problem, event = {}) {
  if (problem.code === 'seat_taken') return takenText(problem.seats.length);
  if (problem.code === 'too_many_seats') return tooManyText(problem, event);
  if (problem.code === 'not_together') return apartText(problem.body);
  return problemWords[problem.code] ?? serverText(problem) ?? 'Something went wrong.';
}

function serverText({ title, detail }) {
  const parts = [title, detail].filter((text) => typeof text === 'string' && text.trim() !== '');
  return parts.length ? parts.map((text) => text.trim().replace(/[^.!?…]$/, '$&.')).join(' ') : null;
}

function tooManyText({ limit, code }, { max_seats_per_buyer: buyer, max_seats_per_booking: booking }) {
  if (limit === 'buyer' && buyer) return `One buyer may take ${seats(buyer)} of this event at most, and you have some already.`;
  if (limit === 'booking' && booking) return `One booking can have ${seats(booking)} at most.`;
  return problemWords[code];
}

// A booking's seats may lie in several sections, but not in any number of them: what is elsewhere is a second booking.
function apartText({ free, largest_booking: largest }) {
  if (!Number.isInteger(free) || !Number.isInteger(largest)) return 'Enough seats are free, but not together.';
  if (free === largest) return `Only ${seats(free)} like these ${free === 1 ? 'is' : 'are'} free right now.`;
  return `${seats(free)} like these are free, but in more sections than one booking can be in: ` +
    `one booking can have ${largest} at most. Take ${largest === 1 ? 'one' : 'those'} first, then book the others.`;
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

const saleWords = {
  open: { label: 'On sale', kind: 'good' },
  paused: { label: 'Sale paused', kind: 'warn' },
  closed: { label: 'Not on sale', kind: 'off' },
  cancelling: { label: 'Cancelled', kind: 'off', over: true },
  cancelled: { label: 'Cancelled', kind: 'off', over: true },
};

/** saleOf says in words whether an event can be bought at a moment; over: and that it will not be again by itself. */
export function saleOf(event, now) {
  if (event.cancelled) return saleWords.cancelled;
  if (event.postponed && event.sale === 'paused') return { label: 'Postponed', kind: 'warn' };
  if (Date.parse(event.sale_ends_at) <= now) return { label: 'Sale ended', kind: 'off', over: true };
  return saleWords[event.sale] ?? { label: String(event.sale), kind: 'off' };
}

/**
 * announcementOf says what an event's buyers are told: that it is called off or put off, why, and what becomes of what they paid; '' if
 * it takes place as it was sold.
 */
export function announcementOf(event, now) {
  const { cancelled, postponed } = event;
  if (cancelled) return `This event is cancelled: ${sentence(cancelled.reason)} Whatever was paid goes back by itself.`;
  if (!postponed) return '';
  const date = postponed.starts_unknown ? 'Nobody knows the new date yet.' : 'The new date is the one shown here.';
  const until = Date.parse(postponed.keep_until);
  const back = until > now ? ` Until ${written(new Date(until), whenShape)} you may give your booking back for all of your money.` : '';
  return `This event is put off: ${sentence(postponed.reason)} ${date} What you bought stays yours.${back}`;
}

/**
 * giveBackText is what a fan is told who may give a booking of an event that is put off back: until when (ms), what for (minor units;
 * undefined: not known here), and how many seats.
 */
export function giveBackText(until, worth, many, event) {
  const day = written(new Date(until), whenShape);
  const sum = worth === undefined ? 'all of your money' : money(worth, event);
  const back = worth === 0 ? '' : `, and ${sum} goes back to you`;
  return {
    title: 'Not coming after all?',
    offer: `Until ${day} you can give this booking back${back}. If you do nothing, it stays yours.`,
    over: `This booking could be given back until ${day}. That time has passed, and what you bought stays yours.`,
    ask: `Give ${seats(many)} back …`,
    question: `Give ${seats(many)} back? The ticket codes end at once, others may buy the seats${back}. This cannot be undone.`,
    keep: many === 1 ? 'Keep the seat' : 'Keep the seats',
    give: worth === 0 ? `Give ${seats(many)} back now` : `Give ${seats(many)} back for ${sum}`,
  };
}

/** givenBackText says what came of it, by the refunds that came of it; none: somebody was quicker, on another device perhaps. */
export function givenBackText(refunds, event) {
  if (refunds.length === 0) return 'This booking was given back before, here or on another device. Below is what became of it.';
  const amount = refunds.reduce((sum, one) => sum + one.amount.amount, 0);
  return amount === 0 ? 'Given back. It had cost nothing, so no money moves.' : `Given back: ${money(amount, event)} ${refundText(refunds[0].state)}`;
}

const sentence = (text) => String(text).trim().replace(/[^.!?…]$/, '$&.');

/** The sandbox's payment tokens in human words, by what they show: [[group, [[token, words], …]], …]. */
export const sandboxTokens = [
  ['The common ways', [
    ['tok_ok', 'Test card that works'],
    ['tok_declined', 'Test card that is declined'],
    ['tok_challenge', 'Test card whose bank asks first'],
    ['tok_challenge_decline', 'Test card whose bank asks first, then declines'],
  ]],
  ['Slow and lost answers', [
    ['tok_slow', 'Test card that takes its time'],
    ['tok_stall', 'Test card whose bank says nothing for long'],
    ['tok_unknown', 'Test card whose answer gets lost'],
    ['tok_lost', 'Test card whose request gets lost'],
  ]],
  ['After the payment', [
    ['tok_refund_fails', 'Test card whose refund fails'],
    ['tok_refund_pending', 'Test card whose refund takes its time'],
    ['tok_dispute', 'Test card whose bank asks for the money back'],
    ['tok_webhook_twice', 'Test card that is told of twice'],
    ['tok_webhook_late', 'Test card that is told of late'],
    ['tok_webhook_unordered', 'Test card that is told of in the wrong order'],
    ['tok_webhook_forged', 'Test card that a forger tells of too'],
    ['tok_webhook_never', 'Test card that nobody tells of'],
  ]],
];

/** endWords are title and words of a booking that is over, by its state. */
const endWords = {
  released: ['Seats released', 'You gave the seats back. Somebody will be glad.'],
  expired: ['Your time ran out', 'That happens. The seats are free again, for you too if you are quick.'],
  refunded: ['Refunded', 'The money is on its way back to you.'],
};

const refundWords = {
  due: 'goes back to you: we are asking for it.',
  pending: 'is on its way back to you. Banks take some days.',
  refunded: 'was given back to you.',
  failed: 'could not be given back: the bank did not take it. The box office sees to it.',
};

/** refundText says how far a refund has come, after its amount. */
export const refundText = (state) => refundWords[state] ?? `goes back to you (${state}).`;

/** endOf says in words how a booking ended: [title, words]. */
export const endOf = (state, event = {}) => (event.cancelled ? ['This event is cancelled', ''] : endWords[state] ?? ['This booking is over', '']);

/** paidNothingText says of a payment that came to nothing that it did; asked: the bank wanted to know something first. */
export function paidNothingText(state, asked) {
  if (state !== 'held') return 'The payment was not finished in time, so nothing was charged.';
  return asked ? 'Your bank did not confirm the payment, and nothing was charged. Your seats are still held: try again, or try another way to pay.'
    : problemWords.payment_declined;
}

/** payWords are what a fan reads while the outcome of a payment is open, by what is known: title, what happens, what comes next. */
export const payWords = {
  unsure: ['We do not know yet', 'The answer to your payment got lost on its way. This page asks the very same again, until it knows.'],
  paying: ['Checking your payment', 'The bank has not answered yet. Your seats stay yours while we ask.'],
  confirming: ['Paid: writing your tickets', 'Your payment has arrived, and your seats are yours. The tickets take a moment longer than usual.'],
  challenge: ['Your bank asks you to confirm', 'Your bank wants to be sure that it is you. Answer on its page; this page goes on by itself.'],
};

/** needNot is what nobody has to do meanwhile. */
export const needNot = 'You need not pay again: these seats are charged once at most. Reloading does no harm. Keep this tab: it shows your tickets.';

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

const whenShape = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit' };

/**
 * when writes the start of an event as the clock at the venue shows it, and, where the reader's clock shows another time then,
 * as that one does too: {venue, own}; own is '' where both agree. An event whose start names neither a zone nor an offset is
 * told in the reader's zone, which is named.
 */
export function when(event) {
  const at = new Date(event.starts_at);
  if (Number.isNaN(at.getTime())) return { venue: '', own: '' };
  const own = written(at, whenShape);
  const venue = atVenue(event, at, whenShape);
  if (venue === null) return { venue: written(at, { ...whenShape, timeZoneName: 'short' }), own: '' };
  if (venue === own) return { venue, own: '' };
  const zone = zoneName(event);
  return { venue: `${venue} at the venue${zone ? ` (${zone})` : ''}`, own: `${own} where you are` };
}

/** dayParts splits the start for a calendar tile: the day at the venue. */
export function dayParts(event) {
  const at = new Date(event.starts_at);
  if (Number.isNaN(at.getTime())) return { month: '', day: '?' };
  const one = (shape) => atVenue(event, at, shape) ?? written(at, shape);
  return { month: one({ month: 'short' }), day: one({ day: 'numeric' }) };
}

const written = (at, shape, timeZone) => new Intl.DateTimeFormat(undefined, { ...shape, timeZone }).format(at);

// The clock at the venue: by its IANA zone, else by the offset that the start was given with; null when there is neither.
function atVenue(event, at, shape) {
  if (event.time_zone) {
    try {
      return written(at, shape, event.time_zone);
    } catch {
      // a zone that this browser does not know: the offset says the same for this one moment
    }
  }
  const found = /([+-])(\d\d):(\d\d)$/.exec(event.starts_at);
  if (!found) return null;
  const minutes = (Number(found[2]) * 60 + Number(found[3])) * (found[1] === '-' ? -1 : 1);
  return written(new Date(at.getTime() + minutes * 60_000), shape, 'UTC');
}

function zoneName(event) {
  if (event.time_zone) return event.time_zone.replaceAll('_', ' ');
  const found = /[+-]\d\d:\d\d$/.exec(event.starts_at);
  return found ? `UTC${found[0]}` : '';
}

const countFormat = new Intl.NumberFormat();
export const count = (n) => countFormat.format(n);
export const seats = (n) => `${count(n)} ${n === 1 ? 'seat' : 'seats'}`;

const dayTime = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** timeOf is the time of day of a moment as the server writes it, by this device's clock. */
export const timeOf = (text) => dayTime.format(new Date(text));

/** timeOfDay writes a moment as the reader's clock shows it. */
export const timeOfDay = (ms) => dayTime.format(ms);

/** clockText writes a rest of time as m:ss, rounding up so that 0:00 means over. */
export function clockText(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
}

/** soon says when something comes by itself, if that is worth a word. */
export const soon = (ms) => (ms >= 2500 ? `, in ${spokenTime(ms)}` : '');

/** spokenTime writes a rest of time for a screen reader. */
export function spokenTime(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  return total >= 60 ? `${Math.round(total / 60)} ${total < 90 ? 'minute' : 'minutes'}` : `${total} seconds`;
}

const clusters = Intl.Segmenter ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null;

/** shorten cuts a text to at most so many characters as a reader counts them; an accent or a joined emoji is not torn off. */
export function shorten(text, most) {
  if (text.length <= most) return text;
  const parts = clusters ? Array.from(clusters.segment(text), (part) => part.segment) : Array.from(text);
  return parts.length <= most ? text : `${parts.slice(0, most - 1).join('')}…`;
}
