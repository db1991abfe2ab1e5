package sqlstore

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// logOf is a log of so many records, in pages, and the first record of each page that was asked for.
func logOf(records section.Seq, asked chan<- section.Seq) func(section.Seq) ([]stored, error) {
	return func(from section.Seq) (rows []stored, err error) {
		asked <- from
		for seq := from; seq <= records && len(rows) < pageRows; seq++ {
			rows = append(rows, stored{entry: storage.Entry{Seq: seq}})
		}
		return rows, nil
	}
}

// TestAheadFetchesBesides: the second page is asked for while the first is being looked at, and every page comes once
// and in order (S8).
func TestAheadFetchesBesides(t *testing.T) {
	for _, records := range []section.Seq{0, 1, pageRows - 1, pageRows, pageRows + 1, 3 * pageRows} {
		asked := make(chan section.Seq, 9)
		a := ahead{page: logOf(records, asked)}
		var seen []section.Seq
		for from := section.Seq(1); ; {
			rows, err := a.get(from)
			if err != nil {
				t.Fatal(err)
			}
			if first := <-asked; first != from {
				t.Fatalf("page from %d when %d was wanted", first, from)
			}
			for i := range rows {
				seen = append(seen, rows[i].entry.Seq)
			}
			if len(rows) < pageRows {
				break
			}
			from = rows[pageRows-1].entry.Seq + 1
			asked <- <-asked // arrives though nobody has called get again
		}
		a.close()
		if section.Seq(len(seen)) != records || !slices.IsSorted(seen) {
			t.Errorf("%d records seen of %d", len(seen), records)
		}
	}
}

// TestAheadTellsErrorsInTheirPlace: what goes wrong with a page is told to whoever asks for that page, and to nobody
// before.
func TestAheadTellsErrorsInTheirPlace(t *testing.T) {
	broken := errors.New("broken")
	var pages atomic.Int32
	a := ahead{page: func(from section.Seq) ([]stored, error) {
		if pages.Add(1) == 2 {
			return nil, broken
		}
		return logOf(9*pageRows, make(chan section.Seq, 1))(from)
	}}
	defer a.close()
	if rows, err := a.get(1); err != nil || len(rows) != pageRows {
		t.Fatalf("first page: %d records, %v", len(rows), err)
	}
	if _, err := a.get(pageRows + 1); !errors.Is(err, broken) {
		t.Fatalf("second page: %v", err)
	}
	if rows, err := a.get(pageRows + 1); err != nil || rows[0].entry.Seq != pageRows+1 {
		t.Fatalf("second page again: %v", err)
	}
}
