// The door: a camera, a scanner that types and a hand all end in one question to the server. Nobody is let in by this page
// alone: without an answer it says that the ticket was not checked.

import { Problem, mutate } from './api.js';
import { h } from './dom.js';
import { identity, newKey } from './identity.js';
import { problemText, timeOf } from './words.js';

const gateKey = 'holdfast.gate';
const patienceMs = 15_000;
const lookEveryMs = 200;
const sameAgainMs = 4000; // a code that the camera has not seen for as long is checked again
const checkedMax = 20;

const part = (id) => document.getElementById(id);
const open = new Map(); // code → key of a check without an answer: asked again, it is the same wish (P5)
let busy = Promise.resolve();

const refusals = {
  already_admitted: ({ body }) => `Let in already${body.scanner ? ` by ${body.scanner}` : ''}${body.admitted_at ? ` at ${timeOf(body.admitted_at)}` : ''}.`,
  ticket_void: () => 'Void: refunded, or replaced by a newer code.',
  ticket_forged: () => 'Not a ticket of this house.',
  ticket_unknown: () => 'There is no such ticket.',
  ticket_other_event: () => 'A ticket of another event.',
};

function show(kind, title, words) {
  const verdict = part('verdict');
  verdict.className = `verdict ${kind}`;
  verdict.replaceChildren(h('strong', { text: title }), ' ', words);
  if (kind === 'busy') return;
  part('checked').prepend(h('li', { class: kind }, h('span', { text: `${title} ${words}` })));
  while (part('checked').children.length > checkedMax) part('checked').lastChild.remove();
  navigator.vibrate?.(kind === 'good' ? 80 : [80, 80, 80]);
}

async function check(code) {
  const scanner = part('gate').value.trim();
  if (!scanner || !identity.operator) {
    part('settings').open = true;
    return show('bad', 'Not checked.', 'Give this scanner a name and a key first.');
  }
  const key = open.get(code) ?? newKey();
  open.set(code, key);
  show('busy', 'Checking', '…');
  try {
    const { body } = await mutate('POST', '/v1/tickets/scan', { code, scanner }, { key, asOperator: true, signal: AbortSignal.timeout(patienceMs) });
    open.delete(code);
    show('good', 'Welcome.', `${body.section}, ${body.seat} (${body.category})`);
  } catch (err) {
    if (!(err instanceof Problem) || err.transient) return show('bad', 'Not checked.', 'No answer: let nobody in, and scan it again.');
    open.delete(code);
    if (err.status === 401 || err.status === 403) return show('bad', 'Not checked.', 'This key is not accepted.');
    show('bad', 'Stop.', refusals[err.code]?.(err) ?? problemText(err));
  }
}

// One ticket at a time, in the order in which they were shown.
const enqueue = (code) => { busy = busy.then(() => check(code)); };

part('form').addEventListener('submit', (e) => {
  e.preventDefault();
  const code = part('code').value.trim().toUpperCase();
  part('code').value = '';
  part('code').focus(); // for the next one
  if (code) enqueue(code);
});

part('gate').value = localStorage.getItem(gateKey) ?? '';
part('gate').addEventListener('change', () => localStorage.setItem(gateKey, part('gate').value.trim()));
part('key').value = identity.operator;
part('key').addEventListener('change', () => { identity.operator = part('key').value.trim(); });
part('settings').open = !part('gate').value || !part('key').value;
part('code').focus();

// ── the camera ──

async function look() {
  const view = part('view');
  try {
    view.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    await view.play();
  } catch {
    return show('bad', 'No camera.', 'The browser did not give one. Type the code, or use a scanner that types.');
  }
  view.hidden = false;
  part('camera').hidden = true;
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  let last = '', lastAt = 0;
  setInterval(async () => {
    const [found] = await detector.detect(view).catch(() => []);
    const code = found?.rawValue.trim().toUpperCase();
    if (!code) return;
    const now = performance.now(), still = code === last && now - lastAt < sameAgainMs;
    [last, lastAt] = [code, now]; // for as long as it is held there, it is one ticket
    if (!still) enqueue(code);
  }, lookEveryMs);
}

if ('BarcodeDetector' in globalThis && navigator.mediaDevices) part('camera').hidden = false;
part('camera').addEventListener('click', look);
