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

/** toast shows words for a while; kind is info, good, warn or bad; action is {label, run}. It stays while it has focus. */
export function toast(words, kind = 'info', action = null) {
  const box = h('div', { class: `toast ${kind}` }, h('span', { text: words }));
  const leave = () => box.remove();
  if (action) box.append(h('button', { type: 'button', text: action.label, on: { click: () => { leave(); action.run(); } } }));
  box.append(h('button', { type: 'button', class: 'bare', 'aria-label': 'Dismiss', on: { click: leave } }, icon(icons.close)));
  byID('toasts').replaceChildren(box);
  (kind === 'bad' ? alarm : say)(words);
  const wait = () => (box.matches(':focus-within, :hover') ? setTimeout(wait, 2000) : leave());
  setTimeout(wait, action ? 10000 : 6000);
}

export const reducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
