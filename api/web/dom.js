// Making elements and telling people things. Text always goes in as text: nothing from the server is ever parsed as HTML.

const svgNames = 'http://www.w3.org/2000/svg';

/** h makes an element: props are attributes, `on` holds listeners, `text` its text; kids may be null. */
export function h(tag, props = {}, ...kids) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [type, fn] of Object.entries(value)) el.addEventListener(type, fn);
    else if (name === 'text') el.textContent = value;
    else if (name === 'value') el.value = value;
    else el.setAttribute(name, value === true ? '' : value);
  }
  el.append(...kids.flat().filter((kid) => kid !== null && kid !== undefined && kid !== false));
  return el;
}

/** icon draws one stroke path in a 24-unit square, hidden from screen readers. */
export function icon(path) {
  const svg = document.createElementNS(svgNames, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(svgNames, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const icons = {
  back: 'M15 5l-7 7 7 7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  close: 'M6 6l12 12M18 6L6 18',
  spark: 'M12 3l2.2 6.3L21 12l-6.8 2.7L12 21l-2.2-6.3L3 12l6.8-2.7z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
};

const byID = (id) => document.getElementById(id);

/** say tells a screen reader something without hurry; alarm interrupts. The same words twice are still heard twice. */
export function say(words) { tell(byID('say'), words); }
export function alarm(words) { tell(byID('alarm'), words); }

function tell(region, words) {
  region.textContent = region.textContent === words ? words + '\u00a0' : words;
}

const toastMs = 6000;
const toastWithActionMs = 30_000;
let leaveToast = () => {};

/** dismiss takes the message away that is shown, if any. */
export function dismiss() { leaveToast(); }

/** toast shows words for a while; kind is info, good, warn or bad; action is {label, run}. It stays while it has focus. */
export function toast(words, kind = 'info', action = null) {
  leaveToast();
  const box = h('div', { class: `toast ${kind}` }, h('span', { text: words }));
  let from = null; // where the focus was before it came in here, and goes back to
  const leave = () => {
    if (box.contains(document.activeElement)) focusOn(from);
    box.remove();
  };
  if (action) box.append(h('button', { type: 'button', text: action.label, on: { click: () => { leave(); action.run(); } } }));
  box.append(h('button', { type: 'button', class: 'bare', 'aria-label': 'Dismiss', on: { click: leave } }, icon(icons.close)));
  box.addEventListener('focusin', (e) => { if (!box.contains(e.relatedTarget)) from = e.relatedTarget; });
  box.addEventListener('keydown', (e) => { if (e.key === 'Escape') leave(); });
  byID('toasts').append(box);
  leaveToast = leave;
  (kind === 'bad' ? alarm : say)(words);
  const wait = () => (box.matches(':focus-within, :hover') ? setTimeout(wait, 2000) : leave());
  setTimeout(wait, action ? toastWithActionMs : toastMs);
}

export const reducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** focusOn moves the focus to an element that is still there, else to the page's content: never to nowhere. */
export function focusOn(el) {
  (el?.isConnected ? el : byID('main')).focus({ preventScroll: true });
}

/**
 * keepFocus runs a change of what is inside an element. Where the focused element was replaced, the focus goes to the one with
 * the same data-focus, else to the fallback.
 */
export function keepFocus(inside, fallback, change) {
  const was = document.activeElement;
  const had = inside.contains(was);
  change();
  if (!had || inside.contains(document.activeElement)) return;
  const name = was.dataset.focus;
  focusOn((name && inside.querySelector(`[data-focus="${CSS.escape(name)}"]`)) || fallback);
}

/**
 * setOff makes a button do nothing for now. Not with `disabled`: a focused button that is disabled loses the focus without a
 * word, and a reader no longer finds what is only out of use for a second. Handlers go through whenOn.
 */
export function setOff(button, off) {
  if (off) button.setAttribute('aria-disabled', 'true');
  else button.removeAttribute('aria-disabled');
}

/** whenOn wraps a click handler: a button that is off does nothing. */
export const whenOn = (run) => (e) => { if (e.currentTarget.getAttribute('aria-disabled') !== 'true') run(e); };

const isolateFirst = '\u2068';
const isolateEnd = '\u2069';

/** isolated keeps a name's own writing direction from turning the words around it; for texts where no element can (options, labels). */
export const isolated = (name) => `${isolateFirst}${name}${isolateEnd}`;
