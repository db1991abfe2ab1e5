package venue

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"holdfast/actors/section"
)

// The stored form: magic, version, length and CRC-32 of the body, then the body deflated. Ids and labels that follow
// from their neighbours are left out, coordinates are steps of 1/100 where that loses nothing: a stadium is some 100 kB
// instead of 4 MB of JSON, and decodes without reflection.
const (
	storedMagic    = "HFV"
	storedVersion  = 1
	storedFront    = 2        // version 1, and a front behind the sections; without a front version 1 is written
	storedBytesMax = 64 << 20 // of the body; a damaged length must not become an allocation
)

// Seat flags of the stored form.
const (
	storedAccessible byte = 1 << iota
	storedBreak
	storedOwnID    // the id is not <section>-<row>-<seat>
	storedOwnLabel // the label is not the number after the one before
	storedCategory // the category differs from the seat before
)

// Encode gives the stored form; Decode of it is a venue equal to v.
func (v *Venue) Encode() []byte {
	e := encoder{}
	e.venue(v)
	head := append([]byte(storedMagic), v.storedVersion())
	head = binary.AppendUvarint(head, uint64(len(e.out)))
	head = binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(e.out))
	packed := bytes.NewBuffer(head)
	deflate, _ := flate.NewWriter(packed, flate.DefaultCompression) // fails for unknown levels only
	_, _ = deflate.Write(e.out)                                     // a bytes.Buffer takes everything
	_ = deflate.Close()
	return packed.Bytes()
}

func (v *Venue) storedVersion() byte {
	if v.Front != nil {
		return storedFront
	}
	return storedVersion
}

type encoder struct {
	out []byte
}

func (e *encoder) uint(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) text(s string) {
	e.uint(uint64(len(s)))
	e.out = append(e.out, s...)
}

func (e *encoder) float(f float64) {
	e.out = binary.LittleEndian.AppendUint64(e.out, math.Float64bits(f))
}

func (e *encoder) point(p *Point) {
	if p == nil {
		e.out = append(e.out, 0)
		return
	}
	e.out = append(e.out, 1)
	e.float(p.X)
	e.float(p.Y)
}

func (e *encoder) venue(v *Venue) {
	e.text(v.Name)
	e.uint(uint64(len(v.Categories)))
	for _, category := range v.Categories {
		e.text(category.Label)
		e.text(category.Color)
	}
	e.point(v.FocalPoint)
	e.uint(uint64(len(v.Sections)))
	for i := range v.Sections {
		e.section(&v.Sections[i])
	}
	if f := v.Front; f != nil {
		e.text(string(f.Side))
		e.float(f.Point.X)
		e.float(f.Point.Y)
		e.text(f.Text)
	}
}

func (e *encoder) section(s *Section) {
	e.text(s.ID)
	e.text(s.Name)
	e.text(s.SplitOf)
	e.out = append(e.out, flagByte(s.General, 1))
	e.point(s.FocalPoint)
	e.uint(uint64(len(s.Rows)))
	for r := range s.Rows {
		e.row(s.PlanID(), &s.Rows[r])
	}
}

