package cluster

import (
	"bytes"
	"encoding/binary"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// View is who is in the cluster, as one node sees it at one moment. Immutable. It proposes owners, and is never
// authority: two nodes may hold different ones at the same time, and the log decides.
type View struct {
	me      storage.WriterID
	members []Member
	serving []candidate // in order of Writer
	version uint64
	hash    hashes
}

// candidate is a serving member, with the half of its weights that does not depend on the section.
type candidate struct {
	writer storage.WriterID
	hash   uint64
}

// hashes is what placement rests on: a change of it moves every section of a cluster under upgrade. Tests put in
// readable ones.
type hashes struct {
	writer func(storage.WriterID) uint64
	weigh  func(writer, key uint64) uint64
}

// mix is the finalizer of splitmix64: every bit of the input turns about half of the output's. FNV over ids or
// addresses does not, and gave one node up to 2.5 times another's share.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// golden keeps mix away from its fixed point, zero.
const golden = 0x9e3779b97f4a7c15

func hash16(b [16]byte) uint64 {
	return mix(mix(binary.LittleEndian.Uint64(b[:8])+golden) ^ binary.LittleEndian.Uint64(b[8:]))
}

var rendezvous = hashes{
	writer: func(w storage.WriterID) uint64 { return hash16(w) },
	weigh:  func(writer, key uint64) uint64 { return mix(writer ^ key) },
}

// NewView makes the view that node me has of members (in any order; of two with one Writer the later counts). It keeps
// no reference to members.
func NewView(me storage.WriterID, members []Member) *View { return newViewBy(rendezvous, me, members) }

func newViewBy(hash hashes, me storage.WriterID, members []Member) *View {
	v := &View{me: me, hash: hash, members: unique(members)}
	for i := range v.members {
		m := &v.members[i]
		v.version = mix(v.version + golden ^ hash16(m.Writer) + uint64(m.State))
		if m.State == Serving {
			v.serving = append(v.serving, candidate{m.Writer, hash.writer(m.Writer)})
		}
	}
	return v
}

// unique sorts a copy by writer and keeps the last of equal ones.
func unique(members []Member) []Member {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b Member) int { return bytes.Compare(a.Writer[:], b.Writer[:]) })
	kept := sorted[:0]
	for _, m := range sorted {
		if n := len(kept); n > 0 && kept[n-1].Writer == m.Writer {
			kept[n-1] = m
			continue
		}
		kept = append(kept, m)
	}
	return kept
}

// Me is the writer id of the node whose view this is.
func (v *View) Me() storage.WriterID { return v.me }

// Members are all nodes of the cluster in order of Writer, this one included. Not to be changed.
func (v *View) Members() []Member { return v.members }

// Member finds one by its writer id.
func (v *View) Member(w storage.WriterID) (Member, bool) {
	i, found := slices.BinarySearchFunc(v.members, w, func(m Member, w storage.WriterID) int {
		return bytes.Compare(m.Writer[:], w[:])
	})
	if !found {
		return Member{}, false
	}
	return v.members[i], true
}

// Version is a hash of the sorted writers and their states: equal on nodes that see the same members in the same
// states.
func (v *View) Version() uint64 { return v.version }

// Owner proposes the node that should run a section: the same on all nodes with the same view. The zero id when nobody
// is Serving.
//
// Each serving member has a weight for each section, and the highest wins (rendezvous hashing): who joins takes its
// share evenly from all, who leaves hands it out evenly, and nothing else moves. It takes no memory, and needs no
// agreement on anything but the members.
func (v *View) Owner(key storage.SectionKey) storage.WriterID {
	return v.heaviest(mix(hash16(key.Event) + golden*(uint64(key.Section)+1)))
}

// Coordinator proposes the node where a buyer's searches in an event begin, by the same rule.
func (v *View) Coordinator(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	return v.heaviest(mix(hash16(event) + golden*hash16(buyer)))
}

func (v *View) heaviest(key uint64) (best storage.WriterID) {
	var most uint64
	chosen := -1
	for i := range v.serving {
		// equal weights: the lower writer, on every node
		if weight := v.hash.weigh(v.serving[i].hash, key); chosen < 0 || weight > most {
			chosen, most = i, weight
		}
	}
	if chosen >= 0 {
		best = v.serving[chosen].writer
	}
	return best
}

func (v *View) equal(o *View) bool { return slices.Equal(v.members, o.members) }
