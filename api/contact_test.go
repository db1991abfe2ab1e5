package api

import (
	"strings"
	"testing"
	"time"

	"holdfast/storage/memstore"
)

const contactPath = "/v1/me/contact"

// TestContactDataIsItsBuyersAlone guards P14: whoever gave it sees it, replaces and erases it; nobody else does, and no
// log line and no metric has it.
func TestContactDataIsItsBuyersAlone(t *testing.T) {
	store := memstore.New()
	h := openStore(t, store)
	h.do("GET", contactPath, alice, "").want(404, "not_found")
	var got struct {
		Email, Phone, Language string
		GivenAt                time.Time `json:"given_at"`
	}
	h.do("PUT", contactPath, alice, `{"email":"zerberus@example.net","phone":"+49 30 7654321","language":"de-AT"}`).
		want(200, "").into(&got)
	if got.Email != "zerberus@example.net" || got.Phone != "+49 30 7654321" || got.Language != "de-AT" ||
		got.GivenAt.IsZero() {
		t.Errorf("kept as %+v", got)
	}
	h.do("GET", contactPath, bob, "").want(404, "not_found")
	for range 2 { // it does the same however often
		h.do("PUT", contactPath, alice, `{"email":"quendel@example.net"}`).want(200, "")
	}
	got.Phone, got.Language = "", ""
	h.do("GET", contactPath, alice, "").want(200, "").into(&got)
	if got.Email != "quendel@example.net" || got.Phone != "" || got.Language != "" {
		t.Errorf("replaced by %+v", got)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := map[string]string{"PUT": `{"email":"a@example.net"}`}[method]
		h.do(method, contactPath, operator, body).want(403, "forbidden")
		h.do(method, contactPath, nobody, body).want(401, "unauthorized")
	}
	h.do("DELETE", contactPath, bob, "").want(200, "")
	h.do("GET", contactPath, alice, "").want(200, "")
	for range 2 {
		h.do("DELETE", contactPath, alice, "").want(200, "")
	}
	h.do("GET", contactPath, alice, "").want(404, "not_found")
	said := h.logs.String() + string(h.do("GET", "/metrics", nobody, "").body)
	for _, secret := range []string{"zerberus", "quendel", "7654321"} {
		if strings.Contains(said, secret) {
			t.Errorf("P14: %s is in logs or metrics", secret)
		}
	}
}

// TestContactDataThatIsNoneIsRefused: each by its field, P12 first, and what stands stays.
func TestContactDataThatIsNoneIsRefused(t *testing.T) {
	h := open(t, nil)
	h.do("PUT", contactPath, alice, `{"email":"a@example.net"}`).want(200, "")
	for body, want := range map[string]struct {
		status      int
		code, field string
	}{
		`{}`:                                          {422, "invalid", "email"},
		`{"email":""}`:                                {422, "invalid", "email"},
		`{"email":"alice"}`:                           {422, "invalid", "email"},
		`{"email":null}`:                              {400, "bad_request", "email"},
		`{"email":7}`:                                 {400, "bad_request", "email"},
		`{"email":"a@b.de","phone":null}`:             {400, "bad_request", "phone"},
		`{"email":"a@b.de","phone":""}`:               {422, "invalid", "phone"},
		`{"email":"a@b.de","fax":"1"}`:                {400, "bad_request", "fax"},
		`{"email":"a@b.de","language":null}`:          {400, "bad_request", "language"},
		`{"email":"a@b.de","language":""}`:            {422, "invalid", "language"},
		`{"email":"a@b.de","language":"de_AT"}`:       {422, "invalid", "language"},
		`{"email":"a@b.de","language":"klingonisch"}`: {422, "invalid", "language"},
		`{"email":"a@b.de","language":"de-` + strings.Repeat("1234567-", 4) + `1"}`: {422, "invalid", "language"},
		`{"email":"a@b.de"} x`: {400, "bad_request", "body"},
		``:                     {400, "bad_request", "body"},
		`{"email":"4242424242424242@example.net"}`:         {400, "card_data_refused", ""},
		`{"email":"a@b.de","phone":"4242 4242 4242 4242"}`: {400, "card_data_refused", ""},
	} {
		a := h.do("PUT", contactPath, alice, body).want(want.status, want.code)
		if want.field != "" && a.problem.Field != want.field {
			t.Errorf("%s: field %q, want %q", body, a.problem.Field, want.field)
		}
	}
	if a := h.do("GET", contactPath, alice, "").want(200, ""); !strings.Contains(string(a.body), "a@example.net") {
		t.Errorf("left: %s", a.body)
	}
}

// TestOperatorsForgetABuyer guards P14: the contact data is gone, the log has the reason and not whom, and a buyer who
// left nothing is no error.
func TestOperatorsForgetABuyer(t *testing.T) {
	h := open(t, nil)
	const whom = "Xaver-Quendelgras"
	them := headers{"X-Buyer": whom}
	h.do("PUT", contactPath, them, `{"email":"a@example.net"}`).want(200, "")
	const path, body = "/v1/buyers/forget", `{"buyer":"` + whom + `","reason":"asked by letter"}`
	for _, who := range []headers{alice, them} {
		h.do("POST", path, who, body).want(403, "forbidden")
	}
	h.do("POST", path, nobody, body).want(401, "unauthorized")
	h.do("POST", path, operator, `{"buyer":"`+whom+`"}`).want(400, "bad_request")
	h.do("POST", path, operator, `{"buyer":"","reason":"x"}`).want(422, "invalid")
	h.do("GET", contactPath, them, "").want(200, "")
	for range 2 {
		h.do("POST", path, operator, body).want(200, "")
	}
	h.do("GET", contactPath, them, "").want(404, "not_found")
	if said := h.logs.String(); strings.Contains(said, whom) || !strings.Contains(said, "asked by letter") {
		t.Errorf("P14: the log says %s", said)
	}
}
