package dense

// ChunkItems is the number of items in a chunk. Small enough that a section of a few hundred seats stays small, large
// enough that the directory is negligible; with 256, the records used here fill the allocator's size classes almost
// exactly. Growth adds a chunk and moves nothing, so no command pays for a big copy.
const ChunkItems = 256

// Slab is a growing array in chunks. Items hold no pointers, so the collector never looks inside.
type Slab[T any] struct {
	chunks []*[ChunkItems]T
	n      uint32
	shared bool // chunks[0] is everybody's
}

// At is item i.
func (s *Slab[T]) At(i uint32) *T { return &s.chunks[i/ChunkItems][i%ChunkItems] }

// Push adds one zero item and returns its index.
func (s *Slab[T]) Push() uint32 {
	if s.shared {
		s.chunks[0], s.shared = new([ChunkItems]T), false
	}
	if int(s.n/ChunkItems) == len(s.chunks) {
		s.chunks = append(s.chunks, new([ChunkItems]T))
	}
	s.n++
	*s.At(s.n - 1) = *new(T)
	return s.n - 1
}

// Len counts the items, item 0 among them.
func (s *Slab[T]) Len() uint32 { return s.n }

// Pop takes the last item off.
func (s *Slab[T]) Pop() { s.n-- }

// Begin makes item 0 of an empty slab, which stands for none, is zero, and is never written. It is in a chunk that all
// empty slabs share: most sections of most venues never have another item, and a chunk of their own would be most of
// what they cost.
func (s *Slab[T]) Begin(none *[ChunkItems]T) {
	s.chunks, s.n, s.shared = append(s.chunks, none), 1, true
}

// Queue is a first-in first-out list in chunks. An item's number is given for life: the first pushed is 0, and so on;
// numbers wrap at 2^32, far more than can be queued at once.
type Queue[T any] struct {
	chunks []*[ChunkItems]T
	spare  *[ChunkItems]T // one emptied chunk, so that a steady queue allocates nothing
	base   uint32         // number of the first item of chunks[0]; a multiple of ChunkItems
	head   uint32         // number of the oldest item
	n      uint32
}

// At is the item with this number, which must be in the queue.
func (q *Queue[T]) At(number uint32) *T {
	i := number - q.base
	return &q.chunks[i/ChunkItems][i%ChunkItems]
}

// Push adds an item behind all others and returns its number.
func (q *Queue[T]) Push(item T) uint32 {
	number := q.head + q.n
	if int((number-q.base)/ChunkItems) == len(q.chunks) {
		q.chunks = append(q.chunks, q.chunk())
	}
	*q.At(number) = item
	q.n++
	return number
}

func (q *Queue[T]) chunk() *[ChunkItems]T {
	if c := q.spare; c != nil {
		q.spare = nil
		return c
	}
	return new([ChunkItems]T)
}

// Len counts the items.
func (q *Queue[T]) Len() uint32 { return q.n }

// Head is the number of the oldest item.
func (q *Queue[T]) Head() uint32 { return q.head }

// Front is the oldest item of a queue that has one.
func (q *Queue[T]) Front() *T { return q.At(q.head) }

// Drop takes the oldest item off.
func (q *Queue[T]) Drop() {
	q.head++
	q.n--
	if q.head-q.base == ChunkItems {
		q.spare, q.chunks[0] = q.chunks[0], nil
		q.chunks = q.chunks[1:]
		q.base = q.head
	}
}
