// Package captcha asks a captcha's provider whether a token proves a person: a port, two adapters, and a guard around
// them. Off by default, per event.
//
//	join ──▶ Guard.Check ──▶ Verifier (Turnstile, HCaptcha) ──one POST──▶ the provider
//	            │  at most InFlight at once, Timeout each        ◀── at most 16 KiB of JSON
//	            └─ no answer: Open lets the buyer pass, else ErrUnavailable; Alarm hears of its begin and end
//
// Three ends, never mixed: nil, the provider vouches; ErrRefused, the provider does not, or vouches for something else
// (another site, action or buyer); ErrUnavailable, nobody knows: no answer, an answer that is none, a secret that the
// provider does not take. A token that cannot be one is refused without a call.
//
// A token is bound to the buyer where the provider carries data (Turnstile's cData): else whoever solves can sell. Both
// providers take a token once only; a repeat of the very same question may be asked of Turnstile under its own id.
//
// How it is wired: a Service is a provider with its guard, and what pages show (service.go). Package api/queue/entry
// asks Guard.Check before a join, after every cheaper check, from the handler's own goroutine: no lock and no mailbox
// is held meanwhile. ErrRefused is 403 captcha_refused, ErrUnavailable is 503 captcha_unavailable with Retry-After. The
// server's flags (--captcha) say provider, secret's file, site key, and open or closed; an event says whether it asks
// at all. The page's Content-Security-Policy lets in the provider's script where there is one.
//
// # What it costs
//
// A captcha is a call to a third party for each join, who learns the buyer's address if it is sent (off by default),
// and who may be down when everybody comes: so open or closed is the operator's choice, and is told by the alarm. It
// keeps out scripts, and no one who pays solvers; people with a screen reader and old telephones are slowed most.
//
// # Rejected
//
// The providers' own libraries: one POST needs none. Retries: the buyer's page has a second token sooner than we an
// answer. A circuit breaker: Timeout and InFlight bound what waits, and every try is one that may succeed. Keeping
// verdicts: tokens are good once.
package captcha
