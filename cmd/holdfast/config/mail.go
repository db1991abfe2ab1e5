package config

import (
	"errors"
	"net/url"
)

// Mail is how buyers are told what became of their bookings. Default: they are not.
type Mail struct {
	// MailServer is who takes mails over: smtp://user@host:587 (STARTTLS, or nothing is sent), smtps://user@host:465,
	// or smtp://127.0.0.1:1025?tls=off for one on this machine. Default: no mails are sent. Every node needs the same.
	// What happened while mails were off is told for three days back, if they were on before.
	MailServer string `help:"Mail server that takes mails to buyers over: smtp://USER@HOST:587 or smtps://USER@HOST:465. Default: none, no mails." placeholder:"URL" group:"Mail"`
	// MailPasswordFile holds the password of the server's user, in a file of mode 0600, or 0640 and less when root owns
	// it. Read at start.
	MailPasswordFile string `help:"File with the password of the mail server's user." placeholder:"FILE" group:"Mail"`
	// MailFrom is who mails come from: an address, or Name <address>. Its domain is in every Message-ID.
	MailFrom string `help:"Who mails come from: ADDRESS, or NAME <ADDRESS>." placeholder:"FROM" group:"Mail"`
	// MailLink is where buyers' browsers reach the page. Default: mails have no links.
	MailLink string `help:"Where buyers reach the page, for links in mails: https://HOST." placeholder:"URL" group:"Mail"`
	// MailLanguage is that of mails to buyers who have named none that mails are written in.
	MailLanguage string `help:"Language of mails to buyers who have named none (${default}): en or de." enum:"en,de" default:"en" placeholder:"LANGUAGE" group:"Mail"`
}

func (m *Mail) checkMail() error {
	switch {
	case m.MailServer == "" && (m.MailPasswordFile != "" || m.MailFrom != "" || m.MailLink != ""):
		return errors.New("--mail-… need --mail-server: without one no mails are sent")
	case m.MailServer != "" && m.MailFrom == "":
		return errors.New("--mail-server needs --mail-from: who mails come from")
	}
	u, err := url.Parse(m.MailLink)
	if m.MailLink != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !localHTTP(u)) {
		return errors.New("--mail-link: an address begins with https://, or http:// on a loopback address")
	}
	return nil
}