func flagByte(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func (e *encoder) row(sectionLabel string, row *Row) {
	e.text(row.Label)
	e.uint(uint64(len(row.Seats)))
	fine := row.centsExact()
	e.out = append(e.out, flagByte(fine, 1))
	track := seatTrack{}
	for k := range row.Seats {
		e.seat(sectionLabel, row.Label, &row.Seats[k], &track, fine)
	}
}

// centsExact says whether every coordinate survives as a whole number of hundredths, bit for bit.
func (row *Row) centsExact() bool {
	for k := range row.Seats {
		if !centExact(row.Seats[k].X) || !centExact(row.Seats[k].Y) {
			return false
		}
	}
	return true
}

func centExact(f float64) bool {
	whole := math.Round(f * 100)
	return math.Abs(whole) < 1<<50 && math.Float64bits(float64(int64(whole))/100) == math.Float64bits(f)
}

// seatTrack is what the next seat of a row is told relative to. Encoder and decoder keep it in step.
type seatTrack struct {
	number   int // of the label before; 0 at the row's start
	category section.CategoryID
	x, y     int64 // hundredths
}

func (e *encoder) seat(sectionLabel, row string, seat *Seat, track *seatTrack, fine bool) {
	next := decimal(track.number + 1)
	flags := flagByte(seat.Accessible, storedAccessible) | flagByte(seat.BreakBefore, storedBreak) |
		flagByte(seat.ID != seatID(sectionLabel, row, seat.Label), storedOwnID) |
		flagByte(seat.Label != next, storedOwnLabel) | flagByte(seat.Category != track.category, storedCategory)
	e.out = append(e.out, flags)
	if flags&storedOwnLabel != 0 {
		e.text(seat.Label)
	}
	if flags&storedOwnID != 0 {
		e.text(seat.ID)
	}
	if flags&storedCategory != 0 {
		e.uint(uint64(seat.Category))
	}
	track.follow(seat)
	if !fine {
		e.float(seat.X)
		e.float(seat.Y)
		return
	}
	x, y := int64(math.Round(seat.X*100)), int64(math.Round(seat.Y*100))
	e.out = binary.AppendVarint(e.out, x-track.x)
	e.out = binary.AppendVarint(e.out, y-track.y)
	track.x, track.y = x, y
}

// follow moves label and category on.
func (t *seatTrack) follow(seat *Seat) {
	t.number++
	if n, err := seatNumber(seat.Label); err == nil && decimal(n) == seat.Label {
		t.number = n
	}
	t.category = seat.Category
}

// ErrStored means that stored bytes are not a venue: damaged, cut short, or of a newer version.
var ErrStored = errors.New("venue: stored form not readable")

func storedError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrStored, fmt.Sprintf(format, args...))
}

// Decode reads what Encode wrote. It is strict: damage, trailing bytes and anything Parse would refuse are an
// ErrStored.
func Decode(stored []byte) (*Venue, error) {
	body, version, err := unpack(stored)
	if err != nil {
		return nil, err
	}
	d := &decoder{in: body}
	v := d.venue()
	if version == storedFront {
		v.Front = &Front{Side: Side(d.text()), Point: Point{X: d.float(), Y: d.float()}, Text: d.text()}
	}
	switch {
	case d.problem != "":
		return nil, storedError("%s", d.problem)
	case len(d.in) > 0:
		return nil, storedError("%d bytes follow the venue", len(d.in))
	}
	if problem := v.check(); problem != "" {
		return nil, storedError("%s", problem)
	}
	return v, nil
}

// unpack checks the head and inflates the body.
func unpack(stored []byte) (inflated []byte, version byte, err error) {
	rest, ok := bytes.CutPrefix(stored, []byte(storedMagic))
	if !ok || len(rest) == 0 || rest[0] != storedVersion && rest[0] != storedFront {
		return nil, 0, storedError("not a venue of version %d or %d", storedVersion, storedFront)
	}
	length, n := binary.Uvarint(rest[1:])
	if n <= 0 || length > storedBytesMax || len(rest) < 1+n+4 {
		return nil, 0, storedError("head cut short or out of bounds")
	}
	sum := binary.BigEndian.Uint32(rest[1+n:])
	packed := bytes.NewReader(rest[1+n+4:])
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(flate.NewReader(packed), int64(length)+1)); err != nil {
		return nil, 0, storedError("%v", err)
	}
	if uint64(body.Len()) != length || packed.Len() > 0 || crc32.ChecksumIEEE(body.Bytes()) != sum {
		return nil, 0, storedError("length or checksum wrong")
	}
	return body.Bytes(), rest[0], nil
}

// decoder reads the body. After problem is set every read answers zero, so loops are bounded by the counts already
// checked.
type decoder struct {
	in      []byte
	problem string
}

func (d *decoder) fail(problem string) {
	if d.problem == "" {
		d.problem = problem
		d.in = nil
	}
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.in)
	if size <= 0 {
		d.fail("cut short")
		return 0
	}
	d.in = d.in[size:]
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.in)
	if size <= 0 {
		d.fail("cut short")
		return 0
	}
	d.in = d.in[size:]
	return n
}

