package actors

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// fleet is several engines in one process on one store, with links that are queues.
type fleet struct {
	t       testing.TB
	store   storage.Store
	ledger  *sandbox.Sandbox
	event   storage.EventID
	mu      sync.Mutex
	nodes   []*fleetNode
	beating map[storage.WriterID]bool // whose heartbeat is fresh: what the rule of takeover sees
	writers byte
	setUp   func(*Config)
}

// fleetNode is one engine, and its end of every link.
type fleetNode struct {
	f     *fleet
	id    storage.WriterID
	e     *Engine
	view  atomic.Pointer[fleetView]
	mu    sync.Mutex
	lines map[storage.WriterID]*fleetLine // to
	dead  bool
	drop  atomic.Pointer[func(message []byte) bool] // what is lost on its way out; nil: nothing
}

// fleetLine carries messages one way, in order.
type fleetLine struct {
	to     *fleetNode
	queue  chan []byte
	ended  chan struct{}
	over   chan struct{} // nothing is handed over any more
	closed sync.Once
}

// fleetView is a view whose owners are those of highest random weight.
type fleetView struct {
	version uint64
	peers   []storage.WriterID
	serving []storage.WriterID
}

func (v *fleetView) Version() uint64           { return v.version }
func (v *fleetView) Peers() []storage.WriterID { return v.peers }

// pick gives the node of highest weight for whatever has that name.
func (v *fleetView) pick(name uint64) (best storage.WriterID) {
	var top uint64
	for _, w := range v.serving {
		var mixed [24]byte
		copy(mixed[:], w[:])
		binary.LittleEndian.PutUint64(mixed[16:], name)
		if weight := xxhash.Sum64(mixed[:]); weight >= top {
			best, top = w, weight
		}
	}
	return best
}

func (v *fleetView) Owner(key storage.SectionKey) storage.WriterID {
	return v.pick(uint64(key.Section))
}

func (v *fleetView) Coordinator(_ storage.EventID, buyer section.BuyerID) storage.WriterID {
	return v.pick(^binary.LittleEndian.Uint64(buyer[:]))
}

func (n *fleetNode) View() View { return n.view.Load() }

func (n *fleetNode) Up(peer storage.WriterID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lines[peer] != nil
}

func (n *fleetNode) Send(to storage.WriterID, message []byte) bool {
	n.mu.Lock()
	line := n.lines[to]
	n.mu.Unlock()
	if drop := n.drop.Load(); line == nil || drop != nil && (*drop)(message) {
		return false
	}
	select {
	case line.queue <- slices.Clone(message):
		return true
	case <-line.ended:
	default:
	}
	return false
}

func (l *fleetLine) run(from storage.WriterID) {
	defer close(l.over)
	for {
		select {
		case <-l.ended:
			return
		case m := <-l.queue:
			if err := l.to.e.Received(from, m); err != nil {
				l.to.f.t.Errorf("a message was not understood: %v", err)
			}
		}
	}
}

const fleetPlan = `{"sections":[{"id":"A","rows":[{"label":"1","seats":20}]},{"id":"B","rows":[{"label":"1","seats":20}]},
	{"id":"C","rows":[{"label":"1","seats":20}]},{"id":"D","rows":[{"label":"1","seats":20}]},{"id":"E","rows":[{"label":"1","seats":20}]},
	{"id":"F","rows":[{"label":"1","seats":20}]},{"id":"G","rows":[{"label":"1","seats":20}]},{"id":"H","rows":[{"label":"1","seats":20}]}]}`

func newFleet(t testing.TB, n int) *fleet { return newFleetOf(t, n, fleetPlan, 8) }

// newFleetOf is newFleet with another plan of so many sections.
func newFleetOf(t testing.TB, n int, plan string, sections int) *fleet {
	return newFleetWith(t, n, plan, sections, func(*Config) {})
}

// newFleetWith is newFleetOf with engines that are set up otherwise.
func newFleetWith(t testing.TB, n int, plan string, sections int, setUp func(*Config)) *fleet {
	t.Helper()
	return newFleetBehind(t, n, plan, sections, nil, setUp)
}

