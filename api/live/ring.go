package live

import "sort"

// chunk is what one flush sends to every client: whole SSE frames, encoded once. Immutable.
type chunk struct {
	data  []byte
	marks []mark
	last  uint64 // the map's version after this chunk
}

// mark says that data[:end] brings a client to a version.
type mark struct {
	version uint64
	end     int
}

// after is where a client that has a version goes on in this chunk.
func (c *chunk) after(version uint64) int {
	i := sort.Search(len(c.marks), func(i int) bool { return c.marks[i].version > version })
	if i == 0 {
		return 0
	}
	return c.marks[i-1].end
}

// place is how far a client has read: everything before offset of chunk number no.
type place struct {
	no     uint64
	offset int
}

// ring is the recent past of one event's stream, bounded in bytes. Chunks are numbered for ever.
type ring struct {
	bytesMax int

	chunks []chunk
	first  uint64 // the number of chunks[0]
	base   uint64 // the version before chunks[0]
	bytes  int
}

func (r *ring) end() uint64 { return r.first + uint64(len(r.chunks)) }

// push adds a chunk and forgets the oldest while over the bound; the newest always stays.
func (r *ring) push(c chunk) {
	r.chunks = append(r.chunks, c)
	r.bytes += len(c.data)
	drop := 0
	for r.bytes > r.bytesMax && drop < len(r.chunks)-1 {
		r.bytes -= len(r.chunks[drop].data)
		r.base = r.chunks[drop].last
		drop++
	}
	r.first += uint64(drop)
	r.chunks = append(r.chunks[:0], r.chunks[drop:]...)
}

// forget drops everything: the past up to a version can no longer be told step by step.
func (r *ring) forget(version uint64) {
	r.first = r.end() + 1 // every reader's place is now behind the ring
	r.chunks, r.bytes, r.base = nil, 0, version
}

// find is where a client that has a version goes on; ok is false when the ring no longer reaches back so far.
func (r *ring) find(version uint64) (p place, ok bool) {
	if version < r.base {
		return place{}, false
	}
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].last > version })
	if i == len(r.chunks) {
		return place{no: r.end()}, true
	}
	return place{no: r.first + uint64(i), offset: r.chunks[i].after(version)}, true
}

// collectBytesMax bounds one write, so that a client far behind does not hold megabytes in its socket's way.
const collectBytesMax = 256 << 10

// collect appends to into what a client has not read, and moves its place; ok is false when the client fell off.
func (r *ring) collect(at *place, into [][]byte) (out [][]byte, ok bool) {
	if at.no < r.first {
		return into, false
	}
	for bytes := 0; at.no < r.end() && bytes < collectBytesMax; *at = (place{no: at.no + 1}) {
		data := r.chunks[at.no-r.first].data[at.offset:]
		if len(data) > 0 {
			into = append(into, data)
		}
		bytes += len(data)
	}
	return into, true
}
