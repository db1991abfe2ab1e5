// One event: loads it, lays out map and panel, and ties model, live stream, view, hands and booking together.

import { get, pause, serverNow, whoIsKnown } from './api.js';
import { Booking } from './booking.js';
import { admitted } from './admission.js';
import { identity } from './identity.js';
import { alarm, focusOn, h, icon, icons, isolated, say, toast } from './dom.js';
import { MapInput } from './input.js';
import { LiveMap } from './live.js';
import { MapView } from './mapview.js';
import { SeatModel } from './model.js';
import { operatorCorner } from './operator.js';
import { Panel } from './panel.js';
import { onWake } from './wake.js';
import { count, money, priceOf, problemText, saleOf, seatStateWords, when } from './words.js';

const salePollMs = 4000;
const countsPauseMs = 400;
const lostShownMs = 6000;

/** showEvent fills the page with one event; leave() ends everything it started. */
export function showEvent(root, id, stats) {
  let page;
  const begin = () => {
    page = new EventPage(root, id, stats, () => { page.leave(); begin(); focusOn(root); });
    page.open().catch((err) => page.fail(err));
  };
  begin();
  return { leave: () => page.leave() };
}

class EventPage {
  constructor(root, id, stats, again) {
    Object.assign(this, { root, id, stats, again });
    this.stopper = new AbortController();
    this.parts = [];
    this.timers = new Map();
    root.replaceChildren(h('div', { class: 'event' }, h('div', { class: 'map-box skeleton', 'aria-hidden': 'true' }), h('div', { class: 'panel' }, h('p', { class: 'muted', text: 'Loading the house …' }))));
  }

