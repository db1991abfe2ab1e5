// What booking.js knows, in elements: the choice, the hold with its clock, the payment, the tickets.

import { serverNow } from './api.js';
import { Checkout } from './checkout.js';
import { contactLine } from './contact.js';
import { dismiss, h, icon, icons, isolated, keepFocus, say, setOff, toast, whenOn } from './dom.js';
import { ExchangeSeats } from './exchange.js';
import { GiveBack } from './giveback.js';
import { breakdown } from './price.js';
import { refundList } from './refunds.js';
import { ticketCodes } from './tickets.js';
import { announcementOf, count, endOf, money, priceOf, saleOf, seats, when } from './words.js';

/** Panel shows one Booking. hooks.seat(seat) brings a seat into the window. */
export class Panel {
  constructor(booking, model, hooks) {
    Object.assign(this, { booking, model, hooks });
    this.checkout = new Checkout(this);
    this.giveBack = new GiveBack(booking, () => this.update());
    this.exchange = new ExchangeSeats(booking, (id) => (model.indexOfID.has(id) ? this.seatName(model.indexOfID.get(id)) : id));
    this.title = h('h2', { tabindex: '-1' });
    this.body = h('div', { class: 'panel-body' });
    this.element = h('section', { class: 'panel', 'aria-label': 'Your seats' }, this.title, this.body);
    this.shown = '';
  }

  close() { this.checkout.close(); }

  /** update shows the booking as it stands. The form of a view is built once, so that typing and focus survive. */
  update() {
    keepFocus(this.element, this.title, () => {
      if (this.shown !== this.checkout.key) this.#build();
      this.element.setAttribute('aria-busy', String(Boolean(this.booking.busy)));
      this.#showStatus();
      this.refresh?.();
    });
  }

