package coordinator

// table is an open-addressing table with linear probing that finds a small value by 64 bits of a key's hash. The keys
// are nowhere: what two keys share costs what doc.go says.
//
//	hash   6 bits the lock's shard │ 26 bits the directory, as many of them as it needs │ 32 bits the home slot
//
//	directory ──▶ leaf ──▶ home slot, and on from there to the first free one
//
// The table is cut into leaves of at most leafMax slots. A leaf that is full grows by a quarter, and splits in two when
// it is at leafMax. So a large table uses about three quarters of its slots at every size, and the most that one call
// moves is one leaf, some microseconds of work, however large the table is. The zero table is empty.
type table[V uint32 | uint64] struct {
	leaves []*leaf[V] // by the directory's bits; the neighbours that share their leading bits may be one leaf
	depth  uint8      // of the directory: it has 2^depth places
	n      int
}

// leaf has a hash and a value for each slot, apart, so that a probe reads hashes only. Invariant: never full, so that
// every probe ends.
type leaf[V uint32 | uint64] struct {
	hashes []uint64 // 0: free
	values []V
	used   int
	depth  uint8 // how many of the directory's bits all its entries share
}

const (
	shardBits = 6
	leafMin   = 8
	leafMax   = 1024
	// depthMax is all of the directory's bits; beyond it (some 50 billion entries) leaves grow and split no more.
	depthMax = 26
)

// sizeFor is how many slots a leaf gets that has so many entries, two thirds of them used.
func sizeFor(entries int) int { return max(leafMin, entries+entries/2) }

// larger is the size that a full leaf below leafMax grows to: twice its own while that is little, then a quarter more,
// and no step just before the last.
func larger(size int) int {
	switch {
	case size < leafMax/4:
		return 2 * size
	case size+size/4 > leafMax-leafMax/8:
		return leafMax
	}
	return size + size/4
}

func newLeaf[V uint32 | uint64](size int, depth uint8) leaf[V] {
	var values []V
	if wide, is := any(&values).(*[]uint64); is { // both in one piece of memory
		both := make([]uint64, 2*size)
		*wide = both[size:]
		return leaf[V]{hashes: both[:size:size], values: values, depth: depth}
	}
	return leaf[V]{hashes: make([]uint64, size), values: make([]V, size), depth: depth}
}

// full says that one more entry would leave less than a seventh of the slots free.
func (l *leaf[V]) full() bool { return l.used+1 > len(l.hashes)-len(l.hashes)/7 }

func (l *leaf[V]) home(hash uint64) int {
	return int(uint64(uint32(hash)) * uint64(len(l.hashes)) >> 32)
}

func (l *leaf[V]) next(i int) int {
	if i++; i == len(l.hashes) {
		return 0
	}
	return i
}

// find returns the slot of an entry, -1 when there is none. Entries of one hash are told apart by the bits of their
// values in mask.
func (l *leaf[V]) find(hash uint64, want, mask V) int {
	for i := l.home(hash); l.hashes[i] != 0; i = l.next(i) {
		if l.hashes[i] == hash && l.values[i]&mask == want {
			return i
		}
	}
	return -1
}

func (l *leaf[V]) place(hash uint64, value V) {
	i := l.home(hash)
	for l.hashes[i] != 0 {
		i = l.next(i)
	}
	l.hashes[i], l.values[i] = hash, value
	l.used++
}

// remove takes out the entry in a slot. The entries behind it move up, so there are no tombstones.
func (l *leaf[V]) remove(hole int) {
	for i := l.next(hole); l.hashes[i] != 0; i = l.next(i) {
		if l.distance(l.home(l.hashes[i]), i) >= l.distance(hole, i) {
			l.hashes[hole], l.values[hole] = l.hashes[i], l.values[i]
			hole = i
		}
	}
	l.hashes[hole], l.values[hole] = 0, 0
	l.used--
}

func (l *leaf[V]) distance(from, to int) int {
	if to < from {
		return to - from + len(l.hashes)
	}
	return to - from
}

// copied is a leaf of so many slots with the entries that are kept; keep nil: all.
func (l *leaf[V]) copied(size int, depth uint8, keep func(hash uint64, value V) bool) leaf[V] {
	c := newLeaf[V](size, depth)
	for i, hash := range l.hashes {
		if hash != 0 && (keep == nil || keep(hash, l.values[i])) {
			c.place(hash, l.values[i])
		}
	}
	return c
}

