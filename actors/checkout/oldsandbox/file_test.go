package oldsandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"holdfast/actors/checkout"
)

// disk is a file whose syncs wait for the test, and fail when it says so.
type disk struct {
	mu      sync.Mutex
	written []byte
	durable []byte
	writes  int

	syncing chan struct{} // nil: syncs do not wait; else each takes one value
	failing atomic.Bool   // the next sync fails, and no other
	full    atomic.Bool   // the next write fails half-way, and no other
}

var errDisk = errors.New("the disk is broken")

func (d *disk) Write(lines []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.full.Swap(false) {
		d.written = append(d.written, lines[:len(lines)/2]...)
		return len(lines) / 2, errDisk
	}
	d.written = append(d.written, lines...)
	return len(lines), nil
}

func (d *disk) Sync() error {
	if d.syncing != nil {
		<-d.syncing
	}
	if d.failing.Swap(false) {
		return errDisk
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = append(d.durable[:0], d.written...)
	return nil
}

func (d *disk) Close() error { return nil }

// holds says whether a line that contains the text would survive a power cut now.
func (d *disk) holds(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Contains(d.durable, []byte(text))
}

func idOf(n int) checkout.PaymentID { return checkout.PaymentID(fmt.Sprintf("payment %d.", n)) }

func pay(ctx context.Context, s *Sandbox, id checkout.PaymentID) (checkout.Status, error) {
	return s.Charge(ctx, checkout.Charge{ID: id, Amount: 500, Currency: "EUR", Token: "tok_ok"})
}

// TestPaymentsShareASync: while one sync is under way the next lines gather, and nobody is answered before the sync of
// the own line.
func TestPaymentsShareASync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const payers = 20
		d := &disk{syncing: make(chan struct{})}
		s := newSandbox(newFileBooks(d))
		var answered atomic.Int64
		for n := range payers {
			go func() {
				if status, err := pay(t.Context(), s, idOf(n)); status != checkout.Charged || err != nil {
					t.Errorf("payment %d: %v %v", n, status, err)
				}
				if !d.holds(string(idOf(n))) {
					t.Errorf("P6: payment %d was answered before it was durable", n)
				}
				answered.Add(1)
			}()
			synctest.Wait() // the first is in its sync from here on
		}
		if n := answered.Load(); n != 0 {
			t.Fatalf("%d answers without a sync", n)
		}
		d.syncing <- struct{}{}
		synctest.Wait()
		if n := answered.Load(); n != 1 {
			t.Errorf("%d answers after the sync of the first line", n)
		}
		d.syncing <- struct{}{}
		synctest.Wait()
		if n := answered.Load(); n != payers || d.writes != 2 {
			t.Errorf("%d of %d answers after %d writes", n, payers, d.writes)
		}
		if lines := bytes.Count(d.durable, []byte("\n")); lines != payers {
			t.Errorf("%d lines for %d payments", lines, payers)
		}
	})
}

// TestOnePaymentIsDecidedOnce: P6, whoever asks about a payment whose line is on its way waits for what becomes of it.
func TestOnePaymentIsDecidedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncing: make(chan struct{})}
		s := newSandbox(newFileBooks(d))
		var answers sync.WaitGroup
		var told atomic.Int64
		ask := func(what string, call func() (checkout.Status, error)) {
			answers.Go(func() {
				defer told.Add(1)
				if status, err := call(); status != checkout.Charged || err != nil {
					t.Errorf("%s: %v %v", what, status, err)
				}
			})
			synctest.Wait()
		}
		ask("the first", func() (checkout.Status, error) { return pay(t.Context(), s, "p") })
		ask("its repeat", func() (checkout.Status, error) { return pay(t.Context(), s, "p") })
		ask("one that would be declined", func() (checkout.Status, error) {
			return s.Charge(t.Context(), checkout.Charge{ID: "p", Token: "tok_declined"})
		})
		ask("a look-up", func() (checkout.Status, error) { return s.Lookup(t.Context(), "p") })
		if n := told.Load(); n != 0 {
			t.Errorf("P6: %d were told of a line that is not durable", n)
		}
		d.syncing <- struct{}{}
		answers.Wait()
		if lines := bytes.Count(d.written, []byte("\n")); lines != 1 {
			t.Errorf("P6: one payment made %d lines: %s", lines, d.written)
		}
	})
}

// TestWhoGivesUpHasNotStoppedThePayment: P6, the line is written all the same, and found later.
func TestWhoGivesUpHasNotStoppedThePayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncing: make(chan struct{})}
		s := newSandbox(newFileBooks(d))
		ctx, giveUp := context.WithCancel(t.Context())
		for _, call := range []func() (checkout.Status, error){
			func() (checkout.Status, error) { return pay(ctx, s, "p") },
			func() (checkout.Status, error) { return s.Lookup(ctx, "p") },
		} {
			go func() {
				if status, err := call(); status != checkout.Unknown || !errors.Is(err, context.Canceled) {
					t.Errorf("who gives up is told %v, %v", status, err)
				}
			}()
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		d.syncing <- struct{}{}
		if got := lookup(t, s, "p"); got != checkout.Charged {
			t.Errorf("later it is %v", got)
		}
	})
}

// TestBooksRefuseAfterADiskFailed: P6, what shared the failed write is unknown for good, as is what came in meanwhile
// and later; what was durable before is not. The disk is well again at once, which proves nothing of what it lost.
func TestBooksRefuseAfterADiskFailed(t *testing.T) {
	for _, row := range []struct {
		what   string
		breaks func(*disk)
		first  checkout.Status // of a payment that is being synced when the disk breaks
	}{
		{"sync", func(d *disk) { d.failing.Store(true) }, checkout.Unknown},
		{"write", func(d *disk) { d.full.Store(true) }, checkout.Charged}, // the next one meets it
	} {
		t.Run(row.what, func(t *testing.T) { refuseAfter(t, row.breaks, row.first) })
	}
}

