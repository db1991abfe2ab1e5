package tickets

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	wired "holdfast/api/wire/ticketing"
)

// SignatureHeader has the signature of a page of the manifest: see package actors/ticket.
const SignatureHeader = "Manifest-Signature"

// query is what a list of tickets is asked for.
type query struct {
	limit   int
	from    ticketing.Cursor
	scanner string
}

func parseQuery(args *fasthttp.Args, conflicts bool) (q query, err error) {
	q.limit = ticketing.PageMax
	for name, value := range args.All() {
		known := true
		switch string(name) {
		case "limit":
			q.limit, err = strconv.Atoi(string(value))
			if err != nil || q.limit < 1 || q.limit > ticketing.PageMax {
				return q, problem.BadField("limit", "must be a whole number from 1 to "+
					strconv.Itoa(ticketing.PageMax))
			}
		case "cursor":
			if q.from, known = ticketing.ParseCursor(string(value)); !known {
				return q, problem.BadField("cursor", "must be a next_cursor of an earlier answer")
			}
		case "scanner":
			if known = conflicts; known {
				q.scanner = string(value)
				err = checkScanner(q.scanner)
			}
		default:
			known = false
		}
		if err == nil && !known {
			err = problem.BadField(wire.Name(name), "is not a known parameter")
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

// Manifest lists an event's valid tickets for scanners that will not be able to ask, signed.
func (h *Handlers) Manifest(r *call.Call) error { return h.page(r, false) }

// Conflicts lists the tickets that more than one scanner let in.
func (h *Handlers) Conflicts(r *call.Call) error { return h.page(r, true) }

func (h *Handlers) page(r *call.Call, conflicts bool) error {
	event, err := r.Event()
	if err != nil {
		return err
	}
	q, err := parseQuery(r.Ctx.QueryArgs(), conflicts)
	if err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	var page *ticketing.Page
	if conflicts {
		page, err = h.engine.Conflicts(ctx, event, q.scanner, q.from, q.limit)
	} else {
		page, err = h.engine.Manifest(ctx, event, q.from, q.limit)
	}
	if err != nil {
		return said(err)
	}
	body, err := json.Marshal(manifest(page))
	if err != nil {
		return err
	}
	signature, err := h.engine.SignManifest(ctx, body)
	if err != nil {
		return said(err)
	}
	r.Ctx.Response.Header.Set(SignatureHeader, signature)
	r.Out = append(r.Out[:0], body...)
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(http.StatusOK)
}

func manifest(p *ticketing.Page) *wired.Manifest {
	e := p.Event.Header
	out := &wired.Manifest{Event: e.ID.String(), EventName: e.Name, GeneratedAt: wire.Time(p.At), Keys: keysOf(p.Keys),
		Sections: []wired.SectionSeq{}, Tickets: []wired.ManifestTicket{}}
	for _, s := range p.Sections {
		out.Sections = append(out.Sections, wired.SectionSeq{Section: uint32(s.Section), Seq: uint64(s.Seq)})
	}
	for i := range p.Tickets {
		t := &p.Tickets[i]
		out.Tickets = append(out.Tickets, wired.ManifestTicket{ID: t.ID, Rotation: t.Rotation, Seat: t.Place.Seat,
			Section: t.Place.Section, Category: t.Category, Type: t.Type, Admission: admission(p.Event, &t.Pass)})
	}
	if p.Next != nil {
		out.NextCursor = p.Next.String()
	}
	return out
}

func keysOf(keys []ticketing.Key) []wired.Key {
	out := make([]wired.Key, len(keys))
	for i, key := range keys {
		out[i] = wired.Key{Number: key.No, CreatedAt: wire.Time(key.At),
			PublicKey: base64.StdEncoding.EncodeToString(key.Public), Signs: key.Signs}
	}
	return out
}

// Keys lists the keys that tickets are signed with.
func (h *Handlers) Keys(r *call.Call) error {
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	keys, err := h.engine.TicketKeys(ctx)
	if err != nil {
		return said(err)
	}
	return r.Encode(http.StatusOK, wired.Keys{Keys: keysOf(keys)})
}

// Rotate makes a new key, which signs from now on. Under a key of the caller's it does so once.
func (h *Handlers) Rotate(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	r.Fingerprint()
	who := r.OperatorCaller()
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	done, err := h.engine.Done(ctx, who)
	if err != nil {
		return err
	}
	var keys []ticketing.Key
	if done {
		keys, err = h.engine.TicketKeys(ctx)
	} else {
		keys, err = h.engine.RotateTicketKeys(ctx)
	}
	if err != nil {
		return said(err)
	}
	if err := h.engine.MarkDone(ctx, who); err != nil {
		return err
	}
	r.Detailf("key %d of tickets", len(keys))
	return r.Encode(http.StatusOK, wired.Keys{Keys: keysOf(keys)})
}
