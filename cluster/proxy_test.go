package cluster

import (
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands before a node's end of the link, and fails as networks do.
type proxy struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	conns  map[net.Conn]bool
	// to the node, and back; closed while bytes pass: a black hole keeps them, as a network does that comes back
	opened  [2]chan struct{}
	delay   time.Duration
	workers sync.WaitGroup
}

func newProxy(t testing.TB) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, conns: map[net.Conn]bool{}, opened: [2]chan struct{}{make(chan struct{}),
		make(chan struct{})}}
	p.heal()
	p.workers.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.heal()
		p.cut()
		p.workers.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		to, err := net.Dial("tcp", target)
		if err != nil {
			_ = from.Close()
			continue
		}
		p.mu.Lock()
		p.conns[from], p.conns[to] = true, true
		p.mu.Unlock()
		p.workers.Go(func() { p.pass(from, to, 0) })
		p.workers.Go(func() { p.pass(to, from, 1) })
	}
}

func (p *proxy) pass(from, to net.Conn, direction int) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		opened, delay := p.opened[direction], p.delay
		p.mu.Unlock()
		<-opened
		if delay > 0 {
			<-time.After(delay)
		}
		if _, bad := to.Write(buffer[:n]); err != nil || bad != nil {
			return
		}
	}
}

// cut ends all connections; new ones are let through.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// swallow keeps everything, of present connections and of new ones, until heal.
func (p *proxy) swallow() { p.swallowCalls(); p.swallowAnswers() }

func (p *proxy) swallowCalls()   { p.shut(0) }
func (p *proxy) swallowAnswers() { p.shut(1) }

func (p *proxy) shut(direction int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened[direction] = make(chan struct{})
}

func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, opened := range p.opened {
		select {
		case <-opened:
		default:
			close(opened)
		}
	}
}

func (p *proxy) slow(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = by
}

// behind makes a node that the others reach through a proxy.
func behind(t testing.TB, name string, change func(*Options), others ...*tested) (*tested, *proxy) {
	p := newProxy(t)
	n := start(t, name, func(o *Options) {
		o.PeerAdvertise = p.address()
		if change != nil {
			change(o)
		}
		o.Join = nil // nobody may call before the proxy knows where to
	}, others...)
	p.mu.Lock()
	p.target = n.link.Addr()
	p.mu.Unlock()
	for _, other := range others {
		if _, err := n.list.Join([]string{other.GossipAddress()}); err != nil {
			t.Fatal(err)
		}
	}
	return n, p
}
