// Tickets as codes that a scanner reads: big and bright on a telephone, in a file to print, in a calendar.

import { getOwn, readFile } from './api.js';
import { h, say, toast, whenOn } from './dom.js';
import { problemText } from './words.js';

const kept = new Map(); // booking → its codes: shown once, they are there without a network too

/** forgetCodes has the codes of a booking read again: some have changed hands. */
export function forgetCodes(id) { kept.delete(id); }

const pathOf = (id) => `/v1/bookings/${encodeURIComponent(id)}/tickets`;

async function load(id) {
  const { tickets = [] } = await getOwn(pathOf(id));
  return Promise.all(tickets.filter((t) => t.code).map(async (t) => {
    const svg = await (await readFile(`${pathOf(id)}/qr?ticket=${t.number}`)).text();
    return { ...t, picture: `data:image/svg+xml,${encodeURIComponent(svg)}` };
  }));
}

/** ticketCodes shows the codes of a confirmed booking: at once, or when it is asked to. nameOf tells a seat's name. */
export function ticketCodes(view, nameOf, { atOnce = false } = {}) {
  const key = [view.id, ...view.tickets.map(({ seat }) => seat)].join(); // other seats, other codes
  const list = h('ul', { class: 'codes' });
  const show = h('button', { type: 'button', class: 'wide', text: 'Show the codes to scan', on: { click: whenOn(() => open()) } });
  const element = h('section', { class: 'ticket-codes', 'aria-label': 'Codes to scan at the door' }, show, list, files(view.id));
  const fill = (codes) => {
    show.remove();
    list.replaceChildren(...codes.map((t) => item(t, nameOf(t.seat))));
  };
  const open = async () => {
    show.setAttribute('aria-disabled', 'true');
    try {
      if (!kept.has(key)) kept.set(key, await load(view.id));
      fill(kept.get(key));
    } catch (err) {
      show.removeAttribute('aria-disabled');
      show.textContent = 'Try again to show the codes';
      if (!atOnce) toast(problemText(err), 'bad');
    }
  };
  if (kept.has(key)) fill(kept.get(key));
  else if (atOnce) open();
  return element;
}

function item(ticket, name) {
  const picture = h('img', { src: ticket.picture, alt: '', width: '180', height: '180' });
  const words = ticket.state === 'admitted' ? 'Let in already; show its code large' : 'Tap to show its code large';
  return h('li', {}, h('button', { type: 'button', class: 'code-picture', on: { click: () => large(ticket, name) } },
    picture, h('bdi', { text: name }), h('small', { class: 'muted', text: words })));
}

// The whole screen, white, and awake: what a reader behind cracked glass needs.
function large(ticket, name) {
  const close = h('button', { type: 'button', class: 'primary', text: 'Done', on: { click: () => dialog.close() } });
  const dialog = h('dialog', { class: 'scan-me', 'aria-label': `Code of ${name}` },
    h('img', { src: ticket.picture, alt: `Code of ${name}` }), h('p', {}, h('bdi', { text: name })), close);
  let lock = null;
  dialog.addEventListener('close', () => {
    lock?.release();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  navigator.wakeLock?.request('screen').then((got) => { lock = got; }, () => {}); // a browser may say no
  say(`The code of ${name} fills the screen.`);
}

function files(id) {
  const save = (what, name) => async () => {
    try {
      const url = URL.createObjectURL(await readFile(`${pathOf(id)}/${what}`));
      h('a', { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (err) {
      toast(problemText(err), 'bad');
    }
  };
  return h('div', { class: 'row' },
    h('button', { type: 'button', class: 'quiet', 'data-file': 'pdf', text: 'Save as PDF', on: { click: save('pdf', 'tickets.pdf') } }),
    h('button', { type: 'button', class: 'quiet', 'data-file': 'calendar', text: 'Add to calendar', on: { click: save('calendar', 'event.ics') } }));
}
