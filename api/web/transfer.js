// Tickets for somebody else: offered by who has them, with a link to send, and accepted on a page of its own (#/transfer/…).
//
//	give ──▶ which of them ──▶ a link: copied, shared, taken back
//	the link ──▶ what it is about ──▶ accepted: the tickets are under "My bookings"

import { get, getOwn, mutate, serverNow, whoIsKnown } from './api.js';
import { focusOn, h, say, toast, whenOn } from './dom.js';
import { identity } from './identity.js';
import { forgetCodes } from './tickets.js';
import { problemText, seats, timeOf, when } from './words.js';

const pathOf = (id) => `/v1/bookings/${encodeURIComponent(id)}/transfers`;
const linkOf = (token) => `${location.origin}${location.pathname}#/transfer/${token}`;

/** giveAway is what a booking shows about its tickets and others; changed() hears that the booking is to be read anew. */
export function giveAway(view, event, changed) {
  const part = new GiveAway(view, event, changed);
  part.rest();
  return part.element;
}

class GiveAway {
  constructor(view, event, changed) {
    Object.assign(this, { view, event, changed });
    this.element = h('section', { class: 'give-away', 'aria-label': 'Tickets for somebody else' });
  }

  get #offered() { return (this.view.transfers ?? []).filter(({ state, side }) => state === 'offered' && side === 'sent'); }

  // The seats whose tickets can be offered now.
  get #free() {
    const offered = this.#offered.flatMap((one) => one.seats);
    return (this.view.tickets ?? []).map(({ seat }) => seat).filter((seat) => !offered.includes(seat));
  }

  get #may() {
    const { event, view } = this;
    return view.state === 'confirmed' && event && !event.forbid_transfers && !event.cancelled && Date.parse(event.starts_at) > serverNow();
  }

  #button(text, run, kind = 'wide') {
    const el = h('button', { type: 'button', class: kind, text, on: { click: whenOn(() => this.#does(el, run)) } });
    return el;
  }

  async #does(button, run) {
    button.setAttribute('aria-disabled', 'true');
    try {
      await run();
    } catch (err) {
      toast(problemText(err, this.event ?? {}), 'bad');
    } finally {
      button.removeAttribute('aria-disabled');
    }
  }

  /** rest shows what became of the tickets, and the way to begin. */
  rest() {
    const lines = (this.view.transfers ?? []).map((one) => {
      const names = one.seats.join(', ');
      if (one.state === 'accepted') return h('p', { class: 'muted', dir: 'auto', text: `${names}: ${one.side === 'received' ? 'given to you' : 'given to somebody else'}` });
      if (one.state !== 'offered' || one.side !== 'sent') return null;
      return h('div', { class: 'offer' }, h('p', { dir: 'auto', text: `${names}: offered to somebody else` }),
        this.#button('Show the link', () => this.#show(one.number)), this.#button('Take the offer back', () => this.#withdraw(one.number), 'wide quiet'));
    });
    const begin = this.#may && this.#free.length ? this.#button('Give to somebody else', () => this.#ask()) : null;
    this.element.replaceChildren(...[...lines, begin].filter(Boolean));
    this.element.hidden = !this.element.children.length;
  }

  #ask() {
    const boxes = this.#free.map((seat) => h('input', { type: 'checkbox', name: 'seat', value: seat, checked: true }));
    const drop = () => {
      this.rest();
      focusOn(this.element.querySelector('button'));
    };
    const make = this.#button('Make a link', async () => {
      const chosen = boxes.filter((box) => box.checked).map(({ value }) => value);
      if (!chosen.length) return toast('Choose at least one ticket.', 'warn');
      const { body } = await mutate('POST', pathOf(this.view.id), { seats: chosen });
      this.view.transfers = [...(this.view.transfers ?? []), { number: Number(body.id.split('.').pop()), state: 'offered', side: 'sent', seats: chosen }];
      this.#link(body);
      return undefined;
    }, 'wide primary');
    this.element.replaceChildren(h('fieldset', { on: { keydown: (e) => { if (e.key === 'Escape') drop(); } } },
      h('legend', { text: 'Which tickets?' }), boxes.map((box) => h('label', { class: 'check' }, box, h('bdi', { text: box.value }))),
      h('p', { class: 'muted', text: 'Whoever opens the link first and accepts has the tickets. Until then they stay yours. A refund would go to whoever paid.' })),
    make, this.#button('Not now', drop, 'wide quiet'));
    focusOn(boxes[0]);
  }

  async #show(number) {
    const { transfers } = await getOwn(pathOf(this.view.id));
    const one = transfers.find(({ id }) => id.endsWith(`.${number}`));
    if (one?.token) this.#link(one);
    else await this.changed();
  }

  #link(transfer) {
    const address = linkOf(transfer.token);
    const field = h('input', { type: 'text', readonly: true, value: address, 'aria-label': 'The link', class: 'link-field', on: { focus: () => field.select() } });
    const copy = this.#button('Copy the link', async () => {
      await navigator.clipboard.writeText(address).catch(() => {
        field.select();
        document.execCommand('copy'); // pages without a certificate have no clipboard
      });
      toast('The link is copied.', 'good');
    }, 'wide primary');
    const share = navigator.share ? this.#button('Share', () => navigator.share({ title: transfer.event_name, url: address }).catch(() => {})) : null;
    this.element.replaceChildren(...[
      h('p', { text: `Send this link to whoever is to have the tickets: ${transfer.tickets.map(({ seat }) => seat).join(', ')}. It can be accepted until ${timeOf(transfer.expires_at)}.` }),
      field, copy, share, this.#button('Take the offer back', () => this.#withdraw(Number(transfer.id.split('.').pop())), 'wide quiet'),
      this.#button('Done', () => { this.rest(); focusOn(this.element.querySelector('button')); }, 'wide quiet')].filter(Boolean));
    say('A link is made. Send it to whoever is to have the tickets.');
    focusOn(copy);
  }

  async #withdraw(number) {
    await mutate('DELETE', `/v1/transfers/${encodeURIComponent(`${this.view.id}.${number}`)}`);
    forgetCodes(this.view.id);
    toast('The offer is taken back. The tickets are yours.', 'good');
    await this.changed();
  }
}

