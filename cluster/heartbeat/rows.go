package heartbeat

import (
	"bytes"
	"slices"
	"time"

	"holdfast/storage"
)

// Row is another node's heartbeat row as this node sees it.
type Row struct {
	Writer storage.WriterID
	Name   string
	Gossip string // where the others of its cluster find it; empty: part of none, or of a build that does not say
	// Moving says that the row was written while this node looked: its node is on this very store, and was alive then.
	// The rows of a restored copy, whose writers are on the original, stand still.
	Moving bool
	Still  time.Duration // since its last change, as far as this node can know
}

// Rows are all other nodes' rows at one look, in order of Writer. Not to be changed.
type Rows struct {
	Began time.Time // of the look; zero: there was none
	List  []Row
}

// Of finds a writer's row.
func (r *Rows) Of(w storage.WriterID) (Row, bool) {
	i, found := slices.BinarySearchFunc(r.List, w, func(row Row, w storage.WriterID) int {
		return bytes.Compare(row.Writer[:], w[:])
	})
	if !found {
		return Row{}, false
	}
	return r.List[i], true
}

// RowSource tells of the others' rows: a Liveness. Safe for concurrent use; both return at once.
type RowSource interface {
	// Rows are those of the newest look.
	Rows() *Rows
	// LookNow has another look begin soon; Config.Looked tells its end.
	LookNow()
}