func refuseAfter(t *testing.T, breaks func(*disk), first checkout.Status) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncing: make(chan struct{}, 9)}
		s := newSandbox(newFileBooks(d))
		d.syncing <- struct{}{}
		if got := charge(t, s, "before", "tok_ok"); got != checkout.Charged {
			t.Fatalf("a healthy disk: %v", got)
		}
		var told atomic.Int64
		ask := func(id checkout.PaymentID, want checkout.Status) {
			status, err := pay(t.Context(), s, id)
			if status != want || errors.Is(err, errDisk) != (want == checkout.Unknown) {
				t.Errorf("P6: %s is told %v, %v", id, status, err)
			}
			told.Add(1)
		}
		go ask("first", first)
		synctest.Wait()
		breaks(d)
		for n := range 5 {
			go ask(idOf(n), checkout.Unknown)
			synctest.Wait()
		}
		for range 3 {
			d.syncing <- struct{}{}
		}
		synctest.Wait()
		ask("later", checkout.Unknown)
		if n := told.Load(); n != 7 {
			t.Errorf("%d of 7 were told", n)
		}
		if got := lookup(t, s, "before"); got != checkout.Charged {
			t.Errorf("what was durable is %v", got)
		}
		if status, err := s.Lookup(t.Context(), idOf(0)); status != checkout.Unknown || !errors.Is(err, errDisk) {
			t.Errorf("P6: what shared the failed write is %v, %v", status, err)
		}
		if got := charge(t, s, "before", "tok_ok"); got != checkout.Charged {
			t.Errorf("a repeat of what was durable: %v", got)
		}
	})
}

// TestCloseKeepsWhatGathered: whoever came in before is answered, whoever comes after is not.
func TestCloseKeepsWhatGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncing: make(chan struct{})}
		s := newSandbox(newFileBooks(d))
		for n := range 3 {
			go func() {
				if status, err := pay(t.Context(), s, idOf(n)); status != checkout.Charged || err != nil {
					t.Errorf("payment %d: %v %v", n, status, err)
				}
			}()
			synctest.Wait()
		}
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		synctest.Wait()
		if len(closed) > 0 {
			t.Error("it closed while lines were on their way")
		}
		if status, err := pay(t.Context(), s, "late"); status != checkout.Unknown || !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v %v", status, err)
		}
		d.syncing <- struct{}{}
		d.syncing <- struct{}{}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if lines := bytes.Count(d.durable, []byte("\n")); lines != 3 {
			t.Errorf("%d lines are durable", lines)
		}
	})
}

// TestBooksUnderLoad: many at once, on real files too: what was answered is in the file, whoever asked, and nothing
// else is.
func TestBooksUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	s := open(t, path)
	const payers, each, ids = 32, 60, 40
	last := make([]map[checkout.PaymentID]bool, payers) // charged or refunded by anybody's word
	var all sync.WaitGroup
	for payer := range payers {
		last[payer] = map[checkout.PaymentID]bool{}
		all.Go(func() {
			lot := rand.New(rand.NewPCG(uint64(payer), 1))
			for range each {
				id := idOf(lot.IntN(ids))
				status, err := pay(t.Context(), s, id)
				if lot.IntN(3) == 0 && err == nil {
					status, err = s.Refund(t.Context(), id)
				}
				if err != nil || status != checkout.Charged && status != checkout.Refunded {
					t.Errorf("%s: %v %v", id, status, err)
				}
				last[payer][id] = true
			}
		})
	}
	all.Wait()
	payments, _, err := Ledger(path)
	if err != nil {
		t.Fatal(err)
	}
	told := map[checkout.PaymentID]bool{}
	for _, one := range last {
		for id := range one {
			told[id] = true
		}
	}
	if len(payments) != len(told) {
		t.Errorf("%d payments in the file, %d were told", len(payments), len(told))
	}
	for _, p := range payments {
		if got := lookup(t, s, p.ID); !told[p.ID] || got.String() != p.Status {
			t.Errorf("%s is %s in the file and %v in memory", p.ID, p.Status, got)
		}
	}
}

// TestGroupCutShort: a crash in the middle of a group leaves its beginning, which counts, and a torn line, which does
// not.
func TestGroupCutShort(t *testing.T) {
	lines := `{"id":"a","status":"charged","amount":5,"currency":"EUR"}` + "\n" + `{"id":"b","status":"charged","amount":5,"currency":"EUR"}` + "\n"
	for cut := range len(lines) + 1 {
		path := filepath.Join(t.TempDir(), "ledger")
		if err := os.WriteFile(path, []byte(lines[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		whole := strings.Count(lines[:cut], "\n")
		for n, id := range []checkout.PaymentID{"a", "b"} {
			if got := lookup(t, s, id); (got == checkout.Charged) != (n < whole) {
				t.Errorf("cut at %d: %s is %v", cut, id, got)
			}
		}
		charge(t, s, "c", "tok_ok")
		if payments, _, err := Ledger(path); err != nil || len(payments) != whole+1 {
			t.Errorf("cut at %d, then one more: %v %v", cut, payments, err)
		}
	}
}

// BenchmarkPayments is the pretended processor's own rate, each payment durable before its answer: it bounds what can
// be sold over HTTP.
func BenchmarkPayments(b *testing.B) {
	for _, payers := range []int{1, 256} {
		b.Run(fmt.Sprintf("payers=%d", payers), func(b *testing.B) {
			s, err := Open(filepath.Join(b.TempDir(), "ledger"))
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range payers {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if _, err := pay(context.Background(), s, idOf(int(n))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
