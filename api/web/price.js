// What a price is made of, in words: before the hold, and of a booking. What people pay is always the total.

import { h } from './dom.js';
import { money } from './words.js';

/** typesOf answers the types of tickets of a category, the default one first; [] where it has none. */
export const typesOf = (event, category) => event.ticket_types?.[category] ?? [];

/** seatPrice answers what a seat of a category costs as a type, undefined for the default one: its parts, with the total. */
export function seatPrice(event, category, type) {
  const known = typesOf(event, category).find((t) => t.type === type);
  if (known) return known.price ?? { face: known.total, total: known.total };
  const total = event.prices?.[category] ?? NaN;
  return event.price_components?.[category] ?? { face: total, total };
}

const isComposed = (event) => Boolean(event.price_components) || Object.values(event.ticket_types ?? {}).flat().some((t) => t.price);

/** sumOf adds up what seats are made of, of [category, type] each; null where the event's prices are nothing but a face value. */
export function sumOf(event, chosen) {
  if (!isComposed(event)) return null;
  const sum = { face: 0, fees: [], taxes: [], total: 0 };
  const add = (list, part) => {
    const known = list.find(({ code }) => code === part.code);
    if (known) known.amount += part.amount;
    else list.push({ ...part });
  };
  for (const [category, type] of chosen) {
    const price = seatPrice(event, category, type);
    sum.face += price.face;
    sum.total += price.total;
    for (const fee of price.fees ?? []) add(sum.fees, fee);
    for (const tax of price.taxes ?? []) add(sum.taxes, tax);
  }
  return sum;
}

const rateText = ({ rate }) => (rate ? ` ${rate} %` : '');

/** priceLines lists a price by its parts, the total last; nothing for a price that is only a face value. */
export function priceLines(price) {
  if (!price || !(price.fees?.length || price.taxes?.length)) return [];
  const nameOf = ({ name, code }) => name || code.replaceAll('_', ' ');
  return [
    { name: 'Tickets', amount: price.face },
    ...(price.fees ?? []).map((fee) => ({ name: nameOf(fee), amount: fee.amount })),
    ...(price.taxes ?? []).map((tax) => ({ name: `${nameOf(tax)}${rateText(tax)}${tax.included ? ', included' : ''}`, amount: tax.amount })),
    { name: 'Total', amount: price.total, total: true },
  ];
}

/** breakdown shows priceLines; '' where there is nothing to break down. */
export function breakdown(price, event) {
  const lines = priceLines(price);
  if (lines.length === 0) return '';
  const part = ({ name, amount, total }) => h('li', {}, h(total ? 'strong' : 'bdi', { text: name }), h(total ? 'strong' : 'span', { class: 'amount', text: money(amount, event) }));
  return h('ul', { class: 'price-parts', 'aria-label': 'What the price is made of' }, lines.map(part));
}
