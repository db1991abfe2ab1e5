package catalog

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"holdfast/actors"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/wire"
	"holdfast/storage"
)

// What an anonymous look at the catalog may cost. A page ends when either bound is met, and says where the next one
// begins.
const (
	pageBytesMax = 128 << 10 // of a page of more than one event
	pageScanMax  = 20_000    // events looked at for a word: about a millisecond
)

// shelf keeps the catalog as clients see it: each event is encoded once in its life, first pages once a catalog.
//
// Reading takes no lock and touches nothing of the engine but a pointer, so that browsing never slows booking.
type shelf struct {
	incarnation string
	building    sync.Mutex
	current     atomic.Pointer[listing]
}

// listing is the encoded side of one catalog.
type listing struct {
	catalog *actors.Catalog
	etag    []byte
	items   []*listed // in the catalog's order
	first   [pageMax + 1]firstPage
}

// listed is one event as long as nothing of it changes.
type listed struct {
	event *storage.Event
	name  string // searchable
	text  atomic.Pointer[[]byte]
}

type firstPage struct {
	once sync.Once
	doc  *document.Still
	err  error
}

// searchable is a name as a search compares it: what a reader sees of it, whatever its case and however it was typed.
func searchable(name string) string { return strings.ToLower(venue.Skeleton(name)) }

// listing gives the encoded side of the newest catalog. What stays the same is taken over from the last one.
func (s *shelf) listing(catalog *actors.Catalog) *listing {
	if l := s.current.Load(); l != nil && l.catalog == catalog {
		return l
	}
	s.building.Lock()
	defer s.building.Unlock()
	old := s.current.Load()
	if old != nil && (old.catalog == catalog || old.catalog.Version > catalog.Version) {
		return old
	}
	if s.incarnation == "" {
		s.incarnation = document.NewIncarnation()
	}
	l := &listing{catalog: catalog, items: make([]*listed, 0, len(catalog.Events)),
		etag: []byte(`"` + s.incarnation + "." + strconv.FormatUint(catalog.Version, 16) + `"`)}
	for i, event := range catalog.Events {
		l.items = append(l.items, old.kept(i, event, len(catalog.Events)))
	}
	s.current.Store(l)
	return l
}

// kept finds an event that has not changed in an older listing of the same order, where one may be missing before it,
// or there are more.
func (l *listing) kept(i int, event *storage.Event, now int) *listed {
	if l != nil {
		for _, at := range [...]int{i, i + len(l.items) - now} {
			if at >= 0 && at < len(l.items) && l.items[at].event == event {
				return l.items[at]
			}
		}
	}
	return &listed{event: event, name: searchable(event.Name)}
}

// json is the event as a list shows it.
func (i *listed) json() ([]byte, error) {
	if text := i.text.Load(); text != nil {
		return *text, nil
	}
	text, err := json.Marshal(listedAnswer(i.event))
	if err == nil {
		i.text.Store(&text)
	}
	return text, err
}

func listedAnswer(e *storage.Event) *wire.ListedEvent {
	answer := eventAnswer(e)
	answer.PriceComponents = nil
	return &wire.ListedEvent{Event: answer, SectionCount: len(answer.Sections)}
}

// appendPage encodes one page.
func (l *listing) appendPage(dst []byte, p *page) ([]byte, error) {
	at, count := 0, 0
	if p.after != nil {
		at = l.catalog.After(p.after.created, p.after.id)
	}
	dst = append(dst, `{"events":[`...)
	end := min(len(l.items), at+pageScanMax)
	for ; at < end; at++ {
		if p.query != "" && !strings.Contains(l.items[at].name, p.query) {
			continue
		}
		text, err := l.items[at].json()
		if err != nil {
			return dst, err
		}
		if count == p.limit || count > 0 && len(dst)+len(text) > pageBytesMax {
			break
		}
		if count > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, text...)
		count++
	}
	if at == len(l.items) {
		return append(dst, `],"next_cursor":null}`...), nil
	}
	last := l.items[at-1].event
	dst = append(append(dst, `],"next_cursor":"`...), cursor{last.CreatedAt, last.ID}.String()...)
	return append(dst, `"}`...), nil
}

// firstPage is the page that everybody asks for, in both variants.
func (l *listing) firstPage(limit int) (*document.Still, error) {
	f := &l.first[limit]
	f.once.Do(func() {
		var body []byte
		if body, f.err = l.appendPage(nil, &page{limit: limit}); f.err == nil {
			f.doc, f.err = document.NewTagged(body, l.etag)
		}
	})
	return f.doc, f.err
}

// List shows a page of the catalog, newest first.
func (h *Handlers) List(r *call.Call) error {
	p, err := parsePage(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	l := h.shelf.listing(h.engine.Catalog())
	if p.after == nil && p.query == "" {
		doc, err := l.firstPage(p.limit)
		if err != nil {
			return err
		}
		doc.Send(r.Ctx, document.JSON, document.Revalidate)
		return nil
	}
	if document.NotModified(r.Ctx, l.etag, document.Revalidate) {
		return nil
	}
	if r.Out, err = l.appendPage(r.Out[:0], &p); err != nil {
		return err
	}
	return r.JSON(http.StatusOK)
}
