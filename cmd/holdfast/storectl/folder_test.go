package storectl

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
)

// TestFolderBooks: the ledger that a copy writes is the one a server reads: the last word counts, and a torn line goes.
func TestFolderBooks(t *testing.T) {
	data := t.TempDir()
	torn := `{"id":"a","status":"charged","amount":5,"currency":"EUR"}` + "\n" + `{"id":"b","sta`
	if err := os.WriteFile(filepath.Join(data, datafolder.PaymentsFile), []byte(torn), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStored(t.Context(), "pebble:"+data, false)
	if err != nil {
		t.Fatal(err)
	}
	f := s.(*dataFolder)
	ctx := t.Context()
	put := func(want string, p storage.PaymentRow, over ...string) {
		t.Helper()
		if stands, err := f.PutPayment(ctx, p, over...); err != nil || stands.Status != want {
			t.Errorf("stands %+v, %v; want %s", stands, err, want)
		}
	}
	put("charged", storage.PaymentRow{ID: "b", Status: "charged", Amount: 7, Currency: "EUR"})
	put("charged", storage.PaymentRow{ID: "a", Status: "refunded", Amount: 5, Currency: "EUR"}, "declined")
	put("refunded", storage.PaymentRow{ID: "a", Status: "refunded", Amount: 5, Currency: "EUR"}, "charged")
	if _, err := f.Payment(ctx, "c"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a payment that is not there: %v", err)
	}
	var got []storage.PaymentRow
	if err := errors.Join(f.Payments(ctx, func(p storage.PaymentRow) error {
		got = append(got, p)
		return nil
	}), f.Close()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Status != "refunded" || got[1].Amount != 7 {
		t.Errorf("books are %+v", got)
	}
}
