// The means of payment: how the server takes payments (GET /v1/payments), and what the fan chooses or types for it. What
// leaves this page is a token of the processor's. A card's number is typed into the processor's own frame; no script of ours
// can read it, and no server of ours ever hears it (P12).

import { get } from './api.js';
import { h } from './dom.js';
import { sandboxTokens } from './words.js';

const tokenWaitMs = 30_000;

/** MeansRefusal says in words why there is no token: of a card that was typed wrong, or of a processor that is silent. */
export class MeansRefusal extends Error {}

const silent = () => new MeansRefusal('The payment processor does not answer. Nothing was paid: please try again in a moment.');

let asked = null;

/** howToPay asks the server once: {adapter, publishable_key, script}. A question without an answer is asked again. */
export function howToPay() {
  asked ??= get('/v1/payments', { attempts: 4 }).catch((err) => {
    asked = null;
    if (err.status === 404) return { adapter: 'sandbox' }; // a server of before
    throw err;
  });
  return asked;
}

/**
 * meansOf makes the fields for one payment: {element, note, token(), close()}. token answers the processor's token, or a
 * promise of it; it throws MeansRefusal.
 */
export function meansOf(how) {
  if (how.adapter === 'sandbox') return sandboxMeans();
  if (how.adapter === 'stripe') return new HostedCard(how);
  return { element: h('p', { class: 'notice bad', text: 'This page does not know how to pay here. Please reload it.' }), note: '', token: () => Promise.reject(silent()), close() {} };
}

function sandboxMeans() {
  const groups = sandboxTokens.map(([label, tokens]) => h('optgroup', { label },
    tokens.map(([value, text]) => h('option', { value, text }))));
  const select = h('select', { id: 'token' }, groups);
  return {
    element: h('label', {}, 'Pay with', select), token: () => select.value, close() {},
    note: 'Sandbox: no money moves. Never type a card number here.',
  };
}

let loading = null;

// The processor's script, from the processor's own address: the server's Content-Security-Policy lets no other in.
function load(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = h('script', { src: address });
    const gone = () => { loading = null; script.remove(); reject(silent()); };
    const timer = setTimeout(gone, tokenWaitMs);
    script.addEventListener('load', () => { clearTimeout(timer); resolve(); });
    script.addEventListener('error', () => { clearTimeout(timer); gone(); });
    document.head.append(script);
  });
  return loading;
}

// The processor's card field. Its shape is that of Stripe.js: Stripe(key).elements().create('card').mount(place), and
// createPaymentMethod, which answers the id that stands for the card.
class HostedCard {
  constructor({ script, publishable_key: key }) {
    this.place = h('div', { class: 'hosted', id: 'card' });
    this.wrong = h('p', { class: 'small field-wrong', id: 'card-wrong', role: 'status' });
    this.element = h('div', { class: 'field', role: 'group', 'aria-labelledby': 'card-label', 'aria-describedby': 'card-wrong' },
      h('span', { class: 'small muted', id: 'card-label', text: 'Your card' }), this.place, this.wrong);
    this.note = 'Your card goes straight to the payment processor. This shop never sees its number.';
    this.ready = load(script).then(() => this.#mount(key));
    this.ready.catch((err) => { this.#say(err.message); });
  }

  #mount(key) {
    if (this.closed) return;
    this.stripe = window.Stripe(key);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const base = { fontSize: '16px', color: colour('--ink'), iconColor: colour('--muted'), '::placeholder': { color: colour('--muted') } };
    this.card = this.stripe.elements({ locale: 'auto' }).create('card', { style: { base, invalid: { color: colour('--bad') } } });
    this.card.mount(this.place);
    this.card.on('change', ({ error }) => this.#say(error?.message ?? ''));
  }

  #say(words) { this.wrong.textContent = words; }

  async token() {
    const late = new Promise((_, reject) => { this.timer = setTimeout(() => reject(silent()), tokenWaitMs); });
    try {
      await Promise.race([this.ready, late]);
      const { paymentMethod, error } = await Promise.race([this.stripe.createPaymentMethod({ type: 'card', card: this.card }), late]);
      if (paymentMethod?.id) return paymentMethod.id;
      this.card.focus?.();
      throw new MeansRefusal(error?.message ?? 'The payment processor did not take this card.');
    } catch (err) {
      throw err instanceof MeansRefusal ? err : silent(); // what the processor's script throws is no fault of this page
    } finally {
      clearTimeout(this.timer);
    }
  }

  close() {
    this.closed = true;
    this.card?.destroy?.();
  }
}
