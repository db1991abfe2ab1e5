package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

const secretWord = "geheim"

// TestAuditRefusesWhatItCannotRead: exit code 2 and a reason, and never a password in it.
func TestAuditRefusesWhatItCannotRead(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	for _, c := range []struct {
		name string
		env  string
		args []string
		says string
	}{
		{name: "neither", says: "exactly one of --data"},
		{name: "both", args: []string{"--data", data, "--store", "postgres://u:" + secretWord + "@h/d"},
			says: "exactly one of --data"},
		{name: "one by flag, one by environment", env: "postgres://u:" + secretWord + "@h/d",
			args: []string{"--data", data}, says: "HOLDFAST_STORE"},
		{name: "another kind of database", args: []string{"--store", "mysql://u:" + secretWord + "@h/d"},
			says: "postgres://"},
		{name: "no address but words", args: []string{"--store", "host=h password=" + secretWord}, says: "postgres://"},
		{name: "an address that does not parse", args: []string{"--store",
			"postgres://u:" + secretWord + "@h:port:port/d"}, says: "postgres://"},
		{name: "nobody there", args: []string{"--store", "postgres://u:" + secretWord +
			"@127.0.0.1:1/d?sslmode=disable"}, says: "127.0.0.1:1"},
		{name: "nobody there, by environment", env: "postgres://u:" + secretWord + "@127.0.0.1:1/d?sslmode=disable",
			says: "127.0.0.1:1"},
		{name: "books that are not there", args: []string{"--data", data, "--payments", filepath.Join(data, "none")},
			says: "--payments"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("HOLDFAST_STORE", c.env)
			code, out := tool(t, append([]string{"audit"}, c.args...)...)
			if code != exitFailed || !strings.Contains(out, c.says) || strings.Contains(out, secretWord) {
				t.Errorf("exit code %d, want %d with %q and no password: %s", code, exitFailed, c.says, out)
			}
		})
	}
}

// onlineSale is an engine over a database, and an auditor who may only read it.
type onlineSale struct {
	t       *testing.T
	owner   string // address
	auditor string // address, with a password in it
	store   *sqlstore.Store
	engine  *actors.Engine
	event   storage.EventID
}

