package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
)

// fakeContact is how the fake's buyer is reached.
type fakeContact struct {
	Email   string `json:"email"`
	Phone   string `json:"phone,omitempty"`
	GivenAt string `json:"given_at"`
}

func (f *fake) contactRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/me/contact", f.ofContact(func(w http.ResponseWriter, _ *http.Request) {
		if f.contact == nil {
			f.refuse(w, 404, "not_found")
			return
		}
		f.answer(w, 200, f.contact)
	}))
	mux.HandleFunc("PUT /v1/me/contact", f.ofContact(func(w http.ResponseWriter, r *http.Request) {
		var given fakeContact
		err := json.NewDecoder(r.Body).Decode(&given)
		if next := f.nextScript(); next != nil && next(w) {
			return
		}
		switch {
		case err != nil || !strings.Contains(given.Email, "@"):
			f.refuseField(w, "email")
		case given.Phone != "" && len(given.Phone) < 5:
			f.refuseField(w, "phone")
		default:
			f.contact = &given
			f.answer(w, 200, f.contact)
		}
	}))
	mux.HandleFunc("DELETE /v1/me/contact", f.ofContact(func(w http.ResponseWriter, _ *http.Request) {
		f.contact = nil
		f.answer(w, 200, map[string]any{"erased": []string{"contact"}})
	}))
}

func (f *fake) ofContact(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !f.identified(r) {
			f.refuse(w, 401, "unauthorized")
			return
		}
		do(w, r)
	}
}

func (f *fake) refuseField(w http.ResponseWriter, field string) {
	f.answer(w, 422, map[string]any{"status": 422, "code": "invalid", "title": "x", "field": field})
}
