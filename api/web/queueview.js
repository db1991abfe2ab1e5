// What queue.js knows, in elements: the lobby, the place, the turn, and the ends. Each state is built once, and only
// its words change afterwards, so that focus and reading stay where they are.

import { serverNow } from './api.js';
import { alarm, h, keepFocus, say, setOff, whenOn } from './dom.js';
import { DrawPart } from './queuedrawview.js';
import { Caller } from './queuecall.js';
import { ticketsPart } from './queuetickets.js';
import { aheadText, etaText, goneWords, grewText, lasting, longClock, nth, offerText, people, togetherText } from './queuewords.js';
import { count, when } from './words.js';

const spokenEveryMs = 60_000; // a reader is told of a new place so often, at most
const nearAhead = 10; // and at each step from here on

/** RoomView shows one WaitingRoom. */
export class RoomView {
  constructor(room, event) {
    Object.assign(this, { room, event, shown: '', spokenAt: -Infinity });
    this.caller = new Caller(`${event.name}: waiting room`);
    this.title = h('h2', { id: 'room-title', tabindex: '-1' });
    this.body = h('div', { class: 'room-body' });
    this.line = h('p', { class: 'muted small', id: 'room-line' });
    this.message = h('div', { class: 'notice info', id: 'room-message', role: 'status', hidden: true });
    this.draw = new DrawPart(room);
    this.captcha = room.captchaHost = h('div', { id: 'room-captcha', role: 'group', 'aria-label': 'Captcha', hidden: true });
    const at = when(event);
    this.element = h('div', { class: 'page room' },
      h('a', { class: 'room-back', href: '#/', text: 'All events' }),
      h('header', {}, h('h1', { dir: 'auto', text: event.name }), h('p', { class: 'muted' }, at.venue, at.own ? ` (${at.own})` : '')),
      h('section', { class: 'room-card', 'aria-labelledby': 'room-title' }, this.title, this.message, this.body, this.captcha),
      ticketsPart(event, room.signal), this.draw.element, this.#soundPart(), this.line);
  }

  close() {
    this.closed = true;
    clearTimeout(this.ticking);
    this.caller.close();
  }

  /** update shows the room as it stands. */
  update() {
    if (this.closed) return;
    const { room } = this, state = this.#stateShown();
    keepFocus(this.element, this.title, () => {
      if (this.shown !== state) this.#build(state);
      this.element.setAttribute('aria-busy', String(Boolean(room.busy)));
      this.#showStatus();
      this.refresh();
      this.#showMessage();
      this.draw.update();
    });
    this.line.textContent = this.#lineText();
    this.#tick();
  }

  // A lobby that has closed is another page for who waits than one that is open.
  #stateShown() {
    const { state, phase, kept } = this.room;
    if (!kept) return 'loading';
    if (state === 'waiting' && ['before', 'lobby', 'closed', null].includes(phase) && this.room.stand?.position === 0) return 'entered';
    return state;
  }

