package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/storage"
)

// quietHost has events, and nothing open.
type quietHost struct{ events []*Event }

func (h *quietHost) Events(visit func(ev *Event)) {
	for _, ev := range h.events {
		visit(ev)
	}
}
func (h *quietHost) Sections(storage.EventID) []*Section { return nil }
func (h *quietHost) Gate(storage.EventID) *Section       { return nil }
func (h *quietHost) Open(_, _ context.Context, _ storage.EventID) ([]*Section, error) {
	return nil, nil
}
func (h *quietHost) Search(context.Context, *wire.Search) *wire.Answer { return &wire.Answer{} }
func (h *quietHost) Book(context.Context, *wire.Book) *wire.Answer     { return &wire.Answer{} }
func (h *quietHost) Command(context.Context, *wire.Ask) *wire.Answer   { return &wire.Answer{} }
func (h *quietHost) ReadCatalog() error                                { return nil }
func (h *quietHost) Closing() bool                                     { return false }
func (h *quietHost) Changed()                                          {}

// openLinks are up, and lead nowhere.
type openLinks struct{}

func (openLinks) View() View                         { return aloneView{} }
func (openLinks) Up(storage.WriterID) bool           { return true }
func (openLinks) Send(storage.WriterID, []byte) bool { return true }

type aloneView struct{}

func (aloneView) Version() uint64                                                   { return 1 }
func (aloneView) Peers() []storage.WriterID                                         { return nil }
func (aloneView) Coordinator(storage.EventID, section.BuyerID) (w storage.WriterID) { return w }
func (aloneView) Owner(storage.SectionKey) (w storage.WriterID)                     { return w }

// TestSubscribersAreNotLost: many events are asked for at once, each in a goroutine of its own; every section's list is
// the newest.
func TestSubscribersAreNotLost(t *testing.T) {
	host := &quietHost{}
	for i := range 30 {
		host.events = append(host.events, &Event{ID: storage.EventID{9, byte(i)}})
	}
	for range 200 {
		n := New(Config{
			Self: storage.WriterID{1}, Links: openLinks{}, Host: host, Context: t.Context(), Clock: shard.RealRuntime{},
			Spawn:     func(work func()) bool { go work(); return true },
			Forwarded: new(atomic.Int64), Dropped: new(atomic.Int64),
		})
		var all sync.WaitGroup
		for _, ev := range host.events {
			for node := range 2 {
				all.Go(func() { n.subscribe(storage.WriterID{2, byte(node)}, ev.ID) })
			}
		}
		all.Wait()
		for _, ev := range host.events {
			if list := ev.Subscribers(); len(list) != 2 {
				t.Fatalf("an event's sections know %v", list)
			}
		}
	}
}
