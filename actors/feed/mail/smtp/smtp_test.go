package smtp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/actors/feed/mail"
	"holdfast/actors/feed/mail/smtptest"
)

func message(to string) *mail.Message {
	return &mail.Message{ID: "bo4x7q.confirmed@example.com", To: to, Subject: "Ihre Karten für Rök", Text: "Größe\n",
		HTML: "<p>Größe</p>", Language: "de",
		Attachments: []mail.Attachment{{Name: "tickets.pdf", Type: "application/pdf", Body: []byte("%PDF")}}}
}

func sender(t *testing.T, s Server) *Sender {
	t.Helper()
	if s.From == "" {
		s.From = "Box office <tickets@example.com>"
	}
	made, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	return made
}

// TestMailsArrive: over STARTTLS, with a password, whole, several over one connection, and under the same id each time.
func TestMailsArrive(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{TLS: true, User: "shop", Password: "s3cret"})
	s := sender(t, Server{URL: "smtp://shop@" + server.Addr, Password: "s3cret", Roots: server.Roots})
	for range 3 {
		if err := s.Send(t.Context(), message("bob@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	got := server.Await(t, 3)
	if n := server.Connections(); n != 1 {
		t.Errorf("three mails took %d connections", n)
	}
	for _, m := range got {
		header := func(name, want string) {
			if text := m.Header.Get(name); text != want {
				t.Errorf("%s is %q, not %q", name, text, want)
			}
		}
		header("Message-ID", "<bo4x7q.confirmed@example.com>")
		header("From", `"Box office" <tickets@example.com>`)
		header("To", "<bob@example.com>")
		header("Auto-Submitted", "auto-generated")
		header("Content-Language", "de")
		raw := string(m.Raw)
		for _, part := range []string{"multipart/mixed", "multipart/alternative", "text/plain", "text/html",
			`filename="tickets.pdf"`, "Gr=C3=B6=C3=9Fe"} {
			if !strings.Contains(raw, part) {
				t.Errorf("there is no %q in:\n%s", part, raw)
			}
		}
	}
}

// TestWhatServersSay: an address that is refused is refused for good; all else may be repeated, and no error has the
// address in it (P14).
func TestWhatServersSay(t *testing.T) {
	for name, c := range map[string]struct {
		step     string
		answer   error
		rejected bool
	}{
		"no such mailbox":        {"to", smtptest.Answer(550), true},
		"no such mailbox yet":    {"to", smtptest.Answer(450), false},
		"not this sender":        {"from", smtptest.Answer(550), false},
		"not this text":          {"data", smtptest.Answer(554), false},
		"later":                  {"data", smtptest.Answer(451), false},
		"gone in the middle":     {"data", smtptest.ErrBreak, false},
		"gone at the address":    {"to", smtptest.ErrBreak, false},
		"gone at the first word": {"from", smtptest.ErrBreak, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := smtptest.Start(t, smtptest.Options{})
			s := sender(t, Server{URL: "smtp://" + server.Addr + "?tls=off"})
			server.Refuse(func(step, address string) error {
				if step == c.step && address != "fine@example.com" {
					return c.answer
				}
				return nil
			})
			err := s.Send(t.Context(), message("bob@example.com"))
			if err == nil || errors.Is(err, mail.ErrRejected) != c.rejected || strings.Contains(err.Error(), "bob") {
				t.Errorf("it is told %v", err)
			}
			server.Refuse(nil)
			if err := s.Send(t.Context(), message("fine@example.com")); err != nil {
				t.Errorf("the next mail: %v", err)
			}
			if got := server.Await(t, 1); got[0].To != "fine@example.com" || len(got) != 1 {
				t.Errorf("there came %+v", got)
			}
		})
	}
}

// TestNothingGoesInTheClear: a server that offers no TLS, or a certificate that is nobody's, gets nothing.
func TestNothingGoesInTheClear(t *testing.T) {
	open, closed := smtptest.Start(t, smtptest.Options{}), smtptest.Start(t, smtptest.Options{TLS: true})
	for name, url := range map[string]string{"no STARTTLS": "smtp://" + open.Addr,
		"a certificate that is not known": "smtp://" + closed.Addr, "no TLS at all": "smtps://" + open.Addr} {
		if err := sender(t, Server{URL: url}).Send(t.Context(), message("bob@example.com")); err == nil {
			t.Errorf("%s: it was sent", name)
		}
	}
	if n := len(open.Got()) + len(closed.Got()); n != 0 {
		t.Errorf("%d mails came", n)
	}
}

// TestAWrongPasswordIsNoRejection: the mail waits until somebody mends it.
func TestAWrongPasswordIsNoRejection(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{TLS: true, User: "shop", Password: "right"})
	s := sender(t, Server{URL: "smtp://shop@" + server.Addr, Password: "wr0ng-one", Roots: server.Roots})
	err := s.Send(t.Context(), message("bob@example.com"))
	if err == nil || errors.Is(err, mail.ErrRejected) || strings.Contains(err.Error(), "wr0ng-one") {
		t.Errorf("it is told %v", err)
	}
}

