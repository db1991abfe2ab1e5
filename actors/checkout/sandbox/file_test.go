package sandbox

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
	"time"

	"holdfast/actors/checkout/processor"
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

func idOf(n int) processor.AttemptID { return processor.AttemptID(fmt.Sprintf("payment %d.", n)) }

// pay opens a payment: one line.
func pay(ctx context.Context, s *Sandbox, id processor.AttemptID) (processor.Status, error) {
	if _, err := s.Open(ctx, processor.Opening{Attempt: id, Amount: 500, Currency: "EUR"}); err != nil {
		return processor.Unknown, err
	}
	return processor.Opened, nil
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
				if status, err := pay(t.Context(), s, idOf(n)); status != processor.Opened || err != nil {
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
		ask := func(what string, call func() (processor.Status, error)) {
			answers.Go(func() {
				defer told.Add(1)
				if status, err := call(); status != processor.Opened || err != nil {
					t.Errorf("%s: %v %v", what, status, err)
				}
			})
			synctest.Wait()
		}
		ask("the first", func() (processor.Status, error) { return pay(t.Context(), s, "p") })
		ask("its repeat", func() (processor.Status, error) { return pay(t.Context(), s, "p") })
		ask("a look-up", func() (processor.Status, error) { return look(t.Context(), s, "p") })
		ask("a list", func() (processor.Status, error) {
			return processor.Opened, s.Payments(t.Context(), time.Time{}, func(p processor.Payment) error {
				t.Errorf("P6: %+v is listed before it is durable", p)
				return nil
			})
		})
		if n := told.Load(); n != 1 {
			t.Errorf("P6: %d were told of a line that is not durable", n-1)
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
		for _, call := range []func() (processor.Status, error){
			func() (processor.Status, error) { return pay(ctx, s, "p") },
			func() (processor.Status, error) { return look(ctx, s, "p") },
		} {
			go func() {
				if status, err := call(); status != processor.Unknown || !errors.Is(err, context.Canceled) {
					t.Errorf("who gives up is told %v, %v", status, err)
				}
			}()
			synctest.Wait()
		}
		giveUp()
		synctest.Wait()
		d.syncing <- struct{}{}
		if got := lookup(t, s, "p"); got != processor.Opened {
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
		first  processor.Status // of a payment that is being synced when the disk breaks
	}{
		{"sync", func(d *disk) { d.failing.Store(true) }, processor.Unknown},
		{"write", func(d *disk) { d.full.Store(true) }, processor.Opened}, // the next one meets it
	} {
		t.Run(row.what, func(t *testing.T) { refuseAfter(t, row.breaks, row.first) })
	}
}

func refuseAfter(t *testing.T, breaks func(*disk), first processor.Status) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncing: make(chan struct{}, 9)}
		s := newSandbox(newFileBooks(d))
		d.syncing <- struct{}{}
		if got := opened(t, s, "before"); got != processor.Opened {
			t.Fatalf("a healthy disk: %v", got)
		}
		var told atomic.Int64
		ask := func(id processor.AttemptID, want processor.Status) {
			status, err := pay(t.Context(), s, id)
			if status != want || errors.Is(err, errDisk) != (want == processor.Unknown) {
				t.Errorf("P6: %s is told %v, %v", id, status, err)
			}
			told.Add(1)
		}
		go ask("first", first)
		synctest.Wait()
		breaks(d)
		for n := range 5 {
			go ask(idOf(n), processor.Unknown)
			synctest.Wait()
		}
		for range 3 {
			d.syncing <- struct{}{}
		}
		synctest.Wait()
		ask("later", processor.Unknown)
		if n := told.Load(); n != 7 {
			t.Errorf("%d of 7 were told", n)
		}
		if got := lookup(t, s, "before"); got != processor.Opened {
			t.Errorf("what was durable is %v", got)
		}
		if status, err := look(t.Context(), s, idOf(0)); status != processor.Unknown || !errors.Is(err, errDisk) {
			t.Errorf("P6: what shared the failed write is %v, %v", status, err)
		}
		if got := opened(t, s, "before"); got != processor.Opened {
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
				if status, err := pay(t.Context(), s, idOf(n)); status != processor.Opened || err != nil {
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
		if status, err := pay(t.Context(), s, "late"); status != processor.Unknown || !errors.Is(err, errClosed) {
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

// TestBooksUnderLoad guards P6: many at once, on real files too: what was answered is in the file, whoever asked, and
// nothing else is; one payment is captured once and given back once.
func TestBooksUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	s := openAt(t, path)
	const payers, each, ids = 16, 30, 20
	var all sync.WaitGroup
	var told sync.Map
	for payer := range payers {
		all.Go(func() {
			lot := rand.New(rand.NewPCG(uint64(payer), 1))
			for range each {
				id := idOf(lot.IntN(ids))
				if status := paid(t, s, id, "tok_ok"); status != processor.Captured {
					t.Errorf("P6: %s is %v", id, status)
				}
				if lot.IntN(3) == 0 {
					refunded(t, s, id, fmt.Sprint(id, "-r", lot.IntN(9)), 100)
				}
				told.Store(string(id), true)
			}
		})
	}
	all.Wait()
	payments, _, err := Ledger(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payments {
		if _, ok := told.LoadAndDelete(p.ID); !ok || p.Status != "captured" || p.given() > p.Amount {
			t.Errorf("P6: the file has %+v", p)
		}
	}
	told.Range(func(id, _ any) bool {
		t.Errorf("P6: %v was told and is not in the file", id)
		return true
	})
}

// TestGroupCutShort: a crash in the middle of a group leaves its beginning, which counts, and a torn line, which does
// not.
func TestGroupCutShort(t *testing.T) {
	lines := `{"id":"a","status":"charged","amount":5,"currency":"EUR"}` + "\n" +
		`{"id":"b","status":"charged","amount":5,"currency":"EUR"}` + "\n"
	for cut := range len(lines) + 1 {
		path := filepath.Join(t.TempDir(), "ledger")
		if err := os.WriteFile(path, []byte(lines[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		s := openAt(t, path)
		whole := strings.Count(lines[:cut], "\n")
		for n, id := range []processor.AttemptID{"a", "b"} {
			if got, err := s.Lookup(t.Context(), id, processor.Reference(id)); (err == nil) != (n < whole) {
				t.Errorf("cut at %d: %s is %v", cut, id, got)
			}
		}
		opened(t, s, "c")
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