// newFleetBehind is newFleetWith with a waiting room before the event; nil: none.
func newFleetBehind(
	t testing.TB, n int, plan string, sections int, doors *storage.WaitingRoom, setUp func(*Config),
) *fleet {
	t.Helper()
	ledger, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{
		t: t, store: &gatedStore{Store: memstore.New()}, ledger: ledger, setUp: setUp,
		beating: map[storage.WriterID]bool{},
	}
	for range n {
		f.start()
	}
	t.Cleanup(f.stopAll)
	v, err := venue.Parse([]byte(plan), venue.Options{Name: "fleet"})
	if err != nil {
		t.Fatal(err)
	}
	rules := boxRules()
	rules.SeatsPerBuyerMax = 8
	header, err := f.nodes[0].e.CreateEvent(
		t.Context(), &storage.Event{
			Name: "fleet", Currency: "EUR", Sale: storage.SaleOpen, Rules: rules, WaitingRoom: doors,
			Prices: map[string]int64{"standard": 4500},
		}, v,
	)
	if err != nil {
		t.Fatal(err)
	}
	f.event = header.ID
	for _, node := range f.nodes {
		if _, err := node.e.Live(t.Context(), f.event); err != nil {
			t.Fatal(err)
		}
	}
	f.eventually("every section serves", func() bool { return f.serving() == sections })
	f.eventually("every node follows every other's", f.allFollowed)
	return f
}

// start adds a node, whose links and view are there at once.
func (f *fleet) start() *fleetNode {
	f.t.Helper()
	f.mu.Lock()
	f.writers++
	n := &fleetNode{f: f, id: storage.WriterID{'n', f.writers}, lines: map[storage.WriterID]*fleetLine{}}
	f.beating[n.id] = true
	f.mu.Unlock()
	n.view.Store(&fleetView{})
	config := Config{
		Store: f.store, Processor: f.ledger, Writer: n.id, Name: fmt.Sprintf("n%d", n.id[1]), Peers: n,
		MayClaim: f.mayClaim, CatalogEvery: time.Second, Preload: true,
	}
	f.setUp(&config)
	e, err := Open(f.t.Context(), config)
	if err != nil {
		f.t.Fatal(err)
	}
	n.e = e
	for _, other := range f.living() {
		f.connect(n, other)
	}
	f.mu.Lock()
	f.nodes = append(f.nodes, n)
	f.mu.Unlock()
	f.agree()
	return n
}

func (f *fleet) living() (all []*fleetNode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.nodes {
		if !n.dead {
			all = append(all, n)
		}
	}
	return all
}

// connect begins a link between two nodes, both ways.
func (f *fleet) connect(a, b *fleetNode) {
	for _, pair := range [][2]*fleetNode{{a, b}, {b, a}} {
		line := &fleetLine{
			to: pair[1], queue: make(chan []byte, 1<<16), ended: make(chan struct{}), over: make(chan struct{}),
		}
		pair[0].mu.Lock()
		pair[0].lines[pair[1].id] = line
		pair[0].mu.Unlock()
		go line.run(pair[0].id)
	}
	a.e.PeerUp(b.id)
	b.e.PeerUp(a.id)
}

// cut ends a link; whatever is on it is lost.
func (f *fleet) cut(a, b *fleetNode) {
	for _, pair := range [][2]*fleetNode{{a, b}, {b, a}} {
		pair[0].mu.Lock()
		line := pair[0].lines[pair[1].id]
		delete(pair[0].lines, pair[1].id)
		pair[0].mu.Unlock()
		if line != nil {
			line.closed.Do(func() { close(line.ended) })
			<-line.over
		}
	}
	a.e.PeerDown(b.id)
	b.e.PeerDown(a.id)
}

// agree gives every living node the view of all living ones; those in idle own nothing.
func (f *fleet) agree(idle ...*fleetNode) {
	v := &fleetView{}
	for _, n := range f.living() {
		v.peers = append(v.peers, n.id)
		if !slices.Contains(idle, n) {
			v.serving = append(v.serving, n.id)
		}
	}
	v.version = xxhash.Sum64String(fmt.Sprint(v.peers, v.serving))
	for _, n := range f.living() {
		n.view.Store(v)
		n.e.ViewChanged()
	}
}

