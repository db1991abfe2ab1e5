package api

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/api/queue"
	"holdfast/storage"
)

// doors is a waiting room that does what a test says: its frame and its places are the test's.
type doors struct {
	mu     sync.Mutex
	frame  *queue.Frame
	places map[section.BuyerID]*queue.Place
	refuse gate.Rejection // what the next call is refused with
	ops    []queue.Operation
	handed string
	before string         // the round before's signature
	minted uint32         // presale codes
	code   codebook.No    // of the newest join
	taken  codebook.Codes // the newest codes that were taken back
	why    string
	asked  int // how often somebody was looked up
}

const roomGeneration = 3

func newDoors() *doors {
	return &doors{places: map[section.BuyerID]*queue.Place{}, frame: &queue.Frame{
		Public: gate.Public{Seq: 1, Phase: gate.Open, Cap: 10}, Generation: roomGeneration, Pace: 60_000}}
}

// set makes a new frame.
func (d *doors) set(edit func(*queue.Frame)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := *d.frame
	next.Seq++
	edit(&next)
	d.frame = &next
}

// become moves a buyer's place.
func (d *doors) become(buyer section.BuyerID, state gate.PlaceState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.places[buyer].State = state
}

func (d *doors) refused() error {
	if d.refuse == gate.Accepted {
		return nil
	}
	code := d.refuse
	d.refuse = gate.Accepted
	return &actors.QueueRefusal{Code: code}
}

func (d *doors) JoinQueue(_ storage.EventID, buyer section.BuyerID, party uint8, code codebook.No,
	_ time.Duration, out *queue.Place) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refused(); err != nil {
		return err
	}
	d.code = code
	p, again := d.places[buyer]
	if !again {
		p = &queue.Place{Generation: roomGeneration, Pool: 0, Seq: 1,
			Place: gate.Place{Number: gate.Number(len(d.places)), State: gate.Waiting, Party: party}}
		d.places[buyer] = p
		next := *d.frame
		next.Joined, next.Waiting, next.Seq = next.Joined+1, next.Waiting+1, next.Seq+1
		d.frame = &next
	}
	*out = *p
	out.Repeat = again
	return nil
}

func (d *doors) find(buyer section.BuyerID, out *queue.Place) error {
	if err := d.refused(); err != nil {
		return err
	}
	p := d.places[buyer]
	if p == nil {
		return &actors.QueueRefusal{Code: gate.PlaceUnknown}
	}
	*out = *p
	return nil
}

func (d *doors) LeaveQueue(_ storage.EventID, buyer section.BuyerID, _ time.Duration, out *queue.Place) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.places[buyer]; p != nil && p.State == gate.Inside {
		p.State = gate.Finished
	} else if p != nil {
		p.State = gate.Left
	}
	return d.find(buyer, out)
}

func (d *doors) TakeTurn(_ storage.EventID, buyer section.BuyerID, _ time.Duration, out *queue.Place) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.find(buyer, out); err != nil {
		return err
	}
	p := d.places[buyer]
	switch p.State {
	case gate.Called, gate.Offered, gate.Late:
		p.State, p.Session = gate.Inside, 1
		p.Until = gate.Instant(time.Now().Add(10 * time.Minute).UnixMilli())
	case gate.Inside, gate.Present: // no slot is free for who is present
	case gate.Left:
		return &actors.QueueRefusal{Code: gate.LeftAlready}
	default:
		return &actors.QueueRefusal{Code: gate.NotYourTurn}
	}
	*out = *p
	return nil
}

func (d *doors) QueuePlace(_ storage.EventID, buyer section.BuyerID, _ time.Duration, out *queue.Place) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	return d.find(buyer, out)
}

func (d *doors) QueueFrame(storage.EventID) (*queue.Frame, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.frame, nil
}

func (d *doors) OperateQueue(_ storage.EventID, op queue.Operation, _ time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, done := range d.ops {
		if done.Request == op.Request && done.Fingerprint != op.Fingerprint {
			return &actors.QueueRefusal{Code: gate.IdempotencyMismatch}
		}
		if done.Request == op.Request {
			return nil
		}
	}
	if err := d.refused(); err != nil {
		return err
	}
	d.ops = append(d.ops, op)
	return nil
}

func (d *doors) HandInDraw(_ storage.EventID, _ uint64, previous, signature []byte, _ time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refused(); err != nil {
		return err
	}
	d.handed, d.before = string(signature), string(previous)
	return nil
}

func (d *doors) MintCodes(_ storage.EventID, codes codebook.Codes, _ queue.Operation, _ time.Duration) (
	codebook.Codes, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	codes.First = codebook.No(d.minted) + 1
	d.minted += codes.Count
	return codes, d.refused()
}

func (d *doors) RevokeCodes(_ storage.EventID, codes codebook.Codes, op queue.Operation, _ time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.taken, d.why = codes, op.Reason
	return d.refused()
}

func (d *doors) DrawProof(_ storage.EventID, number gate.Number, _ time.Duration) (draw.Salt, []draw.Hash, error) {
	return draw.SaltOf(&[32]byte{1}, uint32(number)), []draw.Hash{{2}}, nil
}

const roomBody = `,"waiting_room":{"opens_at":"2020-05-01T10:00:00Z","active_max":10}`

// trusting is an engine that takes an admission that was verified for good: the sessions are the fake's.
type trusting struct{ *actors.Engine }

func (e trusting) Book(call *actors.BookCall, timeout time.Duration, out *actors.BookingView) error {
	if call.Admission != nil {
		call.Operator = true // who needs none
	}
	return e.Engine.Book(call, timeout, out)
}

// withDoors is a house whose events have waiting rooms kept by d, and the path of one on sale.
func withDoors(t *testing.T, extra string) (h *house, d *doors, event string) {
	d = newDoors()
	logs := &lockedBuffer{}
	engine := realEngine(t, slog.New(slog.NewTextHandler(logs, nil)))
	h = openOver(t, trusting{engine}, logs, func(c *Config) { c.Queue = d })
	return h, d, h.show(extra)
}
