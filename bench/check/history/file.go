package history

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A history's file is a line of JSON, for people, and frames:
//
//	{"format":"holdfast-history","version":1,"header":{…}}\n
//	kind (1 byte) | length (4) | payload | checksum (4)
//
// Numbers are little-endian. A checksum is the CRC-32C of everything from the file's first byte up to it, so that a
// frame that is damaged, missing, twice or out of place is found where it happens. Each part is one 'p' frame (how many
// operations, seats and bytes of text follow) and as many 'o', 's' and 't' frames as they take. An 'e' frame ends the
// file; without it the file is truncated.

// fileFormat is what the first line calls itself, so that another file is refused by its name and not by its bytes.
const fileFormat = "holdfast-history"

// FileVersion is the version that Write writes and the only one that Read takes.
const FileVersion = 1

// The reasons for which Read refuses a file; its errors wrap one of them, unless reading itself failed.
var (
	ErrFormat    = errors.New("not a history of this version")
	ErrTruncated = errors.New("the file ends too early")
	ErrDamaged   = errors.New("the file is damaged")
)

// The frames.
const (
	framePart  = 'p'
	frameOps   = 'o'
	frameSeats = 's'
	frameText  = 't'
	frameEnd   = 'e'
)

const (
	frameHead       = 5
	framePayloadMax = 1 << 21
	opsPerFrame     = 4096
	seatsPerFrame   = 1 << 17
	textPerFrame    = 1 << 20
	headerBytesMax  = 1 << 26
	fileBuffer      = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type firstLine struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Header  Header `json:"header"`
}

// Write writes the history, buffered. An error of w is returned as it is, wrapped; a history that is not valid is
// refused before a byte is written.
func (h *History) Write(w io.Writer) error {
	if err := h.Validate(); err != nil {
		return err
	}
	f := newFileWriter(w)
	line, err := json.Marshal(firstLine{fileFormat, FileVersion, h.Header})
	if err != nil {
		return fmt.Errorf("check: history: %w", err)
	}
	f.write(append(line, '\n'))
	for _, p := range h.Parts {
		f.part(p)
	}
	f.frame(frameEnd, binary.AppendUvarint(nil, uint64(len(h.Parts))))
	if err := errors.Join(f.err, f.w.Flush()); err != nil {
		return fmt.Errorf("check: history: %w", err)
	}
	return nil
}

type fileWriter struct {
	w       *bufio.Writer
	sum     uint32
	payload []byte
	err     error
}

func newFileWriter(w io.Writer) *fileWriter {
	return &fileWriter{w: bufio.NewWriterSize(w, fileBuffer)}
}

func (f *fileWriter) write(b []byte) {
	f.sum = crc32.Update(f.sum, castagnoli, b)
	if _, err := f.w.Write(b); err != nil && f.err == nil {
		f.err = err
	}
}

func (f *fileWriter) frame(kind byte, payload []byte) {
	var head [frameHead]byte
	head[0] = kind
	binary.LittleEndian.PutUint32(head[1:], uint32(len(payload)))
	f.write(head[:])
	f.write(payload)
	f.write(binary.LittleEndian.AppendUint32(nil, f.sum))
}

func (f *fileWriter) part(p *Part) {
	b := binary.AppendUvarint(f.payload[:0], uint64(len(p.Ops)))
	b = binary.AppendUvarint(b, uint64(len(p.Seats)))
	f.frame(framePart, binary.AppendUvarint(b, uint64(len(p.Text))))
	var code opCode
	for at := 0; at < len(p.Ops); at += opsPerFrame {
		b = b[:0]
		for i := range p.Ops[at:min(at+opsPerFrame, len(p.Ops))] {
			b = code.append(b, &p.Ops[at+i])
		}
		f.frame(frameOps, b)
	}
	for at := 0; at < len(p.Seats); at += seatsPerFrame {
		b = b[:0]
		for _, seat := range p.Seats[at:min(at+seatsPerFrame, len(p.Seats))] {
			b = binary.AppendUvarint(b, uint64(seat))
		}
		f.frame(frameSeats, b)
	}
	for at := 0; at < len(p.Text); at += textPerFrame {
		f.frame(frameText, p.Text[at:min(at+textPerFrame, len(p.Text))])
	}
	f.payload = b
}

// Read reads a history that Write wrote, whole, and validates it. Errors wrap ErrFormat, ErrTruncated or ErrDamaged, or
// are r's own.
func Read(r io.Reader) (*History, error) {
	f := fileReader{r: bufio.NewReaderSize(r, fileBuffer)}
	h, err := f.history()
	if err != nil {
		return nil, fmt.Errorf("check: history: %w", err)
	}
	return h, h.Validate()
}

type fileReader struct {
	r       *bufio.Reader
	sum     uint32
	payload []byte
}