// take answers the next n bytes, or nil.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.in)) {
		d.fail("cut short")
		return nil
	}
	taken := d.in[:n]
	d.in = d.in[n:]
	return taken
}

func (d *decoder) text() string { return string(d.take(d.uint())) }

func (d *decoder) byte() byte {
	if one := d.take(1); one != nil {
		return one[0]
	}
	return 0
}

func (d *decoder) float() float64 {
	if raw := d.take(8); raw != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(raw))
	}
	return 0
}

func (d *decoder) point() *Point {
	switch d.byte() {
	case 0:
		return nil
	case 1:
		return &Point{X: d.float(), Y: d.float()}
	}
	d.fail("point flag unknown")
	return nil
}

// count reads a length; each item takes at least one byte, so a larger count than bytes left is damage, not an
// allocation.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.in)) {
		d.fail("count larger than what follows")
		return 0
	}
	return int(n)
}

func (d *decoder) venue() *Venue {
	v := &Venue{Name: d.text()}
	for range d.count() {
		v.Categories = append(v.Categories, Category{Label: d.text(), Color: d.text()})
	}
	v.FocalPoint = d.point()
	sections := d.count()
	if sections > 0 {
		v.Sections = make([]Section, 0, min(sections, SectionsMax))
	}
	for i := 0; i < sections && d.problem == ""; i++ {
		v.Sections = append(v.Sections, d.section())
	}
	return v
}

func (d *decoder) section() Section {
	s := Section{ID: d.text(), Name: d.text(), SplitOf: d.text()}
	switch d.byte() {
	case 0:
	case 1:
		s.General = true
	default:
		d.fail("section flag unknown")
	}
	s.FocalPoint = d.point()
	rows := d.count()
	s.Rows = make([]Row, 0, min(rows, SectionSeatsMax))
	for i := 0; i < rows && d.problem == ""; i++ {
		s.Rows = append(s.Rows, d.row(s.PlanID()))
	}
	return s
}

func (d *decoder) row(sectionLabel string) Row {
	row := Row{Label: d.text()}
	seats := d.count()
	if seats > SectionSeatsMax {
		d.fail("row too long")
		return row
	}
	fine := d.byte()
	if fine > 1 {
		d.fail("row flag unknown")
		return row
	}
	prefix := sectionLabel + "-" + row.Label + "-"
	track := seatTrack{}
	row.Seats = make([]Seat, seats)
	for k := 0; k < seats && d.problem == ""; k++ {
		d.seat(&row.Seats[k], prefix, &track, fine == 1)
	}
	return row
}

func (d *decoder) seat(seat *Seat, prefix string, track *seatTrack, fine bool) {
	flags := d.byte()
	if flags >= storedCategory<<1 {
		d.fail("seat flag unknown")
		return
	}
	d.labels(seat, flags, prefix, track)
	seat.Accessible, seat.BreakBefore = flags&storedAccessible != 0, flags&storedBreak != 0
	seat.Category = track.category
	if flags&storedCategory != 0 {
		category := d.uint()
		if category > categoriesMax {
			d.fail("category out of bounds")
			return
		}
		seat.Category = section.CategoryID(category)
	}
	track.follow(seat)
	if !fine {
		seat.X, seat.Y = d.float(), d.float()
		return
	}
	track.x += d.varint()
	track.y += d.varint()
	seat.X, seat.Y = float64(track.x)/100, float64(track.y)/100
}

// labels sets label and id; usually both are cut from one string, for a stadium has 40,000 of them.
func (d *decoder) labels(seat *Seat, flags byte, prefix string, track *seatTrack) {
	switch {
	case flags&storedOwnLabel != 0:
		seat.Label = d.text()
		seat.ID = prefix + seat.Label
	default:
		seat.ID = prefix + decimal(track.number+1)
		seat.Label = seat.ID[len(prefix):]
	}
	if flags&storedOwnID != 0 {
		seat.ID = d.text()
	}
}
