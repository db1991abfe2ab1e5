// The captcha that an event may ask of whoever joins: the widget of the server's provider, loaded when it is needed and
// not before. The server's Content-Security-Policy lets no other script in.

import { Problem } from './api.js';

const providers = {
  turnstile: {
    script: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit', api: () => window.turnstile,
    more: ({ action, bound }) => ({ action, cData: bound }),
  },
  hcaptcha: { script: 'https://js.hcaptcha.com/1/api.js?render=explicit&recaptchacompat=off', api: () => window.hcaptcha, more: () => ({}) },
};

const scripts = new Map(); // by address: what loads is loaded once

function load(address) {
  if (!scripts.has(address)) {
    const loaded = new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.addEventListener('load', resolve);
      script.addEventListener('error', () => { script.remove(); scripts.delete(address); reject(blocked()); });
      Object.assign(script, { src: address, async: true });
      document.head.append(script);
    });
    scripts.set(address, loaded);
  }
  return scripts.get(address);
}

const blocked = () => new Problem(403, { code: 'captcha_required' });

/**
 * solve shows a widget in host, and answers the token that the provider gives once it takes the fan for a person. The
 * signal ends it. A provider that cannot be reached, or that this page does not know, is a Problem.
 */
export async function solve(widget, host, signal) {
  const provider = providers[widget.provider];
  if (!provider) throw blocked();
  await load(provider.script);
  signal.throwIfAborted();
  const api = provider.api(), place = document.createElement('div');
  if (!api) throw blocked();
  host.replaceChildren(place);
  host.hidden = false;
  let id;
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      id = api.render(place, { sitekey: widget.site_key, callback: resolve, 'error-callback': () => { reject(blocked()); return true; }, ...provider.more(widget) });
    });
  } finally {
    host.hidden = true;
    if (id !== undefined) api.remove?.(id);
    host.replaceChildren();
  }
}
