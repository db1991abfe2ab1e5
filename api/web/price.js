// What a price is made of, in words: before the hold, and of a booking. What people pay is always the total.

import { h } from './dom.js';
import { money } from './words.js';

/** sumOf adds up what seats of these categories are made of; null where the event's prices are nothing but a face value. */
export function sumOf(event, categories) {
  if (!event.price_components) return null;
  const sum = { face: 0, fees: [], taxes: [], total: 0 };
  const add = (list, part) => {
    const known = list.find(({ code }) => code === part.code);
    if (known) known.amount += part.amount;
    else list.push({ ...part });
  };
  for (const category of categories) {
    const total = event.prices?.[category] ?? NaN;
    const price = event.price_components[category] ?? { face: total, total };
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
