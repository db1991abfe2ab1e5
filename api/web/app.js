// The way in: which page the address means, and who the visitor is.

import { dismiss, focusOn, h, toast } from './dom.js';
import { serverNow, whoIsKnown } from './api.js';
import { identity } from './identity.js';
import { showEvents } from './events.js';
import { showMyBookings } from './mybookings.js';
import { showEvent } from './show.js';
import { showTransfer } from './transfer.js';

const main = document.getElementById('main');

/** stats is what tests and curious people read as window.__holdfast.stats; all times in milliseconds. */
const stats = {
  frames: 0, lastDrawMs: 0, maxDrawMs: 0, sumDrawMs: 0, layerDraws: 0, lastLayerMs: 0, maxLayerMs: 0, seats: 0, visibleSeats: 0,
  liveDeltas: 0, gaps: 0, reloads: 0, checkpoints: 0, mismatches: 0, drops: 0, live: 'off',
};
window.__holdfast = { stats };

let leave = () => {};

function route() {
  leave();
  dismiss();
  window.__holdfast = { stats };
  document.getElementById('bar-middle').replaceChildren();
  const found = /^#\/e\/([^/?]+)/.exec(location.hash);
  const link = /^#\/transfer\/([^/?]+)/.exec(location.hash);
  const page = found ? showEvent(main, decodeID(found[1]), stats) : link ? showTransfer(main, decodeID(link[1]))
    : location.hash === '#/me' ? showMyBookings(main) : showEvents(main);
  leave = page.leave;
  document.body.classList.toggle('on-event', Boolean(found));
  scrollTo(0, 0);
}

// A link cut in the middle of a sign is a link to nothing, not a fault of the page.
function decodeID(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// ── who the visitor is ──

const part = (name) => document.getElementById(`who-${name}`);

function showIdentity() {
  const { name } = identity;
  part('name').textContent = name || 'Sign in';
  part('more').textContent = name ? ': this is you. Change' : '';
  part('avatar').textContent = Array.from(name)[0]?.toUpperCase() ?? '?';
  part('button').hidden = false;
}

const whyByName = 'Your bookings belong to this name, on this device.';
const whyIn = 'Your bookings belong to this sign-in.';
const whyByLink = 'Looking around is open to everybody. To hold seats, the shop signs you in and sends you back here.';
const whyByToken = 'Looking around is open to everybody. To hold seats, come here by the link in the shop where you are signed in: '
  + 'that link brings a token along (#token=… at its end). Or paste one.';

function openIdentity(why) {
  const link = identity.signInLink;
  const signedIn = identity.byToken && identity.known;
  part('title').textContent = identity.byName ? 'Who are you?' : signedIn ? (why ? 'Please sign in again' : 'You are signed in') : 'Sign in';
  part('why').textContent = why ?? (identity.byName ? whyByName : signedIn ? whyIn : link ? whyByLink : whyByToken);
  part('by-name').hidden = !identity.byName;
  part('by-token').hidden = identity.byName;
  part('link').hidden = !link;
  if (link) part('link').href = link;
  part('details').open = !link && (!signedIn || Boolean(why));
  part('buyer').value = identity.buyer;
  part('token').value = identity.token;
  part('out').hidden = !signedIn;
  part('wrong').hidden = true;
  offerSave();
  document.getElementById('who').showModal();
}

// There is something to save only where something can be typed.
function offerSave() { part('save').hidden = !identity.byName && !part('details').open; }

// What cannot be kept is said in the dialog, which stays open with what was typed.
function refuse(field, words) {
  part('wrong').textContent = words;
  part('wrong').hidden = false;
  field.setAttribute('aria-invalid', 'true');
  field.focus();
}

function saveIdentity(e) {
  const buyer = part('buyer').value.trim();
  const token = part('token').value.trim().replace(/^Bearer\s+/i, '');
  for (const field of [part('buyer'), part('token')]) field.removeAttribute('aria-invalid');
  if (identity.byName ? buyer === identity.buyer : token === identity.token) return;
  const wrong = identity.byName ? !/^[\x21-\x7e]+$/.test(buyer) : !/^[\x21-\x7e]*$/.test(token);
  if (wrong) {
    e.preventDefault();
    if (identity.byName) refuse(part('buyer'), 'A buyer name is letters, digits and signs without spaces.');
    else refuse(part('token'), 'A token is one word, without spaces or line breaks.');
    return;
  }
  if (identity.byName) identity.buyer = buyer;
  else identity.token = token;
  location.reload(); // everything on the page belongs to the one who opened it
}

function signOut() {
  identity.token = '';
  location.reload();
}

part('button').addEventListener('click', () => openIdentity());
part('cancel').addEventListener('click', () => document.getElementById('who').close());
part('details').addEventListener('toggle', offerSave);
part('out').addEventListener('click', signOut);
part('form').addEventListener('submit', saveIdentity);
addEventListener('holdfast:unauthorized', () => {
  if (document.getElementById('who').open) return;
  openIdentity(identity.known ? 'The server does not accept this sign-in, or it has run out. What you hold is not lost.' : undefined);
});
addEventListener('hashchange', () => {
  if (identity.takeToken()) return location.reload(); // the next page does it all: this one would ask for the wish too
  route();
  focusOn(main); // a new page begins at its top, for the keyboard and for a screen reader
});
document.getElementById('skip').addEventListener('click', (e) => {
  e.preventDefault(); // the address names the page, not a place in it
  focusOn(main);
});

main.append(h('p', { class: 'vh', text: 'Loading' }));
const arrived = identity.takeToken();
route();
whoIsKnown().then(() => {
  showIdentity();
  if (arrived && identity.known && !identity.ranOut(serverNow())) toast(`You are signed in as ${identity.name}.`, 'good');
}, () => toast('The server cannot be reached.', 'bad', { label: 'Try again', run: () => location.reload() }));
