// How the fan is reached: asked for before the first hold, kept by the server beside the logs and by this page nowhere.

import { Problem, getOwn, mutate } from './api.js';
import { h, setOff, whenOn } from './dom.js';
import { identity } from './identity.js';
import { seats } from './words.js';

const path = '/v1/me/contact';

/** languageOfThePage is the browser's, for mails. A browser that says something else than a language says nothing. */
const languageOfThePage = () => (/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(navigator.language ?? '') && navigator.language.length <= 35
  ? { language: navigator.language } : {});

/**
 * Contact is what the server keeps of the fan. state: unasked; known, with data; none; waived, when nobody is to be asked: the
 * server keeps no such data, does not answer, or the fan wants the seats first. asking is the wish to hold that waits for it,
 * or {edit}; wrong is the field that was refused.
 */
export class Contact {
  constructor(booking) {
    Object.assign(this, { booking, state: 'unasked', data: null, asking: null, wrong: '', given: false });
  }

  /** look asks the server, once. A sale does not wait for a server that does not answer this. */
  look() { return this.asked ??= this.#ask(); }

  async #ask() {
    const { signal } = this.booking.stopper;
    try {
      this.data = await getOwn(path, { signal, attempts: 2 });
      this.state = 'known';
    } catch (err) {
      if (signal.aborted) return;
      if (!(err instanceof Problem)) throw err;
      this.state = err.status === 404 ? 'none' : 'waived';
      if (err.status === 401) Object.assign(this, { state: 'unasked', asked: null }); // whoever holds is told to sign in
    }
  }

  /** comesFirst answers whether a wish to hold has to wait until the fan has said how to be reached. A sign-in comes before. */
  async comesFirst(wish) {
    const { booking } = this;
    if (wish.sent || booking.phase !== 'choosing') return false;
    if (identity.known && this.state === 'unasked') {
      booking.busy = 'Asking for your seats';
      booking.hooks.changed();
      await this.look();
      booking.busy = '';
    }
    if (this.state === 'none') this.#show(wish);
    return this.state === 'none';
  }

  /** change asks for it anew. */
  change() { this.#show({ edit: true }); }

  /** leave goes back to the choice. */
  leave() { this.#show(null); }

  #show(asking) {
    Object.assign(this, { asking, wrong: '' });
    this.booking.notice = null;
    this.booking.hooks.changed();
  }

  /** give has the server keep it, and goes on with the hold that asked for it. */
  async give(email, phone) {
    const { booking } = this;
    this.wrong = '';
    await booking.does('Keeping your contact data', async (options) => {
      this.data = (await mutate('PUT', path, { email, ...(phone && { phone }), ...languageOfThePage() }, options)).body;
      Object.assign(this, { state: 'known', given: true });
    }, (err) => this.#refused(err));
    if (!this.asking?.body || booking.notice?.kind !== 'bad' || this.wrong) return;
    const first = { label: 'Hold the seats first', run: () => { this.state = 'waived'; this.goOn(); } };
    booking.notice = { ...booking.notice, actions: [...(booking.notice.actions ?? []), first] };
    booking.hooks.changed();
  }

  #refused(err) {
    const words = (err.status === 422 || err.status === 400) && wrongWords[err.body?.field];
    if (err.status === 404 || err.status === 405) return Object.assign(this, { state: 'waived', given: true }); // a server that keeps none
    if (!words) return this.booking.failed(err);
    this.wrong = err.body.field;
    this.booking.notice = { kind: 'bad', text: words };
  }

  /** goOn does what was asked for before: a seat that is chosen no more is not held. */
  goOn() {
    const { booking, asking } = this;
    this.given = false;
    this.leave();
    if (asking.body) return asking.body.seats && booking.chosen.length ? booking.hold() : booking.book(asking);
    booking.notice = { kind: 'good', text: 'Your contact data is kept.' };
    booking.hooks.changed();
  }

  erase() {
    return this.booking.does('Erasing your contact data', async (options) => {
      await mutate('DELETE', path, undefined, options);
      Object.assign(this, { state: 'none', data: null });
      this.booking.notice = { kind: 'good', text: 'Your contact data is erased. It is asked for again before your next hold.' };
    });
  }
}

const wrongWords = {
  email: 'Please look at the e-mail address once more. It must be one address, such as alice@example.net.',
  phone: 'Please look at the telephone number once more. It needs 5 to 15 digits; leave it empty if you have none.',
};

/** contactForm builds the view that stands between the choice and the hold. */
export function contactForm(panel) {
  const { booking } = panel, { contact } = booking, { asking } = contact;
  panel.title.textContent = 'How do we reach you?';
  const field = (name, label, note, props) => {
    const input = h('input', { id: `contact-${name}`, name, value: contact.data?.[name] ?? '', 'aria-describedby': `contact-${name}-note`, ...props });
    return { input, element: h('div', { class: 'field' }, h('label', {}, label, input), h('p', { class: 'muted small', id: `contact-${name}-note`, text: note })) };
  };
  const email = field('email', 'E-mail address', 'For your tickets, and for news about this event.', { type: 'email', autocomplete: 'email', required: true, maxlength: '254' });
  const phone = field('phone', 'Telephone number (if you like)', 'For the day itself, should something change at short notice.', { type: 'tel', autocomplete: 'tel', maxlength: '32' });
  const words = () => (asking.edit ? 'Keep it' : asking.body.seats ? `Hold ${seats(booking.chosen.length || asking.body.seats.length)}` : 'Hold the best seats');
  const go = h('button', { type: 'submit', class: 'primary wide', id: 'contact-go' });
  const back = h('button', { type: 'button', class: 'quiet', id: 'contact-back', text: 'Back to the seats', on: { click: whenOn(() => contact.leave()) } });
  const send = (e) => {
    e.preventDefault();
    if (go.getAttribute('aria-disabled') !== 'true') contact.give(email.input.value.trim(), phone.input.value.trim());
  };
  panel.refresh = () => {
    go.textContent = words();
    for (const button of [go, back]) setOff(button, Boolean(booking.busy));
    for (const { input } of [email, phone]) {
      if (contact.wrong === input.name) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    }
    if (contact.wrong && contact.wrong !== panel.pointed) (contact.wrong === 'email' ? email : phone).input.focus();
    panel.pointed = contact.wrong;
  };
  return [panel.status, h('form', { class: 'contact', novalidate: true, on: { submit: send } }, email.element, phone.element, go),
    h('p', { class: 'muted small', text: 'It is asked once, is kept apart from your bookings, and you can erase it at any time.' }), back];
}

/** contactLine says below the choice how the fan is reached; {element, refresh}. */
export function contactLine(booking) {
  const text = h('span');
  const button = (id, label, run) => h('button', { type: 'button', class: 'link', id, text: label, on: { click: whenOn(run) } });
  const change = button('contact-change', 'Change', () => booking.contact.change());
  const erase = button('contact-erase', 'Erase', () => booking.contact.erase());
  const element = h('div', { class: 'row between', id: 'contact-line' }, h('p', { class: 'muted small' }, 'We reach you at ', h('bdi', {}, text), '.'), h('div', { class: 'row' }, change, erase));
  const refresh = () => {
    const { contact, busy } = booking;
    element.hidden = contact.state !== 'known';
    text.textContent = contact.data?.email ?? '';
    for (const one of [change, erase]) setOff(one, Boolean(busy));
  };
  return { element, refresh };
}