  #build() {
    const { checkout } = this;
    const { view } = checkout;
    if (this.element.dataset.view === 'confirmed') dismiss(); // good news of one booking says nothing about the next
    checkout.leave();
    this.shown = checkout.key;
    this.refresh = null;
    this.status = h('div', { class: 'status' });
    const parts = checkout.build(view) ?? {
      choosing: () => this.#choosing(), confirmed: () => this.#confirmed(), ended: () => this.#ended(),
    }[view]();
    this.body.replaceChildren(...parts);
    this.element.dataset.phase = this.booking.phase;
    this.element.dataset.view = view;
    this.element.parentElement?.scrollTo(0, 0);
    checkout.entered(view);
  }

  // Only what is new is put there: what stands there already is neither read out again nor taken from under the focus.
  #showStatus() {
    const { busy, notice } = this.booking;
    if (busy && busy !== this.spoken) say(busy);
    this.spoken = busy;
    if (this.status.busy === busy && this.status.notice === notice) return;
    Object.assign(this.status, { busy, notice });
    const lines = [];
    if (busy) lines.push(h('p', { class: 'notice info' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), h('span', { text: busy })));
    if (notice) {
      const buttons = (notice.actions ?? []).map(({ label, run }) => h('button', { type: 'button', class: 'quiet', 'data-focus': label, text: label, on: { click: run } }));
      lines.push(h('p', { class: `notice ${notice.kind}`, role: 'alert' }, h('span', { text: notice.text }), buttons));
    }
    this.status.replaceChildren(...lines);
    if (lines.length) this.status.scrollIntoView({ block: 'nearest' }); // on a phone the button that was pressed may stand far below
  }

  // ── choosing ──

  #choosing() {
    const { booking } = this;
    this.title.textContent = 'Choose your seats';
    const list = h('div');
    const hold = h('button', { type: 'button', class: 'primary wide', id: 'hold', on: { click: whenOn(() => booking.hold()) } });
    const sale = h('p', { class: 'notice warn', id: 'sale-note' });
    const best = this.#bestForm(), contact = contactLine(booking), bought = this.#boughtList();
    const news = this.#news(), swap = this.exchange.choosing();
    this.refresh = () => {
      const { chosen, busy, saleOpen, exchange } = booking;
      swap.refresh();
      best.element.hidden = Boolean(exchange);
      sale.hidden = saleOpen;
      news.refresh();
      const { label, over } = saleOf(booking.event, serverNow());
      sale.textContent = over ? `${label}. You can still look around.` : `${label}. You can look around; this page notices when the sale opens.`;
      if (list.shows !== chosen.join()) {
        list.shows = chosen.join();
        list.replaceChildren(chosen.length ? this.#chosenList() : h('p', { class: 'muted hint', text: 'Tap seats on the map, or let us find the best ones.' }));
      }
      hold.hidden = chosen.length === 0;
      setOff(hold, Boolean(busy) || !saleOpen || (exchange && chosen.length < exchange.gives.length));
      hold.textContent = exchange ? `Hold ${seats(chosen.length)} for an exchange` : `Hold ${seats(chosen.length)} · ${money(booking.amount, booking.event)}`;
      for (const part of [best, contact, bought]) part.refresh();
    };
    return [this.#ownTime(), news.element, sale, swap.element, this.status, list, hold, best.element, contact.element, bought.element];
  }

  // What everybody is told who bought or wants to: the event is called off, or put off.
  #news() {
    const element = h('p', { class: 'notice warn', id: 'news' });
    const refresh = () => {
      const text = announcementOf(this.booking.event, serverNow());
      element.hidden = text === '';
      if (element.textContent !== text) element.textContent = text;
    };
    refresh();
    return { element, refresh };
  }

  // Two clocks are worth a line where the fan decides.
  #ownTime() {
    const { venue, own } = when(this.booking.event);
    return own ? h('p', { class: 'muted small', id: 'when' }, `${venue}: ${own}.`) : '';
  }

  #chosenList() {
    const { booking } = this;
    const drop = (i) => h('button', { type: 'button', class: 'bare', 'aria-label': `Remove ${this.seatName(i)}`, 'data-focus': `remove ${i}`, on: { click: () => booking.toggle(i) } }, icon(icons.close));
    return h('div', {}, this.#grouped(booking.chosen, 'chosen', (i, short) => h('li', {}, this.#seatButton(i, short), this.#price(i), drop(i))), breakdown(booking.price, booking.event),
      h('div', { class: 'row between' }, h('span', { class: 'muted small', text: `${booking.chosen.length} of at most ${booking.seatsMax}` }),
        h('button', { type: 'button', class: 'link', text: 'Clear', 'data-focus': 'clear', on: { click: () => booking.clear() } })));
  }

  // Seats of several sections stand under their sections' names, which the lines need not repeat.
  #grouped(all, id, line) {
    const groups = this.booking.inSections(all);
    const list = (part) => h('ul', { class: 'seat-list' }, part.map((i) => line(i, groups.length > 1)));
    if (groups.length < 2) return h('div', { id }, groups.map(([, part]) => list(part)));
    return h('div', { id, class: 'basket' }, groups.map(([section, part]) => h('section', { 'aria-label': isolated(section.name) },
      h('h3', {}, h('bdi', { text: section.name }), h('small', { class: 'muted', text: ` · ${seats(part.length)}` })), list(part))));
  }

  #seatButton(i, short) {
    return h('button', { type: 'button', class: 'seat-name', 'data-focus': `seat ${i}`, on: { click: () => this.hooks.seat(i) } }, this.#swatch(i), h('span', {}, this.#seatNameParts(i).slice(short ? 2 : 0)));
  }

  #price(i) { return h('span', { class: 'amount', text: money(this.booking.priceOf(i), this.booking.event) }); }

  #swatch(i) { return h('i', { class: `swatch cat-${this.model.category[i] % 8}${this.model.accessible[i] ? ' square' : ''}`, 'aria-hidden': 'true' }); }

  /** seatName says where a seat is, in one text. */
  seatName(i) {
    const row = this.model.rows[this.model.rowOf[i]];
    return `${isolated(this.model.sections[row.section].name)} · Row ${isolated(row.label)} · Seat ${isolated(this.model.labels[i])}`;
  }

  #seatNameParts(i) {
    const row = this.model.rows[this.model.rowOf[i]];
    const name = (text) => h('bdi', { text });
    return [name(this.model.sections[row.section].name), ' · ', 'Row ', name(row.label), ' · Seat ', name(this.model.labels[i])];
  }

  #bestForm() {
    const { booking, model } = this;
    let quantity = Math.min(2, booking.seatsMax);
    const number = h('output', { id: 'best-quantity', 'aria-live': 'polite' });
    const step = (by) => { quantity = Math.max(1, Math.min(booking.seatsMax, quantity + by)); refresh(); };
    const fewer = h('button', { type: 'button', class: 'round', 'aria-label': 'One seat fewer', on: { click: whenOn(() => step(-1)) } }, icon(icons.minus));
    const more = h('button', { type: 'button', class: 'round', 'aria-label': 'One seat more', on: { click: whenOn(() => step(1)) } }, icon(icons.plus));
    const category = h('select', { id: 'best-category' }, h('option', { value: '', text: 'Any price' }),
      model.categories.map((c) => h('option', { value: c, text: `${isolated(c)} · ${money(priceOf(booking.event, c), booking.event)}` })));
    const section = h('select', { id: 'best-section' }, h('option', { value: '', text: 'Any section' }),
      [...new Map(model.sections.map((s) => [s.plan, s.name]))].map(([id, name]) => h('option', { value: id, dir: 'auto', text: name })));
    const accessible = h('input', { type: 'checkbox', id: 'best-accessible' });
    const find = h('button', { type: 'submit', class: 'wide', id: 'best' }, icon(icons.spark), h('span'));
    const refresh = () => {
      number.textContent = String(quantity);
      setOff(fewer, quantity <= 1);
      setOff(more, quantity >= booking.seatsMax);
      find.lastChild.textContent = quantity === 1 ? 'Hold the best seat' : `Hold the best ${quantity} together`;
      setOff(find, Boolean(booking.busy) || !booking.saleOpen);
      find.classList.toggle('primary', booking.chosen.length === 0);
    };
    const ask = (e) => {
      e.preventDefault();
      if (find.getAttribute('aria-disabled') === 'true') return;
      booking.best({ quantity, section: section.value, category: category.value, accessible: accessible.checked });
    };
    const element = h('form', { class: 'best', on: { submit: ask } }, h('h3', { text: 'Best available' }),
      h('div', { class: 'row between' }, h('span', { text: 'How many' }), h('div', { class: 'row stepper' }, fewer, number, more)),
      h('div', { class: 'pair' }, h('label', {}, 'Price', category), h('label', {}, 'Section', section)),
      h('label', { class: 'check' }, accessible, 'Step-free seats only'), find);
    return { element, refresh };
  }

  // Bookings of this tab that were paid. They are built anew only when one of them has changed.
  #boughtList() {
    const summary = h('summary'), list = h('div');
    const element = h('details', { class: 'bought' }, summary, list);
    let ways = [], swaps = [], offered = false;
    const refresh = () => {
      const { bought } = this.booking;
      const shows = JSON.stringify(bought);
      element.hidden = bought.length === 0;
      if (list.shows !== shows) {
        list.shows = shows;
        summary.textContent = `Your tickets (${count(bought.reduce((n, b) => n + (b.tickets ?? []).length, 0))})`;
        ways = bought.map((b) => this.giveBack.part(b));
        swaps = bought.map((b) => this.exchange.part(b));
        list.replaceChildren(...bought.flatMap((b, i) => [this.#codes(b), this.#tickets(b), this.#refunds(b), swaps[i].element, ways[i].element]));
      }
      for (const part of [...ways, ...swaps]) part.refresh();
      if (!offered && ways.some((way) => way.offered())) element.open = offered = true;
    };
    return { element, refresh };
  }

  #refunds(view) {
    const { indexOfID } = this.model;
    return refundList(view, this.booking, (id) => (indexOfID.has(id) ? this.seatName(indexOfID.get(id)) : id));
  }

  /** total is what the booking costs, in words. */
  total() {
    const { total } = this.booking.current;
    return total ? money(total.amount, this.booking.event) : '';
  }

  /** seatList shows the booking's seats, by section. */
  seatList() {
    const { current } = this.booking, { indexOfID } = this.model;
    const known = current.seats.map((id) => indexOfID.get(id)).filter((i) => i !== undefined);
    const strange = current.seats.filter((id) => !indexOfID.has(id)).map((id) => h('li', {}, h('span', { text: id })));
    const list = this.#grouped(known, 'held-seats', (i, short) => h('li', {}, this.#seatButton(i, short), this.#price(i)));
    if (strange.length) list.append(h('ul', { class: 'seat-list' }, strange));
    return list;
  }

  // ── confirmed, ended ──

  #confirmed() {
    const { booking } = this;
    const { current } = booking;
    const gone = current.refunds?.length > 0 && !current.tickets?.length; // the processor has not taken the refund yet
    const news = this.#news(), way = this.giveBack.part(current), swap = this.exchange.part(current);
    this.refresh = () => { news.refresh(); way.refresh(); swap.refresh(); };
    this.title.textContent = gone ? 'Given back' : 'Enjoy the show';
    if (this.greeted !== current.id) toast(booking.free ? 'Your tickets are here.' : 'Paid. Your tickets are here.', 'good');
    this.greeted = current.id;
    const many = seats(current.seats.length);
    const bought = gone ? '' : h('p', { class: 'notice good' }, icon(icons.check), h('span', { text: booking.free ? `${many}, free of charge` : `${many} bought for ${this.total()}` }));
    return [bought, news.element, this.status, this.#codes(current, { atOnce: true }), this.#tickets(current), this.#refunds(current), swap.element, way.element,
      h('button', { type: 'button', class: 'wide', id: 'again', text: booking.event.waiting_room ? 'Back to the waiting room' : 'Choose more seats', on: { click: () => booking.again() } })];
  }

  #codes(view, how) {
    const { indexOfID } = this.model;
    return view.tickets?.length ? ticketCodes(view, (id) => (indexOfID.has(id) ? this.seatName(indexOfID.get(id)) : id), how) : '';
  }

  #tickets(view) {
    const { booking, model } = this;
    if (!view.tickets?.length) return '';
    return h('ul', { class: 'tickets' }, view.tickets.map(({ seat, code }) => {
      const i = model.indexOfID.get(seat);
      const row = i === undefined ? null : model.rows[model.rowOf[i]];
      const fact = (name, value) => h('div', {}, h('dt', { text: name }), h('dd', {}, h('bdi', { text: value })));
      return h('li', { class: `ticket${i === undefined ? '' : ` edge-${model.category[i] % 8}`}` },
        h('div', {}, h('strong', { dir: 'auto', text: booking.event.name }), h('p', { class: 'muted small', text: when(booking.event).venue })),
        row ? h('dl', {}, fact('Section', model.sections[row.section].name), fact('Row', row.label), fact('Seat', model.labels[i])) : h('p', { text: seat }),
        h('div', { class: 'code' }, h('small', { text: 'Ticket code' }), h('code', { text: code }),
          navigator.clipboard ? h('button', { type: 'button', class: 'link', text: 'Copy', 'aria-label': `Copy the code of seat ${row ? model.labels[i] : seat}`, on: { click: () => copy(code) } }) : null));
    }));
  }

  // A hold that ran out leaves a wish: its seats, as far as they are free, are one press away.
  #ended() {
    const { booking } = this;
    const [title, words] = endOf(booking.current.state, booking.event);
    const news = this.#news();
    this.title.textContent = title;
    say(`${title}. ${words}`);
    const same = h('button', { type: 'button', class: 'primary wide', id: 'hold-again', on: { click: whenOn(() => booking.holdAgain()) } });
    const again = h('button', { type: 'button', class: 'wide', id: 'again', text: 'Choose again', on: { click: () => booking.again() } });
    const gone = h('p', { class: 'muted', id: 'hold-again-gone' });
    const had = booking.lapsed.length;
    this.refresh = () => {
      news.refresh();
      const free = booking.stillFree.length;
      same.hidden = free === 0;
      setOff(same, Boolean(booking.busy) || !booking.saleOpen);
      same.textContent = free < had ? `Hold the ${seats(free)} that ${free === 1 ? 'is' : 'are'} still free` : `Hold the same ${seats(had)} again`;
      again.classList.toggle('primary', free === 0);
      gone.hidden = had === 0 || free > 0;
      gone.textContent = 'Somebody else has these seats by now.';
    };
    return [h('p', { text: words }), news.element, this.status, this.#refunds(booking.current), same, gone, again];
  }
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code);
    toast('Copied.', 'good');
  } catch {
    toast('The browser did not allow copying.', 'warn');
  }
}