// TestConnectionsAreNotKeptForEver: one that nobody used for a while is ended, and a new one made.
func TestConnectionsAreNotKeptForEver(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	s := sender(t, Server{URL: "smtp://" + server.Addr + "?tls=off"})
	now := time.Now()
	s.now = func() time.Time { return now }
	for range 2 {
		if err := s.Send(t.Context(), message("bob@example.com")); err != nil {
			t.Fatal(err)
		}
		now = now.Add(keptFor + time.Second)
	}
	if n := server.Connections(); n != 2 {
		t.Errorf("%d connections", n)
	}
	for range keptUses + 1 {
		if err := s.Send(t.Context(), message("bob@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Connections(); n != 4 {
		t.Errorf("%d connections after %d mails more", n, keptUses+1)
	}
}

// TestServersAreJudged: what cannot work is told at the start, by what is wrong, and without the password.
func TestServersAreJudged(t *testing.T) {
	const from = "tickets@example.com"
	for _, c := range []struct {
		server Server
		want   string
	}{
		{Server{URL: "smtp://mail.example", From: from}, ""},
		{Server{URL: "smtps://shop@mail.example:465", From: from, Password: "p"}, ""},
		{Server{URL: "smtp://localhost:1025?tls=off", From: "Box <t@example.com>"}, ""},
		{Server{URL: "smtp://[::1]:1025?tls=off", From: from}, ""},
		{Server{URL: "smtp://mail.example"}, "sender"},
		{Server{URL: "smtp://mail.example", From: "nobody"}, "sender"},
		{Server{URL: "", From: from}, "smtp://user@host"},
		{Server{URL: "mail.example:25", From: from}, "smtp://user@host"},
		{Server{URL: "https://mail.example", From: from}, "smtp://user@host"},
		{Server{URL: "smtp://mail.example?tls=maybe", From: from}, "smtp://user@host"},
		{Server{URL: "smtps://mail.example?tls=off", From: from}, "smtp://user@host"},
		{Server{URL: "smtp://mail.example:99999", From: from}, "smtp://user@host"},
		{Server{URL: "smtp://mail.example/inbox", From: from}, "smtp://user@host"},
		{Server{URL: "smtp://mail.example?tls=off", From: from}, "this machine only"},
		{Server{URL: "smtp://a:s3cret@mail.example", From: from}, "password"},
		{Server{URL: "smtp://mail.example", From: from, Password: "s3cret"}, "no user"},
		{Server{URL: "smtp://a@localhost?tls=off", From: from}, "leave the user out"},
	} {
		_, err := New(c.server)
		switch {
		case (err == nil) != (c.want == ""), err != nil && !strings.Contains(err.Error(), c.want),
			err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%+v: %v", c.server.URL, err)
		}
	}
}
