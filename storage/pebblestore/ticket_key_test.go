package pebblestore

import (
	"encoding/hex"
	"strings"
	"testing"

	"holdfast/storage"
)

// TestTicketKeysKeepTheirBytes: a key that is read otherwise makes every printed ticket worthless.
func TestTicketKeysKeepTheirBytes(t *testing.T) {
	key := storage.TicketKey{No: 258, At: 1_700_000_000_000, Seed: [32]byte{1, 31: 9}}
	k, row := ticketSeedKey(key.No), ticketSeedRow(&key)
	wantKey := "510102"
	wantRow := "01" + "0000018bcfe56800" + "01" + strings.Repeat("00", 30) + "09"
	if hex.EncodeToString(k) != wantKey || hex.EncodeToString(row) != wantRow {
		t.Errorf("a key is written as %x %x", k, row)
	}
	if back, err := decodeTicketSeed(k, row); err != nil || back != key {
		t.Errorf("a key does not come back: %v", err)
	}
	for _, bad := range [][2][]byte{{k[:2], row}, {k, row[1:]}, {k, append([]byte{2}, row[1:]...)}} {
		if _, err := decodeTicketSeed(bad[0], bad[1]); err == nil {
			t.Errorf("%x %x is taken for a key", bad[0], bad[1])
		}
	}
}