/** showTransfer fills the page of a link; leave() ends what it started. */
export function showTransfer(root, token) {
  document.title = 'Holdfast: tickets for you';
  const stopper = new AbortController();
  const title = h('h1', { text: 'Tickets for you', tabindex: '-1' });
  const body = h('div', { id: 'transfer', 'aria-busy': 'true' }, h('p', { class: 'muted', text: 'Looking at the link…' }));
  root.replaceChildren(h('div', { class: 'page' }, h('div', { class: 'page-head' }, title), body));
  const fill = (...kids) => {
    body.removeAttribute('aria-busy');
    body.replaceChildren(...kids.filter(Boolean));
  };
  const look = async () => {
    try {
      const [transfer] = await Promise.all([get(`/v1/transfers/${encodeURIComponent(token)}`, { signal: stopper.signal }), whoIsKnown().catch(() => {})]);
      if (!stopper.signal.aborted) fill(...parts(transfer, accept));
    } catch (err) {
      if (stopper.signal.aborted) return;
      fill(h('p', { class: 'notice warn', role: 'alert', text: problemText(err) }), h('button', { type: 'button', class: 'quiet', text: 'Look again', on: { click: look } }));
    }
  };
  const accept = async (button) => {
    button.setAttribute('aria-disabled', 'true');
    try {
      const { body: now } = await mutate('POST', `/v1/transfers/${encodeURIComponent(token)}/accept`, undefined, { signal: stopper.signal });
      forgetCodes(now.booking);
      fill(...parts(now, accept));
      say('The tickets are yours.');
      focusOn(body.querySelector('a'));
    } catch (err) {
      if (stopper.signal.aborted) return;
      button.removeAttribute('aria-disabled');
      toast(problemText(err), 'bad');
      if (err.status === 409 || err.status === 410) look();
    }
  };
  look();
  return { leave: () => stopper.abort() };
}

const over = {
  accepted: 'Somebody has accepted these tickets already.', withdrawn: 'This offer was taken back.', expired: 'The time of this offer is over.',
};

function parts(transfer, accept) {
  const about = h('section', { class: 'card', 'aria-label': 'What it is about' }, h('span', { class: 'card-text' },
    h('strong', { dir: 'auto', text: transfer.event_name }),
    h('span', { class: 'muted', text: when({ starts_at: transfer.starts_at, time_zone: transfer.time_zone }).venue }),
    h('ul', { class: 'travelling' }, transfer.tickets.map((t) => h('li', { dir: 'auto', text: `${t.section}, ${t.seat} (${t.category})` })))));
  if (transfer.side === 'received') {
    return [h('p', { class: 'notice good', role: 'status', text: `${seats(transfer.tickets.length)}: the tickets are yours.` }), about,
      h('p', {}, h('a', { href: '#/me', text: 'See them under My bookings' }))];
  }
  if (transfer.state !== 'offered') {
    return [h('p', { class: 'notice warn', role: 'status', text: over[transfer.state] ?? transfer.state }), about,
      h('p', {}, h('a', { href: '#/me', text: 'My bookings' }))];
  }
  const terms = h('p', { class: 'muted', text: `You can accept until ${timeOf(transfer.expires_at)}. The tickets get new codes; a refund would go to whoever paid for them.` });
  const button = identity.known
    ? h('button', { type: 'button', class: 'primary wide', id: 'accept', text: 'Accept the tickets', on: { click: whenOn(() => accept(button)) } })
    : h('button', { type: 'button', class: 'primary wide', id: 'accept', text: 'Sign in to accept', on: { click: () => dispatchEvent(new Event('holdfast:unauthorized')) } });
  return [about, terms, button];
}