// kill ends a node as a crash does: its links are cut, and what it still writes is its own affair until its heartbeat
// lapses.
func (f *fleet) kill(n *fleetNode) {
	for _, other := range f.living() {
		if other != n {
			f.cut(n, other)
		}
	}
	f.mu.Lock()
	n.dead = true
	f.mu.Unlock()
	f.agree()
}

// lapse lets others take what a node had.
func (f *fleet) lapse(n *fleetNode) {
	f.mu.Lock()
	f.beating[n.id] = false
	f.mu.Unlock()
	for _, other := range f.living() {
		other.e.ClaimStopped()
	}
}

func (f *fleet) mayClaim(_ storage.SectionKey, tail storage.Tail) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return tail.Seq == 0 || tail.Kind == storage.EntryReleased || !f.beating[tail.Writer]
}

func (f *fleet) stopAll() {
	for _, n := range f.living() {
		for _, other := range f.living() {
			if n != other {
				f.cut(n, other)
			}
		}
	}
	f.mu.Lock()
	all := slices.Clone(f.nodes)
	f.mu.Unlock()
	for _, n := range all {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := n.e.Close(ctx); err != nil {
			f.t.Errorf("close: %v", err)
		}
		cancel()
	}
}

// serving counts the sections that the living nodes serve.
func (f *fleet) serving() (n int) {
	for _, node := range f.living() {
		n += int(node.e.Stats().SectionsServing.Load())
	}
	return n
}

// standing tells of each section who has its log, and which of the living nodes serve it.
func (f *fleet) standing() (all string) {
	for no := range 8 {
		key := storage.SectionKey{Event: f.event, Section: storage.SectionNo(no)}
		tail, err := f.store.Tail(f.t.Context(), key)
		all += fmt.Sprintf("\nsection %d: seq %d, kind %d, writer %x, %v;", no, tail.Seq, tail.Kind, tail.Writer[:2],
			err)
		for _, n := range f.living() {
			_, o, err := n.e.openEvent(f.event, deadlineSoon())
			if err != nil {
				return err.Error()
			}
			s := o.sections[no]
			owner := n.View().Owner(key)
			all += fmt.Sprintf(" %x serves %v, owner %x, foreign %v;", n.id[:2], s.shard.Serving() != nil, owner[:2],
				s.foreign())
		}
	}
	return all
}

// allFollowed says that every node hears of every section: it serves it, or the one that does sends it the records.
func (f *fleet) allFollowed() bool {
	for _, n := range f.living() {
		_, o, err := n.e.openEvent(f.event, deadlineSoon())
		if err != nil {
			return false
		}
		for _, s := range o.sections {
			if !s.allReceived() {
				return false
			}
		}
		for _, other := range f.living() {
			if other != n && !other.e.peerRPC.Follows(n.id, f.event) {
				return false
			}
		}
	}
	return true
}

// eventually waits for what the nodes come to by themselves.
func (f *fleet) eventually(what string, ok func() bool) {
	f.t.Helper()
	tick, timeout := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			f.t.Fatalf("never came: %s", what)
		}
	}
}

func (n *fleetNode) hold(who Caller, seats ...string) (BookingView, error) {
	var out BookingView
	err := n.e.Book(&BookCall{Event: n.f.event, Caller: who, Seats: seats}, patience, &out)
	return out, err
}

func (n *fleetNode) best(who Caller, quantity uint32) (BookingView, error) {
	var out BookingView
	err := n.e.Book(&BookCall{Event: n.f.event, Caller: who, Best: BestAvailable{Quantity: quantity}}, patience, &out)
	return out, err
}

func (n *fleetNode) letters() (all string) {
	live, err := n.e.Live(n.f.t.Context(), n.f.event)
	if err != nil {
		n.f.t.Fatal(err)
	}
	live.Read(func(_ storage.SectionNo, s SectionStatus) { all += string(s.Letters) + "\n" })
	return all
}

// again repeats a call under its key, as a client does, while the answer says that it may be repeated.
func again(call func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := call()
		if !(errors.Is(err, ErrUnavailable) || errors.Is(err, ErrMoved) || errors.Is(err, ErrTimeout)) ||
			time.Now().After(deadline) {
			return err
		}
		<-time.After(5 * time.Millisecond)
	}
}
