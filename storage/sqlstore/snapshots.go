package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers all that a snapshot says. It is not a hash against forgers, who would have to forge the log: it finds
// damage.
func checksum(s *storage.Snapshot) uint32 {
	head := binary.BigEndian.AppendUint64(make([]byte, 0, 16+len(s.Hash)), uint64(s.Seq))
	head = binary.BigEndian.AppendUint64(head, uint64(s.Epoch))
	head = append(head, s.Hash[:]...)
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, s.Body)
}

// SaveSnapshot implements storage.Snapshots. The head's row decides between two writers; the parts follow it in the
// same transaction.
func (s *Store) SaveSnapshot(ctx context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	shard, event, sectionNo := shardOf(key), [16]byte(key.Event), int64(key.Section)
	id := [16]byte(storage.NewBatchID())
	parts := cut(snapshot.Body)
	return s.transact(withTimeFor(ctx, len(snapshot.Body)), func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql("snapshot_replace"), shard, event, sectionNo, id,
			int64(snapshot.Seq), int64(snapshot.Epoch), snapshot.Hash[:], int64(len(parts)), int64(checksum(&snapshot)))
		if err != nil || tag.RowsAffected() == 0 { // a newer one is there
			return err
		}
		if _, err := tx.Exec(ctx, sql("snapshot_parts_drop"), shard, event, sectionNo); err != nil {
			return err
		}
		return insertParts(ctx, tx, sql("snapshot_parts_insert"), parts, shard, event, sectionNo, id)
	})
}

// LoadSnapshot implements storage.Snapshots.
func (s *Store) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	if key.IsGate() {
		ctx = withTimeFor(ctx, gateBytes)
	}
	return loadSnapshot(ctx, s.present, key)
}

// snapshotRow is one part beside its snapshot's head.
type snapshotRow struct {
	seq, epoch, parts, checksum int64
	hash, body                  []byte // body is NULL when no part is there
}

func scanSnapshotRow(row pgx.CollectableRow) (r snapshotRow, err error) {
	err = row.Scan(&r.seq, &r.epoch, &r.hash, &r.parts, &r.checksum, &r.body)
	return r, err
}

func loadSnapshot(ctx context.Context, ask source, key storage.SectionKey) (snapshot storage.Snapshot, err error) {
	found, err := fetch(ctx, ask, scanSnapshotRow, sql("snapshot"), shardOf(key), [16]byte(key.Event),
		int64(key.Section))
	if err != nil {
		return snapshot, err
	}
	if len(found) == 0 {
		return snapshot, storage.ErrNotFound
	}
	return assemble(key, found)
}

// assemble puts a snapshot together and checks it; damage is a *storage.CorruptError.
func assemble(key storage.SectionKey, found []snapshotRow) (s storage.Snapshot, err error) {
	head, size := &found[0], 0
	for i := range found {
		size += len(found[i].body)
	}
	if head.parts != int64(len(found)) || head.body == nil {
		return s, &storage.CorruptError{Section: key, Why: fmt.Sprintf("snapshot has %d parts of %d", len(found),
			head.parts)}
	}
	if len(head.hash) != len(s.Hash) {
		return s, &storage.CorruptError{Section: key, Why: "snapshot's hash is not 32 bytes long"}
	}
	whole := storage.Snapshot{
		Seq: section.Seq(head.seq), Epoch: section.Epoch(head.epoch), Hash: storage.Hash(head.hash),
		Body: make([]byte, 0, size),
	}
	for i := range found {
		whole.Body = append(whole.Body, found[i].body...)
	}
	if int64(checksum(&whole)) != head.checksum {
		return s, &storage.CorruptError{Section: key, Why: "snapshot's checksum does not match"}
	}
	return whole, nil
}
