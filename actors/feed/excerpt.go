package feed

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// ErrCursor: a cursor is not one of the event.
var ErrCursor = errors.New("feed: not a cursor of this event")

// Excerpt is a part of an event's changes, and where the next begins. Within each section it is in order.
type Excerpt struct {
	Events []envelope.Event
	Cursor string
}

// pollEvery is the time between two looks of one who waits: any node answers, and has no nudges of other nodes' logs.
const pollEvery = 250 * time.Millisecond

// excerptVersion1 begins a cursor's bytes: version 1 · the last record of each section, as uvarints.
const excerptVersion1 = 1

func encodeExcerpt(seqs []section.Seq) string {
	text := []byte{excerptVersion1}
	for _, seq := range seqs {
		text = binary.AppendUvarint(text, uint64(seq))
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeExcerpt(cursor string, sections int) ([]section.Seq, error) {
	seqs := make([]section.Seq, sections)
	if cursor == "" {
		return seqs, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(text) == 0 || text[0] != excerptVersion1 {
		return nil, ErrCursor
	}
	text = text[1:]
	for i := range seqs {
		n, size := binary.Uvarint(text)
		if size <= 0 {
			return nil, ErrCursor
		}
		seqs[i], text = section.Seq(n), text[size:]
	}
	if len(text) > 0 {
		return nil, ErrCursor
	}
	return seqs, nil
}

// Now is the cursor behind everything that an event's logs have. Errors: the store's; storage.ErrNotFound.
func (r *Reader) Now(ctx context.Context, id storage.EventID) (cursor string, err error) {
	names, err := r.namesOf(ctx, id)
	if err != nil {
		return "", err
	}
	seqs := make([]section.Seq, len(names.Sections))
	for no := range seqs {
		tail, err := r.source.Tail(ctx, storage.SectionKey{Event: id, Section: storage.SectionNo(no)})
		if err != nil {
			return "", err
		}
		seqs[no] = tail.Seq
	}
	return encodeExcerpt(seqs), nil
}

// Changes are an event's from a cursor on ("": from the beginning): whole records, about as many events as the limit
// says and never none because of it. Where there are none it waits. Errors: ErrCursor, the store's;
// storage.ErrNotFound.
func (r *Reader) Changes(ctx context.Context, id storage.EventID, cursor string, limit int, wait time.Duration) (
	found Excerpt, err error) {
	names, err := r.namesOf(ctx, id)
	if err != nil {
		return found, err
	}
	seqs, err := decodeExcerpt(cursor, len(names.Sections))
	if err != nil {
		return found, err
	}
	for until := time.Now().Add(wait); ; {
		if err := r.excerpt(ctx, id, seqs, limit, &found); err != nil {
			return found, err
		}
		if found.Cursor = encodeExcerpt(seqs); len(found.Events) > 0 || !time.Now().Before(until) {
			return found, nil
		}
		timer := time.NewTimer(min(pollEvery, time.Until(until)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return found, nil
		}
	}
}

// excerpt takes the sections in turn, from another one each time, and moves seqs.
func (r *Reader) excerpt(ctx context.Context, id storage.EventID, seqs []section.Seq, limit int, found *Excerpt) error {
	first := 0
	for _, seq := range seqs {
		first += int(seq)
	}
	for i := range seqs {
		no := (first + i) % len(seqs)
		p, err := r.read(ctx, storage.SectionKey{Event: id, Section: storage.SectionNo(no)}, cursor{seq: seqs[no]})
		if err != nil {
			return err
		}
		from := 0
		for k, upTo := range p.upTo {
			if len(found.Events) > 0 && len(found.Events)+upTo-from > limit {
				return nil
			}
			found.Events = append(found.Events, p.Events[from:upTo]...)
			seqs[no], from = p.ends[k].seq, upTo
		}
	}
	return nil
}
