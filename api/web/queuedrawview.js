// How the order comes about, in elements, and "check my place": the browser recomputes the draw and shows what it
// found.

import { h, say, setOff, whenOn } from './dom.js';
import { checkText, drawText, verdict } from './queuewords.js';

/** DrawPart explains one WaitingRoom's draw. */
export class DrawPart {
  constructor(room) {
    this.room = room;
    this.button = h('button', { type: 'button', id: 'room-check', on: { click: whenOn(() => room.check()) } });
    this.result = h('div', { id: 'room-proof', class: 'room-proof' });
    const lines = drawText(room.rules).map((text) => h('p', { text }));
    this.element = h('details', { class: 'room-draw', id: 'room-draw' }, h('summary', { text: 'How the order comes about' }), lines, this.button, this.result);
  }

  update() {
    const { room } = this, { proof } = room;
    this.button.hidden = !room.lobby || ['before', 'lobby', null].includes(room.phase) || !room.kept?.all.place;
    this.button.textContent = proof?.checks ? 'Check again' : 'Check my place';
    setOff(this.button, Boolean(proof?.busy));
    if (this.shown === proof) return;
    this.shown = proof;
    this.result.replaceChildren(...this.#parts(proof));
  }

  #parts(proof) {
    if (!proof) return [];
    if (proof.busy) return [h('p', { class: 'muted', text: 'Computing …' })];
    if (proof.words) return [h('p', { class: 'notice bad', role: 'alert', text: proof.words })];
    const { document, checks } = proof;
    const sum = verdict(checks, Boolean(document.draw));
    say(sum.text);
    const mark = { true: '✓', false: '✗', null: '–' };
    const spoken = { true: 'Fits: ', false: 'Does not fit: ', null: 'Not looked at: ' };
    return [h('p', { class: `notice ${sum.kind}`, text: sum.text }),
      h('ul', { class: 'room-checks' }, checks.map((check) => h('li', { 'data-check': check.id, 'data-ok': String(check.ok) },
        h('span', { class: 'mark', 'aria-hidden': 'true', text: mark[check.ok] }), h('span', {}, h('span', { class: 'vh', text: spoken[check.ok] }), checkText(check))))),
      h('details', {}, h('summary', { text: 'The proof itself' }), h('p', { class: 'muted small', text: 'Save it, and anybody can check it with “holdfast draw verify”. It names your entry by a pseudonym.' }),
        h('pre', { tabindex: '0', 'aria-label': 'The proof', text: JSON.stringify(document, null, 1) }))];
  }
}
