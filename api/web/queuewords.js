// What a waiting room says to a person: plain, kind, and no more than is known.

import { count, money, seats } from './words.js';

const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });
const endings = { one: 'st', two: 'nd', few: 'rd', other: 'th' };

/** nth writes a position: 1st, 2nd, 3rd, 214th. */
export const nth = (n) => `${count(n)}${endings[ordinals.select(n)]}`;

/** people counts people. */
export const people = (n) => `${count(n)} ${n === 1 ? 'person' : 'people'}`;

/** longClock writes a rest of time as h:mm:ss, or m:ss below an hour; rounded up, so that 0:00 means over. */
export function longClock(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, String(total % 60).padStart(2, '0')];
  if (total >= 48 * 3600) return `${Math.round(total / 86_400)} days`;
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** about writes a time that is no promise, from seconds. */
export function about(seconds) {
  if (seconds < 50) return 'less than a minute';
  if (seconds < 90 * 60) return plural(Math.ceil(seconds / 60), 'about', 'minute');
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), 'about', 'hour');
  return 'more than a day';
}

/** lasting writes a time that was set, from seconds. */
export const lasting = (seconds) => (seconds % 60 ? `${count(seconds)} seconds` : plural(seconds / 60, '', 'minute').trim());

const plural = (n, before, unit) => `${before} ${count(n)} ${unit}${n === 1 ? '' : 's'}`;

const noEta = {
  not_drawn: 'How long it takes can be said after the draw.',
  not_open: 'How long it takes can be said once the doors are open.',
  paused: 'Nobody is called at the moment, so nobody can say how long it takes.',
  sold_out: 'Everything is sold or held, so nobody is called.',
  no_pace: 'Nobody was called in the last minute, so nobody can say how long it takes.',
};

/** etaText says how long it may take and how that was computed, or why nobody can say. */
export function etaText({ eta, basis, pace }) {
  if (eta === null) return noEta[basis] ?? 'Nobody can say how long it takes.';
  const a = `Your turn may come in ${about(eta)}.`;
  const perMinute = Math.round(pace * 60 / 1000);
  if (perMinute >= 1) return `${a} That is by the pace of the last minute, in which ${perMinute === 1 ? 'one person was' : `${count(perMinute)} people were`} called. It is no promise.`;
  return `${a} That is by the pace of the last minutes. It is no promise.`;
}

/** grewText says why an ETA is later than before. */
export function grewText(why) {
  return {
    slower: 'It is later than before: people ahead of you take longer, so fewer are called a minute.',
    paused: 'It is later than before: nobody was called during the pause.',
    no_pace: 'It is later than before: for a while nobody was called.',
    sold_out: 'It is later than before: for a while everything was held, and nobody was called.',
    not_open: 'It is later than before: the doors opened later.',
  }[why] ?? '';
}

/** aheadText says how many are ahead, and that it is the most that can be. */
export function aheadText(ahead) {
  if (ahead === 0) return 'Nobody is ahead of you.';
  return `At most ${people(ahead)} ${ahead === 1 ? 'is' : 'are'} ahead of you. Some of them will have left, and nobody knows who: it can go faster, and you can never fall back.`;
}

/** offerText says what is left at which price. */
export function offerText({ price_range: range }, event) {
  if (!range) return '';
  const [from, to] = [range.from.amount, range.to.amount].map((amount) => money(amount, event));
  return from === to ? `Free seats now cost ${from}.` : `Free seats now cost ${from} to ${to}.`;
}

/** togetherText says whether a party could sit together now. */
export function togetherText({ size, together }) {
  if (size === 1) return together === 'no' ? 'No single seat is free now. Held seats may come back.' : '';
  return {
    yes: `${seats(size)} side by side are free now.`,
    split: `${seats(size)} are free now, but no longer side by side.`,
    no: `${seats(size)} are no longer free. Fewer may be, and held seats may come back.`,
  }[together] ?? '';
}

/** drawText explains how the order comes about, and whom one has to trust. rules are the event's. */
export function drawText(rules) {
  if (!rules.closes_at) return ['First come, first served: your place is your number in the order of joining. It is yours for ever, and nobody is put before you.'];
  const late = 'Whoever joins after the lobby has closed stands behind everybody who was drawn, in the order of joining.';
  const blind = 'What no draw can show: whether somebody entered under many names, or whether an entry was turned away before it counted.';
  const equal = 'In the lobby nobody is first: it makes no difference when you join. When it closes, the list of all entries is sealed with one number, the root. Only then comes the random value that gives the order.';
  const beacon = `The random value is round ${count(rules.draw?.round ?? 0)} of a public beacon (drand). That round was named before the lobby opened, and is published after it has closed, so neither we nor the organiser can know it, or choose. Anybody can recompute the order.`;
  const operator = 'The random value is handed in by the organiser after the list was sealed. Outsiders cannot foresee it. That the organiser does not pick one that suits somebody, you have to trust. Anybody can recompute the order from it.';
  return [equal, rules.draw?.independent ? beacon : operator, late, blind];
}

/** goneWords says what an end means and what can be done. */
export const goneWords = {
  left: ['You have left the waiting room', 'Somebody else moves up: thank you. You can join again, behind those who wait now.'],
  lapsed: ['Your turn has passed', 'You were called, and nobody came in time, nor in the time that was added for latecomers. That happens. You can join again, behind those who wait now.'],
  finished: ['Your time inside is over', 'What you have bought stays yours, and what you hold can still be paid. To choose more seats, join again, behind those who wait now.'],
};

const checkWords = {
  readable: ['The published draw can be read.', 'The published draw is not one that this page can read.'],
  event: ['It is the draw of this event.', 'It is the draw of another event.'],
  witness: ['The sealed list is the one that this browser saw before the random value was known.', 'The sealed list is not the one that this browser saw before the draw: it was changed.', 'This browser was not here between the close and the draw, so it cannot say whether the sealed list stayed as it was. Others who waited can.'],
  mine: ['The entry is yours: your number, and the party you joined with.', 'The entry is not the one you joined with.'],
  late: ['You joined after the close: your place is your number, behind everybody who was drawn.', ''],
  root: ['Your entry is in the sealed list: the path leads from it to the root.', 'Your entry is not in the sealed list: the path does not lead to the root.'],
  seed: ['The seed comes from this event, the number of entries, the root and the random value.', 'The seed does not come from what was published.'],
  round: ['The round of the beacon is the one that the rule gives for this close.', 'The round of the beacon is not the one that the rule gives.'],
  signature: ['', '', 'Whether the beacon published this value, a browser cannot look up here: compare it at drand, or run “holdfast draw verify”.'],
  operator: ['', '', 'The random value came from the organiser. That it was not chosen to suit somebody, you have to trust.'],
  rank: ['Your place follows from seed and number: this page has computed the same one.', 'Your place does not follow from seed and number.'],
};

/** checkText writes one check of a draw. */
export function checkText({ id, ok }) {
  const [good, bad, unknown] = checkWords[id];
  return ok === null ? unknown : ok ? good : bad;
}

/** verdict sums a draw's checks up. */
export function verdict(checks, drawn) {
  if (checks.some(({ ok }) => ok === false)) return { kind: 'bad', text: 'Something does not fit. Keep a copy of the proof, and ask the organiser.' };
  if (!drawn) return { kind: 'info', text: 'So far everything fits. The draw itself has not been made: check again after it.' };
  return { kind: 'good', text: 'Your place is right: this browser has recomputed the draw.' };
}
