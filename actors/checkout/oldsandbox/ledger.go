package oldsandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"holdfast/actors/checkout"
	"holdfast/actors/nesting"
)

// lineBytesMax bounds a line of the ledger; those that are written have some hundred bytes.
const lineBytesMax = 64 << 10

// Ledger reads a ledger file without owning it: the last word on each payment, in no order that matters. whole is how
// many bytes hold complete lines. A file that does not exist is an empty ledger. Of a group that a crash cut short the
// beginning counts: charges that nobody was told of, as real processors have them.
func Ledger(path string) (payments []Payment, whole int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	last := map[checkout.PaymentID]Payment{}
	lines := bufio.NewReaderSize(f, lineBytesMax)
	for {
		line, readErr := lines.ReadSlice('\n')
		if errors.Is(readErr, bufio.ErrBufferFull) {
			return nil, 0, fmt.Errorf("sandbox: ledger byte %d: a line of more than %d bytes", whole, lineBytesMax)
		}
		if readErr != nil {
			break // end, or a torn last line
		}
		p, err := parsePayment(line)
		if err != nil {
			return nil, 0, fmt.Errorf("sandbox: ledger byte %d: %w", whole, err)
		}
		last[p.ID] = p
		whole += int64(len(line))
	}
	for _, p := range last {
		payments = append(payments, p)
	}
	return payments, whole, nil
}

// parsePayment reads one line. A line that says nothing of a payment is damage, and no payment without a name: the next
// lines cannot be trusted either.
func parsePayment(line []byte) (p Payment, err error) {
	if _, deeper := nesting.Deeper(line, 1); deeper {
		return p, errors.New("a payment is one flat object")
	}
	if err := json.Unmarshal(line, &p); err != nil {
		return p, err
	}
	switch {
	case p.ID == "":
		return p, errors.New("a line without a payment's id")
	case statusOf(p.Status) == checkout.Unknown:
		return p, fmt.Errorf("status %q is none that is written", p.Status)
	case p.Amount < 0:
		return p, errors.New("a payment of a negative amount")
	}
	return p, nil
}