  #build(state) {
    const first = this.shown === '' || this.shown === 'loading';
    this.shown = state;
    this.status = h('div', { class: 'status' });
    const parts = {
      loading: () => this.#loading(), outside: () => this.#outside(), wished: () => this.#wished(), entered: () => this.#entered(),
      waiting: () => this.#waiting(), called: () => this.#called(), going: () => this.#going(), gone: () => this.#gone(),
    }[state]();
    this.element.dataset.state = state;
    this.body.replaceChildren(...parts);
    if (state === 'called') this.#call();
    else this.caller.quiet();
    if (!first && !['called', 'going'].includes(state)) say(this.title.textContent);
  }

  #showStatus() {
    const { busy, notice, entry } = this.room;
    if (busy && busy !== this.spokenBusy) say(busy);
    this.spokenBusy = busy;
    if (this.bar) this.bar.value = entry.work ?? 0;
    if (this.status.busy === busy && this.status.notice === notice && this.status.working === (entry.work !== null)) return;
    Object.assign(this.status, { busy, notice, working: entry.work !== null });
    const lines = [];
    this.bar = null;
    if (busy) lines.push(h('p', { class: 'notice info' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), h('span', { text: busy })));
    if (entry.work !== null) {
      this.bar = h('progress', { max: '1', id: 'room-work', 'aria-label': 'Puzzle: how much of the longest time has passed' });
      lines.push(this.bar);
    }
    if (notice) {
      const buttons = (notice.actions ?? []).map(({ label, run }) => h('button', { type: 'button', class: 'quiet', 'data-focus': label, text: label, on: { click: run } }));
      lines.push(h('p', { class: `notice ${notice.kind}`, role: 'alert' }, h('span', { text: notice.text }), buttons.length ? h('span', { class: 'row' }, buttons) : null));
    }
    this.status.replaceChildren(...lines);
    if (notice?.actions?.length && notice.kind === 'warn') this.status.querySelector('button').focus(); // a question is answered where it stands
  }

  #showMessage() {
    const { message = '' } = this.room.offer;
    if (this.message.text === message) return;
    this.message.text = message;
    this.message.hidden = message === '';
    this.message.replaceChildren(h('span', {}, h('strong', { text: 'From the organiser: ' }), h('span', { dir: 'auto', text: message })));
  }

  #lineText() {
    const { line, failures } = this.room;
    if (line?.live) return 'Live: this page is told at once.';
    if (failures > 0) return 'The server cannot be reached at the moment. Your place is kept; this page asks again by itself.';
    return 'This page asks the server now and then, as often as it may.';
  }

  #soundPart() {
    const box = h('input', { type: 'checkbox', id: 'room-sound' });
    box.checked = this.caller.sound;
    box.addEventListener('change', () => { this.caller.setSound(box.checked); hint(); });
    const note = h('p', { class: 'muted small', id: 'room-sound-note' });
    const hint = () => { note.textContent = this.caller.silent ? 'Press anywhere on this page once: before, the browser lets nothing sound.' : 'Off unless you switch it on. The title of the tab changes in any case.'; };
    addEventListener('pointerup', hint, { signal: this.room.signal });
    addEventListener('keyup', hint, { signal: this.room.signal });
    hint();
    return h('div', { class: 'room-sound' }, h('label', { class: 'check' }, box, 'Play a sound when it is my turn'), note);
  }

  // ── before joining ──

  #loading() {
    this.title.textContent = 'Waiting room';
    this.refresh = () => {};
    return [h('p', { class: 'muted', text: 'Asking how things stand …' }), this.status];
  }

  #outside() {
    const { room, event } = this;
    const lead = h('p');
    const most = Math.min(event.max_seats_per_booking ?? 8, 100);
    const party = h('select', { id: 'room-party' }, Array.from({ length: most }, (_, i) => h('option', { value: String(i + 1), text: i === 0 ? 'Only me' : people(i + 1) })));
    const code = h('input', { id: 'room-code', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'characters', maxlength: '64', 'aria-describedby': 'room-code-note' });
    const codeField = h('div', { class: 'field', hidden: true }, h('label', {}, 'Presale code', code), h('p', { class: 'muted small', id: 'room-code-note', text: 'Capitals or not, with or without dashes.' }));
    const join = h('button', { type: 'submit', class: 'primary wide', id: 'room-join' });
    const ask = (e) => {
      e.preventDefault();
      if (join.getAttribute('aria-disabled') !== 'true') room.join({ party: Number(party.value), code: code.value.trim() });
    };
    this.refresh = () => {
      this.#outsideWords(lead, join);
      codeField.hidden = !room.rules.presale && !room.notice?.code?.startsWith('code_');
      code.required = Boolean(room.rules.presale);
      const wrong = Boolean(room.notice?.code?.startsWith('code_'));
      if (wrong && code.getAttribute('aria-invalid') !== 'true') code.focus();
      if (wrong) code.setAttribute('aria-invalid', 'true'); else code.removeAttribute('aria-invalid');
      setOff(join, Boolean(room.busy));
    };
    return [lead, this.#clock(), this.#facts(), this.status, h('form', { class: 'best', on: { submit: ask } },
      h('label', {}, 'How many of you want to sit together? It is a hint: you may choose otherwise inside.', party), codeField, join)];
  }

  #outsideWords(lead, join) {
    const { room } = this, { phase } = room;
    const before = phase === 'before' || serverNow() < room.opensAt;
    this.title.textContent = before ? 'The waiting room opens soon' : { lobby: 'The lobby is open', sold_out: 'Nothing is left at the moment' }[phase] ?? 'Waiting room';
    lead.textContent = before ? (room.lobby ? 'You can put yourself down now. In the lobby nobody is first, so there is no need to hurry.' : 'You can put yourself down now: this page joins for you the moment the room opens.')
      : { lobby: 'Join whenever you like before it closes: nobody is first in here, the order is drawn afterwards.',
        sold_out: 'Everything is sold or held. Held seats may come back: whoever waits is called then.',
        paused: 'Nobody is let in at the moment. You can join all the same: places are kept.' }[phase]
        ?? (room.lobby ? 'The lobby has closed. You can still join, behind those who are in.' : 'Join, and you stand behind those who are in.');
    join.textContent = before ? 'Join when it opens' : 'Join the waiting room';
  }

  #wished() {
    const { room } = this;
    const lead = h('p'), clock = h('strong', { class: 'clock', role: 'timer', id: 'room-clock' });
    const cancel = h('button', { type: 'button', class: 'quiet', id: 'room-unwish', text: 'Take it back', on: { click: () => room.unwish() } });
    this.title.textContent = 'Your entry is on its way';
    this.refresh = () => {
      const rest = (room.kept.all.wish?.at ?? 0) - serverNow();
      clock.hidden = !(rest > 0);
      clock.textContent = longClock(rest);
      lead.textContent = rest > 0 && room.lobby ? 'So that not everybody comes in the same second, entries are spread over the lobby. It makes no difference to the draw. Keep this page open: yours is handed in by itself in'
        : rest > 0 ? 'Keep this page open: it joins by itself in' : 'Keep this page open for a moment.';
    };
    return [lead, clock, this.status, cancel];
  }

  // ── waiting ──

  #entered() {
    const { room } = this;
    const lead = h('p');
    this.title.textContent = 'You are in';
    this.refresh = () => {
      const { phase } = room, others = room.stand?.ahead ?? 0;
      this.title.textContent = phase === 'closed' ? 'The lobby has closed' : 'You are in';
      lead.textContent = phase === 'closed' ? 'Your entry is sealed, with all others. The draw is made as soon as the random value is there; then you see your place here.'
        : room.lobby ? `${others === 0 ? 'You are the first' : `${people(others)} ${others === 1 ? 'is' : 'are'} in besides you`}. Nobody is first: the order is drawn when the lobby closes.` : 'Your place is kept.';
      this.caller.title(`You are in: ${this.event.name}`);
    };
    return [lead, this.#clock(), this.#facts(), this.status, this.#keeps(), this.#leaveButton()];
  }

  #waiting() {
    const { room } = this;
    const place = h('strong', { class: 'room-place', id: 'room-place' });
    const ahead = h('p', { id: 'room-ahead' });
    const bar = h('progress', { max: '1', id: 'room-progress', 'aria-label': 'The way to your turn' });
    const eta = h('p', { id: 'room-eta' });
    const grown = h('p', { class: 'notice warn', id: 'room-grew', role: 'status', hidden: true });
    this.title.textContent = 'Your place';
    this.refresh = () => {
      const { stand, later, phase } = room;
      this.title.textContent = { paused: 'Paused: your place is kept', sold_out: 'Everything is sold or held', drawn: 'Your place is drawn' }[phase] ?? 'Your place';
      if (!stand) return;
      place.textContent = stand.position > 0 ? `${nth(stand.position)} in line` : 'It is nearly your turn';
      ahead.textContent = stand.position > 0 ? aheadText(stand.ahead) : 'You are being called at this moment. This page asks for it.';
      this.most = Math.max(this.most ?? 0, stand.ahead, 1);
      bar.value = 1 - stand.ahead / this.most;
      eta.textContent = stand.position > 0 ? etaText(stand) : '';
      if (grown.why !== later.why) Object.assign(grown, { why: later.why, hidden: !later.why, textContent: grewText(later.why) });
      this.caller.title(stand.position > 0 ? `${count(stand.ahead)} ahead: ${this.event.name}` : this.event.name);
      this.#speak(stand);
    };
    return [place, bar, ahead, eta, grown, this.#nextSteps(), this.#facts(), this.status, this.#keeps(), this.#leaveButton()];
  }

  // A reader hears of the place now and then, and of each step near the end: not of every frame.
  #speak({ position, ahead }) {
    if (position === 0 || position === this.spokenPosition) return;
    const due = performance.now() - this.spokenAt > spokenEveryMs;
    if (!due && ahead > nearAhead) return;
    [this.spokenAt, this.spokenPosition] = [performance.now(), position];
    say(`${nth(position)} in line`);
  }

  #nextSteps() {
    const text = h('p', { class: 'hint', id: 'room-next' });
    const { turn_seconds: turn = 0, grace_seconds: grace = 0 } = this.room.rules;
    const late = grace > 0 ? ` Whoever comes later than that has ${lasting(grace)} more, once; then the place is gone.` : ' After that the place is gone.';
    const refresh = this.refresh;
    this.refresh = () => {
      refresh();
      text.textContent = { sold_out: 'You may stay: held seats can come back, and then the next are called. Or leave: nothing is lost by it.',
        paused: 'There is nothing to do. Turns stand still during a pause, and nobody loses a place.' }[this.room.phase]
        ?? `There is nothing to do but keep this page open. When you are called, you have ${lasting(turn)} to come.${late}`;
    };
    return text;
  }

  #keeps() {
    return h('p', { class: 'muted small', text: 'This place is kept through a reload, a second tab and a lost network. Opening more tabs does not help: everybody has one place.' });
  }

  #leaveButton() {
    return h('button', { type: 'button', class: 'quiet', id: 'room-leave', text: 'Leave the waiting room', on: { click: whenOn(() => this.room.askLeave()) } });
  }

  // What is left, at which price, and whether the party can still sit together.
  #facts() {
    const list = h('ul', { class: 'room-facts', id: 'room-facts', 'aria-label': 'What is left' });
    const refresh = this.refresh;
    this.refresh = () => {
      refresh();
      const { offer, answer } = this.room;
      const lines = [offerText(offer, this.event), offer.sold_out?.length ? `No free seats now: ${offer.sold_out.join(', ')}.` : '', answer?.party ? togetherText(answer.party) : ''].filter(Boolean);
      if (list.lines === lines.join('\n')) return;
      list.lines = lines.join('\n');
      list.replaceChildren(...lines.map((text) => h('li', { text })));
      list.hidden = lines.length === 0;
    };
    return list;
  }

  // ── the turn ──

  #called() {
    const { room } = this, { turn_seconds: turn = 0, grace_seconds: grace = 0, session_seconds: session = 0 } = room.rules;
    this.title.textContent = 'It is your turn';
    const button = h('button', { type: 'button', class: 'primary wide', id: 'room-go', text: 'Go to the seats', on: { click: whenOn(() => room.go()) } });
    const paused = h('p', { class: 'notice info', hidden: true, text: 'There is a pause: nobody is let in now, and your time to come stands still.' });
    const late = grace > 0 ? ` If you are late, you have ${lasting(grace)} more, once. After that your place is gone.` : ' After that your place is gone.';
    this.refresh = () => { paused.hidden = room.phase !== 'paused'; };
    return [h('p', { text: `You have ${lasting(turn)} from the call to go in.${late}` }),
      h('p', { class: 'hint', text: `Inside you have ${lasting(session)} to choose seats.` }), paused, this.#facts(), this.status, button, this.#leaveButton()];
  }

  #call() {
    alarm('It is your turn. Go to the seats.');
    this.caller.call(`Your turn! ${this.event.name}`);
    queueMicrotask(() => document.getElementById('room-go')?.focus()); // once it stands on the page
  }

  #going() {
    this.title.textContent = 'Going in';
    this.refresh = () => {};
    say('Going in');
    return [h('p', { class: 'notice info' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }),
      h('span', { text: 'You came in time. If nobody has left yet, you are let in as soon as somebody does, in order: keep this page open.' })), this.status, this.#leaveButton()];
  }

  #gone() {
    const { room } = this;
    const lead = h('p');
    const again = h('button', { type: 'button', class: 'primary wide', id: 'room-again', text: 'Join again', on: { click: whenOn(() => room.join({ party: 1 })) } });
    this.refresh = () => {
      const [title, words] = goneWords[room.kept.all.gone] ?? goneWords.left;
      this.title.textContent = title;
      lead.textContent = words;
      again.hidden = room.phase === 'sold_out';
      setOff(again, Boolean(room.busy));
    };
    return [lead, this.#facts(), this.status, again, h('a', { class: 'button', href: '#/', text: 'All events' })];
  }

  // ── clocks ──

  // The time until the next thing that the clock brings: the opening, the close, the doors.
  #clock() {
    const label = h('span', { class: 'muted' }), clock = h('strong', { class: 'clock', role: 'timer', id: 'room-clock' });
    const box = h('div', { class: 'room-clock' }, label, clock);
    const refresh = this.refresh;
    this.refresh = () => {
      refresh?.();
      const { rules, opensAt, closesAt } = this.room, now = serverNow();
      const next = [[opensAt, 'The waiting room opens in'], [closesAt, 'The lobby closes in'], [Date.parse(rules.doors_at), 'The doors open in']].find(([at]) => at > now);
      box.hidden = !next;
      if (!next) return;
      label.textContent = next[1];
      clock.textContent = longClock(next[0] - now);
    };
    return box;
  }

  // Clocks on the page turn at full seconds of the server's clock.
  #tick() {
    clearTimeout(this.ticking);
    if (!this.body.querySelector('[role=timer]')) return;
    this.ticking = setTimeout(() => { this.refresh(); this.#tick(); }, 1000 - serverNow() % 1000 + 5);
  }
}
