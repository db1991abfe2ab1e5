package config

import (
	"errors"
	"time"
)

// Captcha is who is asked whether a buyer who joins a waiting room is a person. Default: nobody. An event asks for it
// with "captcha": true in its waiting room, and else nobody is asked either.
type Captcha struct {
	// Captcha is the provider: turnstile (Cloudflare) or hcaptcha. Danger: a join then waits for a third party, which
	// learns that somebody joins (not who), and pages load that party's script: the Content-Security-Policy lets in
	// that one and no other. Every node needs the same: one without refuses the joins of such events with 503.
	Captcha string `help:"Captcha provider of waiting rooms whose event asks for one: turnstile or hcaptcha. Default: none." enum:"turnstile,hcaptcha," default:"" placeholder:"PROVIDER" group:"Waiting room"`
	// CaptchaSecretFile holds the provider's secret, in a file of mode 0600, or 0640 and less when root owns it. Read
	// at start.
	CaptchaSecretFile string `help:"File with the captcha provider's secret." placeholder:"FILE" group:"Waiting room"`
	// CaptchaSiteKey is the site key that belongs to the secret. It is public: pages show the widget with it.
	CaptchaSiteKey string `help:"The site key of the captcha's widget." placeholder:"KEY" group:"Waiting room"`
	// CaptchaHostnames are the pages' host names: a token that was solved on another page is refused. Default: not
	// looked at, so that the provider's own list of domains counts.
	CaptchaHostnames []string `help:"Host names of pages that tokens must come from. Default: as the provider says." placeholder:"HOST" group:"Waiting room"`
	// CaptchaUnreachable says what becomes of a join while the provider gives no verdict. Default refuse: 503 with
	// Retry-After, so that nobody gets in unseen, and nobody at all while the provider is down. admit lets everybody
	// join meanwhile, bots too, and counts them (holdfast_captcha_verdicts_total{verdict="let_pass"}). Either is an
	// ERROR in the log when it begins.
	CaptchaUnreachable string `help:"Joins without a verdict of the provider: refuse (503) or admit (${default})." enum:"refuse,admit" default:"refuse" placeholder:"WHAT" group:"Waiting room"`
	// CaptchaTimeout is how long a verdict may take. Default 3s. Shorter refuses people while the provider is slow;
	// longer keeps them waiting before they hear that it is down.
	CaptchaTimeout time.Duration `help:"Longest wait for a verdict (${default})." default:"3s" placeholder:"DURATION" group:"Waiting room"`
	// CaptchaInflight is how many verdicts are awaited at once on this node, each on a connection of its own. Default
	// 256: at 100 ms each, 2,560 joins a second. More joins at once than this get 503, whatever CaptchaUnreachable
	// says: else a flood would open the doors.
	CaptchaInflight int `help:"Verdicts awaited at once (${default})." default:"256" placeholder:"N" group:"Waiting room"`
	// CaptchaURL is where verdicts are asked for, https, or http on 127.0.0.1. Default: the provider's own address. For
	// a proxy of one's own, or a provider that speaks the same words.
	CaptchaURL string `help:"Where verdicts are asked for. Default: the provider's own address." placeholder:"URL" group:"Waiting room" name:"captcha-url" env:"HOLDFAST_CAPTCHA_URL"`
}

func (c *Captcha) checkCaptcha() error {
	if c.Captcha == "" {
		if c.CaptchaSecretFile != "" || c.CaptchaSiteKey != "" || c.CaptchaURL != "" || len(c.CaptchaHostnames) > 0 {
			return errors.New(
				"--captcha-… need --captcha turnstile or --captcha hcaptcha: without it no captcha is asked for",
			)
		}
		return nil
	}
	switch {
	case c.CaptchaSecretFile == "":
		return errors.New("--captcha needs --captcha-secret-file")
	case c.CaptchaSiteKey == "":
		return errors.New("--captcha needs --captcha-site-key")
	case c.CaptchaTimeout < 100*time.Millisecond || c.CaptchaTimeout > time.Minute:
		return errors.New("--captcha-timeout must be from 100ms to 1m")
	case c.CaptchaInflight < 1 || c.CaptchaInflight > 100_000:
		return errors.New("--captcha-inflight must be from 1 to 100000")
	}
	return nil
}