func newOnlineSale(t *testing.T) *onlineSale {
	t.Helper()
	server := pgtest.Shared(t)
	s := &onlineSale{t: t, owner: server.Database(t)}
	var err error
	if s.store, err = sqlstore.Open(t.Context(), s.owner, sqlstore.Options{Migrate: true}); err != nil {
		t.Fatal(err)
	}
	s.sql("DROP ROLE IF EXISTS looks_only")
	s.sql("CREATE ROLE looks_only LOGIN")
	for _, table := range []string{"section_log", "tickets", "snapshots", "snapshot_parts", "events", "venue_parts",
		"sandbox_payments", "schema_steps"} {
		s.sql("GRANT SELECT ON " + table + " TO looks_only")
	}
	t.Cleanup(func() { s.sql("DROP OWNED BY looks_only"); s.sql("DROP ROLE looks_only") })
	t.Cleanup(func() {
		if err := errors.Join(s.engine.Close(context.Background()), s.store.Close()); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(s.owner)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("looks_only", secretWord)
	s.auditor = address.String()
	if s.engine, err = actors.Open(t.Context(), actors.Config{Store: s.store,
		Processor: sandbox.OpenShared(s.store)}); err != nil {
		t.Fatal(err)
	}
	s.createEvent()
	return s
}

func (s *onlineSale) createEvent() {
	s.t.Helper()
	plan, err := venue.Parse([]byte(`{"sections":[{"id":"A","category":"Stalls","rows":[{"label":"1","seats":60}]},`+
		`{"id":"B","category":"Stalls","rows":[{"label":"1","seats":60}]}]}`), venue.Options{Name: "Hall"})
	if err != nil {
		s.t.Fatal(err)
	}
	header, err := s.engine.CreateEvent(s.t.Context(), &storage.Event{
		Name: "Night", Currency: "EUR", Sale: storage.SaleOpen, Prices: map[string]int64{"Stalls": 4500},
		Rules: section.Rules{HoldTTL: 1000, HoldCeiling: 2000, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 8,
			DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin},
	}, plan)
	if err != nil {
		s.t.Fatal(err)
	}
	s.event = header.ID
}

func (s *onlineSale) sql(statement string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(context.Background(), s.owner)
	if err == nil {
		_, err = conn.Exec(context.Background(), statement, args...)
		err = errors.Join(err, conn.Close(context.Background()))
	}
	if err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// buy brings a booking of one seat as far as the token allows.
func (s *onlineSale) buy(who actors.Caller, token string) (view actors.BookingView) {
	call := &actors.BookCall{Event: s.event, Caller: who, Best: actors.BestAvailable{Quantity: 1}}
	if err := s.engine.Book(call, 10*time.Second, &view); err != nil {
		s.refused(err)
		return view
	}
	if token != "" {
		s.refused(s.engine.Confirm(view.ID, who, token, 10*time.Second, &view))
	}
	return view
}

func (s *onlineSale) refused(err error) {
	var no *actors.Refusal
	if err != nil && !errors.As(err, &no) && !errors.Is(err, actors.ErrDeclined) &&
		!errors.Is(err, actors.ErrUnavailable) && !errors.Is(err, actors.ErrProcessor) { // nothing was done: it is busy
		s.t.Errorf("a buyer was told: %v", err)
	}
}

func (s *onlineSale) shop(ctx context.Context, no byte) {
	lot := rand.New(rand.NewPCG(uint64(no), 11))
	tokens := []string{"tok_ok", "tok_ok", "tok_ok", "tok_unknown", "tok_declined", ""}
	for ctx.Err() == nil {
		view := s.buy(actors.Caller{Buyer: section.BuyerID{no, byte(lot.Uint32()), byte(lot.Uint32())}},
			tokens[lot.IntN(len(tokens))])
		if view.State == section.BookingConfirmed && lot.IntN(6) > 0 { // else soon nothing is left to sell
			s.refused(
				s.engine.Refund(view.ID, actors.Caller{Operator: true}, actors.RefundCall{}, 10*time.Second, &view),
			)
		}
	}
}

// during sells while look is called back to back.
func (s *onlineSale) during(timeMin time.Duration, looksMin int, look func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var buyers sync.WaitGroup
	for no := range byte(4) {
		buyers.Go(func() { s.shop(ctx, no) })
	}
	begun := time.Now()
	for looks := 0; looks < looksMin || time.Since(begun) < timeMin; looks++ {
		look()
	}
	cancel()
	buyers.Wait()
}

func (s *onlineSale) audit(want int, findings ...string) string {
	s.t.Helper()
	code, out := tool(s.t, "audit", "--store", s.auditor)
	if code != want || !strings.Contains(out, "online    each section as it was at one instant, from 2") ||
		strings.Contains(out, secretWord) {
		s.t.Errorf("exit code %d, want %d, online and without a password: %s", code, want, out)
	}
	for _, finding := range findings {
		if !strings.Contains(out, finding) {
			s.t.Errorf("no %q in %s", finding, out)
		}
	}
	if got := strings.Count(out, "FINDING"); got != len(findings) {
		s.t.Errorf("%d findings, want %d: %s", got, len(findings), out)
	}
	return out
}

// TestAuditOfADatabaseThatSells (P1, P6, P10): on a real server, by a role that may only read: clean while all goes
// well, and each kind of damage is found by every audit; afterwards too, when nobody sells.
func TestAuditOfADatabaseThatSells(t *testing.T) {
	s := newOnlineSale(t)
	kept := s.buy(actors.Caller{Buyer: section.BuyerID{99}}, "tok_ok")
	if kept.State != section.BookingConfirmed {
		t.Fatalf("the first booking is in state %d", kept.State)
	}
	s.during(time.Second, 3, func() { s.audit(exitOK) })
	out := s.audit(exitOK)
	for _, empty := range []string{" 0 sold", " 0 refunded", " 0 declined"} {
		if strings.Contains(out, empty) {
			t.Errorf("too little happened for the audits to mean anything: %s", out)
		}
	}

	event := s.event.String()
	at := int64(kept.ID.Section.Section)
	s.sql("DELETE FROM tickets WHERE event_id = $1::UUID AND section_id = $2::INT8 AND booking = $3::INT8", event, at,
		int64(kept.ID.No))
	s.sql("INSERT INTO tickets (event_id, section_id, seat, booking) VALUES ($1::UUID, $2::INT8, 59999, 1)", event, at)
	stray := actors.BookingID{Section: kept.ID.Section, No: 1_000_000_000}.String()
	s.sql("INSERT INTO sandbox_payments (payment_id, status, amount, currency) VALUES ($1::TEXT, 'charged', 4500, "+
		"'EUR')", stray)
	damage := []string{"ticket_missing", "ticket for seat 59999", "payment " + stray + " is charged"}
	s.during(500*time.Millisecond, 2, func() { s.audit(exitFindings, damage...) })
	s.audit(exitFindings, damage...)

	code, out := tool(t, "audit", "--store", s.auditor, "--json")
	var report audit.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitFindings || !report.Online ||
		report.From.IsZero() || report.To.Before(report.From) {
		t.Errorf("JSON: %d %v, online %v from %v to %v", code, err, report.Online, report.From, report.To)
	}
	if code, out := tool(t, "audit", "--store", s.auditor, "--payments",
		testkit.WriteFile(t, "books", "")); code != exitFindings || !strings.Contains(out, "payment_missing") {
		t.Errorf("other books, empty ones: %d %s", code, out)
	}
	s.sql("DELETE FROM sandbox_payments")
	if code, out := tool(t, "audit", "--store", s.auditor); code != exitFindings ||
		!strings.Contains(out, "payments  not checked: the database has none") {
		t.Errorf("no books at all: %d %s", code, out)
	}
}