func (f *fileReader) history() (*History, error) {
	h := &History{}
	if err := f.header(&h.Header); err != nil {
		return nil, err
	}
	kind, payload, err := f.next()
	for ; err == nil && kind == framePart; kind, payload, err = f.next() {
		p, wrong := f.part(payload)
		if wrong != nil {
			return nil, fmt.Errorf("part %d: %w", len(h.Parts), wrong)
		}
		h.Parts = append(h.Parts, p)
	}
	if err != nil {
		return nil, err
	}
	parts, n := binary.Uvarint(payload)
	if kind != frameEnd || n != len(payload) || parts != uint64(len(h.Parts)) {
		return nil, fmt.Errorf("%w: after part %d", ErrDamaged, len(h.Parts))
	}
	if _, err := f.r.ReadByte(); err != io.EOF {
		return nil, errors.Join(fmt.Errorf("%w: something follows its end", ErrDamaged), err)
	}
	return h, nil
}

func (f *fileReader) header(into *Header) error {
	var line []byte
	for {
		piece, err := f.r.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > headerBytesMax {
			return fmt.Errorf("%w: its first line has no end", ErrFormat)
		}
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			return cut(err)
		}
	}
	var first firstLine
	if err := json.Unmarshal(line, &first); err != nil || first.Format != fileFormat {
		return fmt.Errorf("%w: its first line is not a history's", ErrFormat)
	}
	if first.Version != FileVersion {
		return fmt.Errorf("%w: version %d, and this build reads %d", ErrFormat, first.Version, FileVersion)
	}
	f.sum = crc32.Update(0, castagnoli, line)
	*into = first.Header
	return nil
}

// cut turns the end of the file into ErrTruncated.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}

// next reads one frame. The payload is valid until the next call.
func (f *fileReader) next() (kind byte, payload []byte, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return 0, nil, cut(err)
	}
	size := binary.LittleEndian.Uint32(head[1:])
	if size > framePayloadMax {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", ErrDamaged, size)
	}
	need := int(size) + 4
	if cap(f.payload) < need {
		f.payload = make([]byte, need)
	}
	b := f.payload[:need]
	if _, err := io.ReadFull(f.r, b); err != nil {
		return 0, nil, cut(err)
	}
	sum := crc32.Update(crc32.Update(f.sum, castagnoli, head[:]), castagnoli, b[:size])
	if sum != binary.LittleEndian.Uint32(b[size:]) {
		return 0, nil, fmt.Errorf("%w: a frame's checksum does not match", ErrDamaged)
	}
	f.sum = crc32.Update(sum, castagnoli, b[size:])
	return head[0], b[:size], nil
}

// part reads what a part's frame announces.
func (f *fileReader) part(announced []byte) (*Part, error) {
	var counts [3]uint64
	b := bytesReader{src: announced}
	for i := range counts {
		counts[i] = b.uvarint()
	}
	if b.bad || len(b.src) > 0 {
		return nil, fmt.Errorf("%w: its head", ErrDamaged)
	}
	p := &Part{}
	var code opCode
	for uint64(len(p.Ops)) < counts[0] || uint64(len(p.Seats)) < counts[1] || uint64(len(p.Text)) < counts[2] {
		kind, payload, err := f.next()
		if err != nil {
			return nil, err
		}
		if err := p.take(kind, payload, &code, counts); err != nil {
			return nil, err
		}
	}
	if uint64(len(p.Ops)) != counts[0] || uint64(len(p.Seats)) != counts[1] || uint64(len(p.Text)) != counts[2] {
		return nil, fmt.Errorf("%w: more than announced", ErrDamaged)
	}
	return p, nil
}

// take adds one frame to the part.
func (p *Part) take(kind byte, payload []byte, code *opCode, counts [3]uint64) error {
	b := bytesReader{src: payload}
	switch kind {
	case frameOps:
		for len(b.src) > 0 && !b.bad {
			p.Ops = grow(p.Ops, counts[0])
			p.Ops = append(p.Ops, code.read(&b))
		}
	case frameSeats:
		for len(b.src) > 0 && !b.bad {
			seat := b.uvarint()
			b.bad = b.bad || seat > 1<<32-1
			p.Seats = append(grow(p.Seats, counts[1]), uint32(seat))
		}
	case frameText:
		for len(p.Text)+len(payload) > cap(p.Text) && uint64(cap(p.Text)) < counts[2] {
			p.Text = append(make([]byte, 0, room(cap(p.Text), counts[2])), p.Text...)
		}
		p.Text = append(p.Text, payload...)
	default:
		return fmt.Errorf("%w: an unknown frame", ErrDamaged)
	}
	if b.bad {
		return fmt.Errorf("%w: a frame says nothing that Write writes", ErrDamaged)
	}
	return nil
}

// grow makes room for one more of count things.
func grow[T any](s []T, count uint64) []T {
	if len(s) < cap(s) {
		return s
	}
	return append(make([]T, 0, room(cap(s), count)), s...)
}

// room is the next capacity on the way to count: what a file announces is believed only as far as it has kept its word
// so far, so that a lie costs a small multiple of the file's own bytes and no more.
func room(have int, count uint64) int {
	return int(max(min(count, uint64(max(4*have, 1<<12))), uint64(have)+1))
}
