package shard

// Dispatcher runs actors' mailboxes on goroutines that it keeps. The library's own starts a new goroutine whenever a
// mailbox turns from empty to not: with a few requests per section in flight that is for every record, and each new
// goroutine grows its stack by copying on its way into the section core, which cost a tenth of all processor time. A
// kept one has grown already.
type Dispatcher struct {
	idle chan func()   // handed to a waiting goroutine; unbuffered, so nothing ever waits in it
	quit chan struct{} // closed at the end: idle goroutines leave, later mailboxes get goroutines of their own
}

// DispatcherBatch is how many messages a mailbox may handle before it lets others run.
const DispatcherBatch = 300

// NewDispatcher makes one without goroutines.
func NewDispatcher() *Dispatcher {
	return &Dispatcher{idle: make(chan func()), quit: make(chan struct{})}
}

// Schedule runs a mailbox on an idle goroutine, or on a new one when none is idle: it never waits.
func (d *Dispatcher) Schedule(run func()) {
	select {
	case d.idle <- run:
	default:
		go d.work(run)
	}
}

// Throughput implements the library's interface.
func (d *Dispatcher) Throughput() int { return DispatcherBatch }

// work runs one mailbox after the other, until close. There are never more goroutines than mailboxes that were busy at
// once.
func (d *Dispatcher) work(run func()) {
	for {
		run()
		select {
		case run = <-d.idle:
		case <-d.quit:
			return
		}
	}
}

// Close has idle goroutines leave.
func (d *Dispatcher) Close() { close(d.quit) }