  leave() {
    this.stopper.abort();
    this.parts.forEach((part) => part());
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  fail(err) {
    if (this.stopper.signal.aborted) return;
    const words = err.status === 404 ? 'There is no such event.' : err.status === undefined ? 'This page met a fault.' : problemText(err);
    document.title = `${words} Holdfast`;
    alarm(words);
    this.root.replaceChildren(h('div', { class: 'empty' }, h('h1', { text: words }),
      h('div', { class: 'row center' }, h('a', { class: 'button', href: '#/', text: 'All events' }), h('button', { type: 'button', class: 'primary', text: 'Try again', on: { click: () => location.reload() } }))));
    if (err.status === undefined) throw err;
  }

  async open() {
    const base = `/v1/events/${encodeURIComponent(this.id)}`;
    const options = { signal: this.stopper.signal, attempts: 5 };
    const event = await get(base, options);
    this.session = await admitted(this.root, event, this.stopper.signal);
    const seatmap = await get(`${base}/seatmap`, options); // for those inside: a crowd that waits does not load the house
    if (this.stopper.signal.aborted) return;
    this.event = event;
    this.model = new SeatModel(seatmap, event.prices);
    this.stats.seats = this.model.count;
    document.title = `${event.name}: Holdfast`;
    this.booking = new Booking(event, this.model, {
      changed: () => this.bookingChanged(), lost: (seats) => this.showLost(seats),
      held: (seats) => this.view.showSeats(seats), saleChanged: () => this.watchSale(),
      admission: () => this.session?.token, notAdmitted: (err) => this.session?.refused(err),
    });
    this.panel = new Panel(this.booking, this.model, { seat: (i) => this.view.showSeats([i]) });
    this.layOut();
    this.follow();
    this.watchSale();
    onWake(() => this.booking.wake(), this.stopper.signal);
    this.session?.start({ changed: () => this.sessionChanged() });
    this.askContact();
    await this.booking.resume();
    this.sessionChanged();
    if (this.booking.current && this.view.far) this.view.showSeats(this.booking.mine);
  }

  // Asked ahead of the first hold, which must not wait for it.
  async askContact() {
    const { contact } = this.booking;
    const asks = whoIsKnown().then(() => identity.known && contact.look(), () => false);
    if (await asks.catch((err) => { if (!this.stopper.signal.aborted) throw err; })  !== false && !this.stopper.signal.aborted) this.panel.update();
  }

  layOut() {
    this.canvas = h('canvas', { class: 'map', id: 'map', tabindex: '0', role: 'application', 'aria-label': `Seat map of ${this.event.name}`, 'aria-describedby': 'map-help', 'aria-roledescription': 'seat map' });
    this.tip = h('div', { class: 'tip', role: 'presentation', hidden: true });
    this.liveChip = h('span', { class: 'live', id: 'live', text: 'connecting' });
    this.saleBadge = h('span', { class: 'badge', id: 'sale' });
    const button = (label, path, run) => h('button', { type: 'button', class: 'round', 'aria-label': label, title: label, on: { click: run } }, icon(path));
    const tools = [button('Zoom in', icons.plus, () => this.view.zoomBy(1.8)), button('Zoom out', icons.minus, () => this.view.zoomBy(1 / 1.8)), button('Show the whole house', icons.fit, () => this.view.fit())];
    const help = h('p', { class: 'vh', id: 'map-help', text: 'Arrow keys move from seat to seat, Enter chooses. Plus and minus zoom, zero shows the whole house, Page Up and Page Down change the section, Shift with arrows moves the map.' });
    this.legend = h('ul', { class: 'legend', 'aria-label': 'Legend' });
    const scrolls = new ResizeObserver(() => focusIfScrolled(this.legend));
    scrolls.observe(this.legend);
    this.parts.push(() => scrolls.disconnect());
    const foot = h('div', { class: 'map-foot' }, this.legend, h('div', { class: 'map-tools', role: 'group', 'aria-label': 'Map' }, this.liveChip, tools));
    const side = h('div', { class: 'side' }, this.session?.element, this.panel.element, operatorCorner(this.event, (event) => this.setEvent(event)));
    this.root.replaceChildren(h('div', { class: 'event' },
      h('div', { class: 'map-box' }, h('div', { class: 'map-wrap' }, this.canvas, this.tip), help, foot), side));
    const at = when(this.event);
    document.getElementById('bar-middle').replaceChildren(h('a', { class: 'round back', href: '#/', 'aria-label': 'All events' }, icon(icons.back)),
      h('div', { class: 'bar-event' }, h('h1', { dir: 'auto', title: this.event.name, text: this.event.name }), h('span', { class: 'muted', text: at.venue, title: [at.venue, at.own].filter(Boolean).join(', ') })), this.saleBadge);
    this.setEvent(this.event);
    this.view = new MapView(this.canvas, this.model, this.stats, { moved: () => { if (this.view.hover < 0 && !this.view.far) this.tip.hidden = true; } });
    this.input = new MapInput(this.view, {
      pick: (i) => this.pick(i), hover: (i) => this.showTip(i), section: (section, at) => this.showSectionTip(section, at), cursor: (i) => say(this.describe(i)),
      enter: (section) => { this.view.showBox(section.box); say(`${section.name}, ${count(section.free)} free`); },
    });
    this.parts.push(() => this.view.close(), () => this.panel.close(), () => this.booking.stop(), () => this.session?.stop());
    this.panel.update();
    this.countUp();
    this.expose();
  }

  // For tests and the curious: where things are, never a way to change them.
  expose() {
    const { view, model } = this;
    window.__holdfast = {
      stats: this.stats,
      seatPoint: (id) => { const box = this.canvas.getBoundingClientRect(); const [x, y] = view.pointOf(model.indexOfID.get(id)); return { x: x + box.left, y: y + box.top }; },
      seatLetter: (id) => model.letterText(model.indexOfID.get(id)),
      settled: () => view.crisp && !view.target && !view.frame,
      scale: () => view.view.k * model.pitch,
      chosen: () => this.booking.chosen.map((i) => model.ids[i]),
      cursor: () => (view.cursor < 0 ? '' : model.ids[view.cursor]),
      show: (id) => view.showSeats([model.indexOfID.get(id)]),
    };
  }

  follow() {
    this.live = new LiveMap(this.id, this.model, this.stats, {
      changed: (seats) => this.seatsChanged(seats),
      state: (state) => this.showLive(state),
    });
    this.parts.push(() => this.live.stop());
    this.live.run().catch((err) => { if (!this.stopper.signal.aborted) { this.showLive('reconnecting'); toast(problemText(err), 'bad', { label: 'Reload', run: () => location.reload() }); } });
  }

  showLive(state) {
    this.stats.live = state;
    this.liveChip.className = `live ${state === 'live' ? 'steady' : state}`;
    this.liveChip.textContent = state;
  }

  seatsChanged(seats) {
    this.view.seatsChanged(seats);
    this.booking.seatsGone(seats);
    if (!this.counted) { this.counted = true; this.countUp(); }
    this.once('counts', countsPauseMs, () => { this.countUp(); if (this.booking.lapsed.length) this.panel.update(); });
  }

  /** once runs something later, at most once per pause however often it is asked. */
  once(name, ms, run) {
    if (this.timers.has(name)) return;
    this.timers.set(name, setTimeout(() => { this.timers.delete(name); run(); }, ms));
  }

  // Whoever has no time left and holds nothing has nothing to do in the house: back to the waiting room.
  sessionChanged() {
    const { session, booking } = this;
    if (this.stopper.signal.aborted) return;
    if (session?.over && booking.phase === 'choosing' && !booking.busy) return this.again();
    session?.update(booking.phase);
  }

  bookingChanged() {
    this.view.chosen = new Set(this.booking.chosen);
    this.view.mine = new Set(this.booking.mine);
    this.view.draw();
    this.panel.update();
    if (this.booking.phase === 'confirmed') this.session?.look(); // who has bought has been inside
    this.sessionChanged();
  }

  showLost(seats) {
    this.view.lost = new Set(seats);
    this.view.draw();
    clearTimeout(this.timers.get('lost'));
    this.timers.set('lost', setTimeout(() => { this.view.lost = new Set(); this.view.draw(); }, lostShownMs));
  }

  pick(seat) {
    const { booking } = this;
    const wasChosen = booking.chosen.includes(seat);
    const refusal = booking.toggle(seat);
    if (refusal) toast(refusal, 'warn');
    else say(`${this.describe(seat)}. ${wasChosen ? 'Dropped' : `${count(booking.chosen.length)} chosen`}`);
  }

  describe(seat) {
    const { model, booking } = this;
    const price = money(booking.priceOf(seat), this.event);
    const state = seatStateWords(model.letterText(seat), { chosen: this.view.chosen.has(seat), mine: this.view.mine.has(seat) });
    return `${this.panel.seatName(seat).replaceAll(' · ', ', ')}, ${price}, ${state}${model.accessible[seat] ? ', step-free' : ''}`;
  }

  showTip(seat) {
    this.tip.hidden = seat < 0;
    if (seat < 0) return;
    const { model, booking } = this;
    const state = seatStateWords(model.letterText(seat), { chosen: this.view.chosen.has(seat), mine: this.view.mine.has(seat) });
    this.tip.replaceChildren(h('strong', { text: this.panel.seatName(seat) }),
      h('span', {}, `${isolated(model.categories[model.category[seat]])} · ${money(booking.priceOf(seat), this.event)} · ${state}`, model.accessible[seat] ? ' · step-free' : ''));
    this.placeTip(...this.view.pointOf(seat));
  }

  showSectionTip(section, at) {
    this.tip.hidden = section === null;
    if (section === null) return;
    this.tip.replaceChildren(h('strong', { dir: 'auto', text: section.name }), h('span', { text: `${count(section.free)} of ${count(section.count)} free` }));
    this.placeTip(at.x, at.y);
  }

  placeTip(x, y) {
    const half = this.tip.offsetWidth / 2;
    const left = Math.max(half + 8, Math.min(this.canvas.clientWidth - half - 8, x));
    const above = y > this.tip.offsetHeight + 30;
    this.tip.style.transform = `translate(${Math.round(left - half)}px, ${Math.round(above ? y - this.tip.offsetHeight - 18 : y + 22)}px)`;
  }

  // The legend is built once, so that its place and a reader's stay where they are; afterwards only its counts change.
  countUp() {
    const { model } = this;
    if (!this.counts) this.buildLegend();
    if (model.known) this.counts.forEach((el, i) => { el.textContent = `${count(model.freeByCategory[i])} free`; });
  }

  buildLegend() {
    const { model, event } = this;
    const item = (swatch, text, extra) => h('li', {}, h('i', { class: `swatch ${swatch}`, 'aria-hidden': 'true' }), h('span', {}, text), extra);
    this.counts = model.categories.map(() => h('small'));
    this.legend.replaceChildren(
      ...model.categories.map((c, i) => item(`cat-${i % 8}`, [h('bdi', { text: c }), ` ${money(priceOf(event, c), event)}`], this.counts[i])),
      item('held', 'Held'), item('sold', 'Sold'), item('chosen', 'Chosen'), item('mine', 'Yours'), item('step-free square', 'Step-free'));
    focusIfScrolled(this.legend);
  }

  setEvent(event) {
    Object.assign(this.event, event);
    const sale = saleOf(this.event, serverNow());
    this.saleBadge.className = `badge ${sale.kind}`;
    this.saleBadge.textContent = sale.label;
    if (this.view) this.panel.update();
  }

  // While nothing can be bought, look whether that has changed. An open sale that closes shows in the first refusal.
  async watchSale() {
    if (this.watching) return;
    this.watching = true;
    try {
      do {
        const event = await get(`/v1/events/${encodeURIComponent(this.id)}`, { signal: this.stopper.signal }).catch(() => null);
        const told = ({ sale, postponed, cancelled }) => JSON.stringify([sale, postponed, cancelled]);
        if (event && told(event) !== told(this.event)) { this.setEvent(event); say(this.saleBadge.textContent); }
        if (!this.booking.saleOpen) await pause(salePollMs * (1 + Math.random() / 2), this.stopper.signal);
      } while (!this.booking.saleOpen && !this.stopper.signal.aborted);
    } catch (err) {
      if (!this.stopper.signal.aborted) throw err;
    } finally {
      this.watching = false;
    }
  }
}

// What scrolls must be within reach of the keyboard; what does not scroll is no stop on the way.
function focusIfScrolled(el) {
  const scrolls = el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 1;
  if (scrolls) el.tabIndex = 0;
  else if (document.activeElement !== el) el.removeAttribute('tabindex');
}
