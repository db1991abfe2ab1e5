package sandbox

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"holdfast/actors/checkout/processor"
)

const challengePath = "/challenge/"

// challengeURL is where the buyer answers the payment's challenge. The reference in it cannot be guessed.
func (s *Sandbox) challengeURL(p *Payment) string {
	base := s.ChallengeURL
	if base == "" {
		base = "http://localhost"
	}
	return base + challengePath + url.PathEscape(p.ID) + "?reference=" + url.QueryEscape(string(p.reference()))
}

// Pages answers what buyers see: the challenge, with a button that passes it and one that fails it.
func (s *Sandbox) Pages() http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("GET "+challengePath+"{attempt}", s.showChallenge)
	pages.HandleFunc("POST "+challengePath+"{attempt}", s.answerChallenge)
	return pages
}

var challengePage = template.Must(template.New("challenge").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Confirm your payment (sandbox)</title>
<style>body{font:1rem/1.5 system-ui;margin:2rem auto;max-width:30rem;padding:0 1rem}
button{font:inherit;padding:.6rem 1.2rem;margin-right:1rem}</style></head>
<body><main><h1>Confirm your payment</h1>
{{if .Open}}<p>This is the sandbox's 3-D Secure challenge: no bank asks, and no money moves.</p>
<form method="post"><input type="hidden" name="reference" value="{{.Reference}}">
<button name="answer" value="pass">Pass</button> <button name="answer" value="fail">Fail</button></form>
{{else}}<p>Nothing is to be answered here: the payment is {{.Status}}. You can go back to the shop.</p>{{end}}
</main></body></html>
`))

func (s *Sandbox) showChallenge(w http.ResponseWriter, r *http.Request) {
	p, err := s.find(r.Context(), processor.AttemptID(r.PathValue("attempt")),
		processor.Reference(r.URL.Query().Get("reference")))
	if err != nil {
		refuse(w, err)
		return
	}
	s.challengePage(w, &p)
}

func (s *Sandbox) challengePage(w http.ResponseWriter, p *Payment) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	status := statuses[p.Status]
	_ = challengePage.Execute(w, map[string]any{ // the buyer has gone
		"Open": status == processor.Challenge, "Status": status.String(), "Reference": p.reference(),
	})
}

func (s *Sandbox) answerChallenge(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	attempt, ref := processor.AttemptID(r.PathValue("attempt")), processor.Reference(r.PostFormValue("reference"))
	p, err := s.AnswerChallenge(r.Context(), attempt, ref, r.PostFormValue("answer") == "pass")
	switch {
	case err != nil:
		refuse(w, err)
	case plainURL(p.Return):
		http.Redirect(w, r, p.Return, http.StatusSeeOther)
	default:
		s.challengePage(w, &p)
	}
}

// AnswerChallenge is what the page's buttons do. Where no challenge waits, nothing changes.
func (s *Sandbox) AnswerChallenge(ctx context.Context, a processor.AttemptID, ref processor.Reference, pass bool,
) (Payment, error) {
	p, _, err := s.change(ctx, a, ref, func(p *Payment) bool {
		switch {
		case p.Status != processor.Challenge.String():
			return false
		case pass:
			p.Status, p.Passed = processor.Opened.String(), true
		default:
			p.Status, p.Decline = processor.Declined.String(), "authentication_failed"
		}
		return true
	})
	return p, err
}

// plainURL says that a browser may be sent there.
func plainURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if errors.Is(err, ErrNoPayment) {
		http.Error(w, "no such payment", http.StatusNotFound)
		return
	}
	http.Error(w, "the sandbox's books do not answer", http.StatusServiceUnavailable)
}
