package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/checkout/processor"
)

func ledgerOf(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payments.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodLine = `{"id":"b1","status":"charged","amount":4500,"currency":"EUR"}` + "\n"

// TestDamagedLedgersAreRefused (P6): a line that says nothing of a payment is damage, wherever it stands; only the torn
// end of a crash is forgiven.
func TestDamagedLedgersAreRefused(t *testing.T) {
	for _, line := range []string{
		`null`, `{}`, `[]`, `7`, `"b1"`, ``, `{"id":"","status":"charged","amount":1,"currency":"EUR"}`, `{"id":"b1"}`,
		`{"id":"b1","status":"paid","amount":1,"currency":"EUR"}`,
		`{"id":"b1","status":"charged","amount":-1,"currency":"EUR"}`,
		`{"id":"b1","status":"captured","amount":1,"currency":"EUR","revision":-1}`,
		`{"id":"b1","status":"captured","amount":1,"revision":1,"refunds":[{"id":"r","status":"none"}]}`,
		`{"id":"b1","status":"captured","amount":1,"currency":"EUR","revision":1,"refunds":[{"status":"failed"}]}`,
		`{"id":{"a":1}}`, strings.Repeat("[", 30_000), `{"id":"` + strings.Repeat("x", lineBytesMax) + `"}`,
	} {
		for _, text := range []string{line + "\n", goodLine + line + "\n", line + "\n" + goodLine} {
			if payments, _, err := Ledger(ledgerOf(t, text)); err == nil {
				t.Errorf("%.60q is a ledger of %+v", text, payments)
			}
		}
	}
	payments, whole, err := Ledger(ledgerOf(t, goodLine+`{"id":"b2","sta`))
	if err != nil || len(payments) != 1 || whole != int64(len(goodLine)) {
		t.Errorf("with a torn end: %+v, %d, %v", payments, whole, err)
	}
}

// FuzzLedger: any bytes are refused, or are payments that have a name, a status and no negative amount.
func FuzzLedger(f *testing.F) {
	f.Add([]byte(goodLine + goodLine))
	f.Add([]byte(`{"id":"b1","status":"refunded","amount":1}` + "\nnull\n"))
	f.Add([]byte(strings.Repeat("[", 1000) + "\n"))
	path := filepath.Join(f.TempDir(), "payments.jsonl")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		budget.Reading{PerByte: 200}.Check(t, len(text), func() { _, _, _ = Ledger(path) })
		payments, whole, err := Ledger(path)
		if err != nil {
			return
		}
		if whole > int64(len(text)) {
			t.Fatalf("%d whole bytes of %d", whole, len(text))
		}
		for _, p := range payments {
			if p.ID == "" || p.Amount < 0 || statuses[p.Status] == processor.Unknown {
				t.Fatalf("%q holds %+v", text, p)
			}
		}
	})
}
