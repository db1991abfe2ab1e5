// What a bank wants to know before it pays (3-D Secure): its page in a frame, and a way out of the frame. Nothing that
// happens in here decides anything: the page only asks the server sooner.

import { focusOn, h, icon, icons } from './dom.js';
import { clockText, spokenTime, timeOfDay } from './words.js';
import { serverNow } from './api.js';

/**
 * Challenge shows one address at a time in a dialog. hooks.look() hears that the bank's page has moved on, hooks.home()
 * answers the element that gets the focus when the dialog goes.
 */
export class Challenge {
  constructor(hooks) {
    this.hooks = hooks;
    this.url = '';
    this.refused = (e) => { if (/^(frame|child|default)-src/.test(e.effectiveDirective)) this.#noFrame('This browser does not show the bank\'s page here. Please open it in a new window.'); };
  }

  /** show opens the dialog for an address; the same address again only brings it back. until is in milliseconds, or NaN. */
  show({ url, until }) {
    if (url !== this.url) this.#build(url, until);
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus();
  }

  /** close ends the challenge: it was answered, or its time is over. */
  close() {
    if (!this.dialog) return;
    const inside = this.dialog.contains(document.activeElement);
    document.removeEventListener('securitypolicyviolation', this.refused);
    clearTimeout(this.ticking);
    this.dialog.remove();
    this.dialog = null;
    this.url = '';
    if (inside || document.activeElement === document.body) focusOn(this.hooks.home());
  }

  #build(url, until) {
    this.close();
    this.url = url;
    document.addEventListener('securitypolicyviolation', this.refused);
    this.title = h('h2', { id: 'challenge-title', tabindex: '-1', text: 'Your bank asks you to confirm' });
    this.clock = h('strong', { class: 'challenge-clock', role: 'timer' });
    this.words = h('p', { class: 'muted small', id: 'challenge-words', role: 'status' });
    const hide = h('button', { type: 'button', class: 'bare', 'aria-label': 'Hide the bank\'s page', id: 'challenge-hide', on: { click: () => this.dialog.close() } }, icon(icons.close));
    const out = h('a', { class: 'button', id: 'challenge-out', href: url, target: '_blank', rel: 'noopener noreferrer', text: 'Open in a new window',
      on: { click: () => this.#noFrame('Go on in the other window. This page notices by itself.') } });
    this.frame = this.#frame(url);
    this.dialog = h('dialog', { class: 'challenge', id: 'challenge', 'aria-labelledby': 'challenge-title', 'aria-describedby': 'challenge-words' },
      h('div', { class: 'row between' }, this.title, hide), this.words, this.frame, h('div', { class: 'row between' }, this.clock, out));
    this.dialog.addEventListener('close', () => { if (this.dialog) focusOn(this.hooks.home()); });
    document.body.append(this.dialog);
    this.words.textContent = Number.isNaN(until) ? 'Your seats stay yours meanwhile.' : `Your seats stay yours until ${timeOfDay(until)}, ${spokenTime(until - serverNow())} from now.`;
    this.#tick(until);
  }

  // A frame of another origin keeps its own; one of this page's own must not have the page's powers.
  #frame(url) {
    const foreign = new URL(url).origin !== location.origin;
    const frame = h('iframe', { src: url, title: 'Your bank: confirm the payment', id: 'challenge-frame', referrerpolicy: 'no-referrer',
      sandbox: `allow-forms allow-scripts${foreign ? ' allow-same-origin' : ''}`, allow: 'publickey-credentials-get; payment' });
    frame.addEventListener('load', () => { frame.dataset.loaded = 'true'; this.hooks.look(); });
    return frame;
  }

  #noFrame(words) {
    if (!this.dialog) return;
    if (this.frame.contains(document.activeElement)) this.title.focus();
    this.frame.remove();
    this.words.textContent = words;
  }

  #tick(until) {
    const rest = until - serverNow();
    if (!this.dialog || Number.isNaN(rest)) return;
    this.clock.textContent = `${clockText(rest)} left`;
    if (rest > 0) this.ticking = setTimeout(() => this.#tick(until), 1000);
    else this.hooks.look();
  }
}
