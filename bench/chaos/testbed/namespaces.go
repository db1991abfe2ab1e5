package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

var errNoCut = errors.New("testbed: hosts on one loopback cannot be cut off from each other")

// namespaces is machines of network namespaces, each with one end of a veth pair whose other end is in a bridge:
//
//	buyers (.1), PostgreSQL (.14) ── bridge hfc<pid>
//	                                   ├── hfc<pid>n1 ══ eth0 (.2) in holdfast-chaos-<pid>-n1
//	                                   └── hfc<pid>n2 ══ eth0 (.3) in holdfast-chaos-<pid>-n2 …
//
// A cut is a rule in the namespace of whoever shall no longer hear, so that the other side's packets leave and vanish,
// as on a real network. The database stands on the bridge, under an address of its own, and has no namespace: towards
// it, the rule is where the node's packets leave.
//
// The addresses are of 198.18.0.0/15, which is set aside for tests between devices, and never leave this machine.
type namespaces struct {
	pid  int
	base netip.Addr // of the bridge

	mu    sync.Mutex
	hosts []Host
}

// The names of what is made. An interface's may have fifteen letters.
const (
	namespacePrefix = "holdfast-chaos-"
	linkPrefix      = "hfc"
	subnetBits      = 28
)

// toolTimeout bounds one call of ip or iptables; they take milliseconds.
const toolTimeout = 20 * time.Second

// NoNamespaces says what is missing here for them; "": nothing.
func NoNamespaces() string {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "this is not root")
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, "there is no "+tool+" on PATH")
		}
	}
	if len(missing) == 0 {
		return tryNamespace()
	}
	return reasons(missing)
}

// tryNamespace makes one and drops a packet in it: a container's root may not, and an old kernel cannot.
func tryNamespace() string {
	name := namespacePrefix + strconv.Itoa(os.Getpid()) + "-try"
	if err := tool("ip", "netns", "add", name); err != nil {
		return err.Error()
	}
	err := tool("ip", "netns", "exec", name, "iptables", "-w", "-A", "INPUT", "-s", "198.18.0.1", "-j", "DROP")
	if err = errors.Join(err, tool("ip", "netns", "del", name)); err != nil {
		return err.Error()
	}
	return ""
}

func tool(name string, arguments ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	said, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("testbed: %s %s: %w: %s", name, strings.Join(arguments, " "), err,
			strings.TrimSpace(string(said)))
	}
	return nil
}

// steps runs tools until one fails.
func steps(list ...string) error {
	for _, line := range list {
		words := strings.Fields(line)
		if err := tool(words[0], words[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func newNamespaces(context.Context) (*namespaces, error) {
	sweepNamespaces()
	base, err := freeSubnet(os.Getpid())
	if err != nil {
		return nil, err
	}
	n := &namespaces{pid: os.Getpid(), base: base}
	bridge := n.link("")
	err = steps(
		"ip link add "+bridge+" type bridge",
		fmt.Sprintf("ip addr add %v/%d dev %s", base, subnetBits, bridge),
		fmt.Sprintf("ip addr add %v/%d dev %s", n.ip(StoreHost), subnetBits, bridge),
		"ip link set "+bridge+" up",
	)
	if err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// freeSubnet is one that no interface here has, first tried by process id so that two runs rarely want the same.
func freeSubnet(pid int) (netip.Addr, error) {
	taken, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("testbed: %w", err)
	}
	const subnets = 1 << (subnetBits - 15)
	for i := range subnets {
		no := (pid + i) % subnets
		first := netip.AddrFrom4([4]byte{198, byte(18 + no>>12), byte(no >> 4), byte(no<<4) + 1})
		if !meets(taken, first) {
			return first, nil
		}
	}
	return netip.Addr{}, errors.New("testbed: no subnet of 198.18.0.0/15 is free")
}

func meets(taken []net.Addr, a netip.Addr) bool {
	for _, one := range taken {
		if network, ok := one.(*net.IPNet); ok && network.Contains(a.AsSlice()) {
			return true
		}
	}
	return false
}

// storePlace is the last address of the subnet, as a distance from the first. Were it the buyers', who cuts off the
// database would cut off the buyers too.
const storePlace = 13

func (n *namespaces) ip(h Host) netip.Addr {
	at := n.base.As4()
	if h == StoreHost {
		h = storePlace
	}
	at[3] += byte(h)
	return netip.AddrFrom4(at)
}

func (n *namespaces) name(h Host) string {
	return fmt.Sprintf("%s%d-n%d", namespacePrefix, n.pid, h)
}

func (n *namespaces) link(of string) string { return linkPrefix + strconv.Itoa(n.pid) + of }

func (n *namespaces) prepare(h Host) error {
	n.mu.Lock()
	n.hosts = append(n.hosts, h)
	n.mu.Unlock()
	name, link := n.name(h), n.link(fmt.Sprintf("n%d", h))
	return steps(
		"ip netns add "+name,
		"ip link add "+link+" type veth peer name eth0 netns "+name,
		"ip link set "+link+" master "+n.link("")+" up",
		fmt.Sprintf("ip -n %s addr add %v/%d dev eth0", name, n.ip(h), subnetBits),
		"ip -n "+name+" link set lo up",
		"ip -n "+name+" link set eth0 up",
	)
}

func (n *namespaces) address(h Host, service int) string {
	return netip.AddrPortFrom(n.ip(h), uint16(8080+service)).String()
}

func (n *namespaces) storeIP() string { return n.ip(StoreHost).String() }

// command enters the namespace and becomes the program: its process id is the program's.
func (n *namespaces) command(h Host, name string, arguments ...string) *exec.Cmd {
	inside := append([]string{"netns", "exec", n.name(h), name}, arguments...)
	return exec.Command("ip", inside...) //nolint:noctx // ended by its id: a context would kill it
}

func (n *namespaces) rule(how string, from, to Host) error {
	if to == StoreHost {
		return n.inside(from, how, "OUTPUT", "-d", n.ip(to).String())
	}
	return n.inside(to, how, "INPUT", "-s", n.ip(from).String())
}

func (n *namespaces) inside(h Host, rule ...string) error {
	return tool("ip", append(append([]string{"netns", "exec", n.name(h), "iptables", "-w"}, rule...), "-j", "DROP")...)
}

func (n *namespaces) Cut(from, to Host) error  { return n.rule("-A", from, to) }
func (n *namespaces) Mend(from, to Host) error { return n.rule("-D", from, to) }
func (n *namespaces) Split() bool              { return true }

// close removes the namespaces, and with them their ends of the veth pairs and so the pairs. Whoever ran in them must
// be gone.
func (n *namespaces) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var errs []error
	for _, h := range n.hosts {
		errs = append(errs, tool("ip", "netns", "del", n.name(h)))
	}
	n.hosts = nil
	return errors.Join(append(errs, tool("ip", "link", "del", n.link("")))...)
}