// spread is the place of a hash in a directory of that depth.
func spread(hash uint64, depth uint8) uint64 { return hash << shardBits >> (64 - depth) }

func (t *table[V]) leaf(hash uint64) *leaf[V] {
	if len(t.leaves) == 0 {
		return nil
	}
	return t.leaves[spread(hash, t.depth)]
}

// value points to an entry's value, nil when there is none. It is good until the table's next change.
func (t *table[V]) value(hash uint64, want, mask V) *V {
	l := t.leaf(hash)
	if l == nil {
		return nil
	}
	if i := l.find(hash, want, mask); i >= 0 {
		return &l.values[i]
	}
	return nil
}

// add puts in an entry that is not there. A leaf that cannot grow first lets go of what is stale; stale nil: nothing.
func (t *table[V]) add(hash uint64, value V, stale func(V) bool) {
	if len(t.leaves) == 0 {
		first := newLeaf[V](leafMin, 0)
		t.leaves = []*leaf[V]{&first}
	}
	for l := t.leaf(hash); l.full(); l = t.leaf(hash) {
		t.makeRoom(l, hash, stale)
	}
	t.leaf(hash).place(hash, value)
	t.n++
}

func (t *table[V]) makeRoom(l *leaf[V], hash uint64, stale func(V) bool) {
	size := len(l.hashes)
	if size >= leafMax && stale != nil {
		if t.drop(l, stale) {
			return
		}
	}
	switch {
	case size < leafMax:
		*l = l.copied(larger(size), l.depth, nil)
	case l.depth < depthMax:
		t.split(l, hash)
	default:
		*l = l.copied(size+size/4, l.depth, nil)
	}
}

// drop lets go of what is stale in a leaf, and says whether anything was.
func (t *table[V]) drop(l *leaf[V], stale func(V) bool) bool {
	left := 0
	for i, h := range l.hashes {
		if h != 0 && !stale(l.values[i]) {
			left++
		}
	}
	if left == l.used {
		return false
	}
	t.n -= l.used - left
	size := min(sizeFor(left), max(leafMax, len(l.hashes)))
	*l = l.copied(size, l.depth, func(_ uint64, value V) bool { return !stale(value) })
	return true
}

// put makes l the leaf of all hashes that share l.depth bits with hash.
func (t *table[V]) put(hash uint64, l *leaf[V]) {
	first := spread(hash, l.depth) << (t.depth - l.depth)
	for i := range uint64(1) << (t.depth - l.depth) {
		t.leaves[first+i] = l
	}
}

// split cuts a leaf in two by one bit more, for which the directory may have to double.
func (t *table[V]) split(l *leaf[V], hash uint64) {
	if l.depth == t.depth {
		wider := make([]*leaf[V], 0, 2*len(t.leaves))
		for _, same := range t.leaves {
			wider = append(wider, same, same)
		}
		t.leaves, t.depth = wider, t.depth+1
	}
	depth := l.depth + 1
	bit := uint64(1) << (64 - shardBits - depth)
	upper := 0
	for _, h := range l.hashes {
		if h&bit != 0 {
			upper++
		}
	}
	other := l.copied(sizeFor(upper), depth, func(h uint64, _ V) bool { return h&bit != 0 })
	*l = l.copied(sizeFor(l.used-upper), depth, func(h uint64, _ V) bool { return h&bit == 0 })
	t.put(hash|bit, &other)
}

// remove takes out an entry if it is there. A leaf that is nearly empty then becomes smaller.
func (t *table[V]) remove(hash uint64, want, mask V) {
	l := t.leaf(hash)
	if l == nil {
		return
	}
	i := l.find(hash, want, mask)
	if i < 0 {
		return
	}
	l.remove(i)
	t.n--
	if len(l.hashes) > leafMin && l.used < len(l.hashes)/8 {
		*l = l.copied(sizeFor(l.used), l.depth, nil)
	}
}

// forget drops all that is stale.
func (t *table[V]) forget(stale func(V) bool) {
	for i := uint64(0); i < uint64(len(t.leaves)); {
		l := t.leaves[i]
		t.drop(l, stale)
		i += 1 << (t.depth - l.depth)
	}
}
