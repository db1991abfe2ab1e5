// Who the visitor is. The server says how it knows its buyers (GET /v1/sign-in); the page never makes a buyer up for a
// server that does not take names.

const buyerKey = 'holdfast.buyer';
const tokenKey = 'holdfast.token';
const operatorKey = 'holdfast.operator';
const tokenInAddress = /[#?&]token=([^&]*)/;

/** newKey makes an Idempotency-Key. randomUUID exists only in secure contexts, so there is a second way. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

/**
 * identity is a buyer's name (dev servers only; kept on this device) or a bearer token (kept in this tab). Before learn()
 * has been told how the server knows its buyers, nobody is anybody.
 */
export const identity = {
  methods: null,
  signInURL: '',

  /** learn takes the answer of GET /v1/sign-in. */
  learn({ methods = [], url = '' }) {
    this.methods = methods;
    this.signInURL = url;
  },

  get byName() { return this.methods?.includes('buyer_name') ?? false; },
  get byToken() { return this.methods?.includes('bearer_token') ?? false; },

  /** known tells whether requests of a buyer can be sent at all. */
  get known() { return this.byName || (this.byToken && this.token !== ''); },

  get buyer() {
    if (!this.byName) return '';
    let name = localStorage.getItem(buyerKey);
    if (!name) {
      name = 'fan-' + newKey().slice(0, 6);
      localStorage.setItem(buyerKey, name);
    }
    return name;
  },
  set buyer(name) { localStorage.setItem(buyerKey, name); },
  get token() { return sessionStorage.getItem(tokenKey) ?? ''; },
  set token(token) { token ? sessionStorage.setItem(tokenKey, token) : sessionStorage.removeItem(tokenKey); },
  get operator() { return sessionStorage.getItem(operatorKey) ?? ''; },
  set operator(key) { sessionStorage.setItem(operatorKey, key); },

  /** name is what to call the visitor, or ''. A token's claims are read for such words only: the server judges them. */
  get name() {
    if (this.byName) return this.buyer;
    if (!this.known) return '';
    const claims = claimsOf(this.token);
    return String(claims.name ?? claims.preferred_username ?? claims.sub ?? 'Signed in').slice(0, 80);
  },

  /** account is one word for who asks, the same at every visit; null where a token does not say. For keeping things apart only. */
  get account() {
    if (this.byName) return this.buyer;
    const { iss = '', sub } = this.known ? claimsOf(this.token) : {};
    return sub === undefined ? null : `${iss} ${sub}`;
  },

  /** ranOut tells whether the token names an end that is past: nobody is greeted who is about to be refused. */
  ranOut(now) { return this.byToken && claimsOf(this.token).exp * 1000 <= now; },

  /** headers says who asks, in the words of the server. */
  get headers() { return this.byName ? { 'X-Buyer': this.buyer } : { Authorization: `Bearer ${this.token}` }; },

  /** signInLink is where the shop signs fans in, with this page's address to come back to; '' when the server names none. */
  get signInLink() { return this.signInURL.replaceAll('{return}', encodeURIComponent(location.href)); },

  /**
   * takeToken keeps a token that the shop left in the address's fragment (#token=… or #/e/ID?token=…) and takes it out of the
   * address, so that no copied link carries it. Answers whether there was one.
   */
  takeToken() {
    const found = tokenInAddress.exec(location.hash);
    if (!found) return false;
    this.token = decodeURIComponent(found[1]);
    const rest = location.hash.replace(tokenInAddress, '');
    history.replaceState(history.state, '', location.pathname + location.search + (rest.startsWith('#/') ? rest : '#/'));
    return true;
  },
};

function claimsOf(token) {
  try {
    const text = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    return claims !== null && typeof claims === 'object' ? claims : {};
  } catch {
    return {}; // no JWT, or none that can be read here
  }
}
