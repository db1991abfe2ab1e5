package section

// slabChunk is the number of items in a chunk. Small enough that a section of a few hundred seats stays small, large
// enough that the directory is negligible; with 256, the records used here fill the allocator's size classes almost
// exactly. Growth adds a chunk and moves nothing, so no command pays for a big copy.
const slabChunk = 256

// slab is a growing array in chunks. Items hold no pointers, so the collector never looks inside.
type slab[T any] struct {
	chunks []*[slabChunk]T
	n      uint32
	shared bool // chunks[0] is everybody's
}

func (s *slab[T]) at(i uint32) *T { return &s.chunks[i/slabChunk][i%slabChunk] }

// push adds one zero item and returns its index.
func (s *slab[T]) push() uint32 {
	if s.shared {
		s.chunks[0], s.shared = new([slabChunk]T), false
	}
	if int(s.n/slabChunk) == len(s.chunks) {
		s.chunks = append(s.chunks, new([slabChunk]T))
	}
	s.n++
	*s.at(s.n - 1) = *new(T)
	return s.n - 1
}

func (s *slab[T]) pop() { s.n-- }

// begin makes item 0 of an empty slab, which stands for none, is zero, and is never written. It is in a chunk that all
// empty slabs share: most sections of most houses never have another item, and a chunk of their own would be most of
// what they cost.
func (s *slab[T]) begin(none *[slabChunk]T) {
	s.chunks, s.n, s.shared = append(s.chunks, none), 1, true
}

// queue is a first-in first-out list in chunks. An item's number is given for life: the first pushed is 0, and so on;
// numbers wrap at 2^32, far more than can be queued at once.
type queue[T any] struct {
	chunks []*[slabChunk]T
	spare  *[slabChunk]T // one emptied chunk, so that a steady queue allocates nothing
	base   uint32        // number of the first item of chunks[0]; a multiple of slabChunk
	head   uint32        // number of the oldest item
	n      uint32
}

func (q *queue[T]) at(number uint32) *T {
	i := number - q.base
	return &q.chunks[i/slabChunk][i%slabChunk]
}

func (q *queue[T]) push(item T) uint32 {
	number := q.head + q.n
	if int((number-q.base)/slabChunk) == len(q.chunks) {
		q.chunks = append(q.chunks, q.chunk())
	}
	*q.at(number) = item
	q.n++
	return number
}

func (q *queue[T]) chunk() *[slabChunk]T {
	if c := q.spare; c != nil {
		q.spare = nil
		return c
	}
	return new([slabChunk]T)
}

func (q *queue[T]) front() *T { return q.at(q.head) }

func (q *queue[T]) drop() {
	q.head++
	q.n--
	if q.head-q.base == slabChunk {
		q.spare, q.chunks[0] = q.chunks[0], nil
		q.chunks = q.chunks[1:]
		q.base = q.head
	}
}
