package wire

// What nearly everybody sends and is sent is plain ASCII, and needs no general machinery: neither to be written as JSON
// nor, in a booking's body of the common forms, to be read. Whatever is not plain beyond doubt goes the general way, so
// both ways give the same; fuzz tests hold them to that.

// plain are the bytes that stand for themselves in a JSON string: ASCII's visible characters and the space, but for
// quote and backslash.
var plain = func() (is [256]bool) {
	for c := ' '; c <= '~'; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

// commonBytesMax bounds the bodies that are looked at for a common form: those of eight seats are a quarter of it.
const commonBytesMax = 1 << 10

// common reads a body of one of the forms that nearly all bookings have:
//
//	{"seats":["A-1-1", …]}
//	{"best_available":{"quantity":2, "section":"A", "category":"Stalls"}}
//
// in this order of members, of which section and category may be absent, with whitespace anywhere. False: the body has
// another form, or is in doubt (an escape, a byte that is not plain, an empty text, a number of many digits, anything
// left over), and the general parser must judge it.
func (p *BookParser) common(body []byte) bool {
	if len(body) > commonBytesMax {
		return false
	}
	p.copied = append(p.copied[:0], body...)
	c := commonBody{rest: p.copied}
	if !c.take("{") {
		return false
	}
	if c.take(`"seats"`) {
		return c.take(":") && p.commonSeats(&c) && c.take("}") && c.over()
	}
	return c.take(`"best_available"`) && c.take(":") && p.commonBest(&c) && c.take("}") && c.over()
}

func (p *BookParser) commonSeats(c *commonBody) bool {
	if !c.take("[") {
		return false
	}
	for {
		seat, ok := c.string()
		if !ok {
			return false
		}
		if p.seats = append(p.seats, seat); !c.take(",") {
			break
		}
	}
	p.Book.Seats = p.seats
	return c.take("]")
}

func (p *BookParser) commonBest(c *commonBody) (ok bool) {
	if !c.take("{") || !c.take(`"quantity"`) || !c.take(":") {
		return false
	}
	if p.best.Quantity, ok = c.number(); !ok {
		return false
	}
	more := c.take(",")
	if more && c.take(`"section"`) {
		if p.best.Section, ok = c.member(); !ok {
			return false
		}
		more = c.take(",")
	}
	if more && c.take(`"category"`) {
		if p.best.Category, ok = c.member(); !ok {
			return false
		}
		more = false
	}
	p.Book.BestAvailable = &p.best
	return !more && c.take("}")
}

// commonBody is what is left to read of a body.
type commonBody struct{ rest []byte }

func (c *commonBody) space() {
	i := 0
	for i < len(c.rest) && (c.rest[i] == ' ' || c.rest[i] == '\n' || c.rest[i] == '\r' || c.rest[i] == '\t') {
		i++
	}
	c.rest = c.rest[i:]
}

// take reads a token, if that is what comes next.
func (c *commonBody) take(token string) bool {
	c.space()
	if len(c.rest) < len(token) || string(c.rest[:len(token)]) != token {
		return false
	}
	c.rest = c.rest[len(token):]
	return true
}

// string reads a plain text of one character or more.
func (c *commonBody) string() (text string, ok bool) {
	if !c.take(`"`) {
		return "", false
	}
	end := 0
	for end < len(c.rest) && plain[c.rest[end]] {
		end++
	}
	if end == 0 || end == len(c.rest) || c.rest[end] != '"' {
		return "", false
	}
	text = Borrow(c.rest[:end])
	c.rest = c.rest[end+1:]
	return text, true
}

func (c *commonBody) member() (text string, ok bool) {
	if !c.take(":") {
		return "", false
	}
	return c.string()
}

// number reads a whole number from 1 to 9999. That nothing follows which would make another number of it (a digit, a
// fraction, an exponent), the next token says.
func (c *commonBody) number() (n uint32, ok bool) {
	c.space()
	digits := 0
	for digits < len(c.rest) && digits < 4 && c.rest[digits]-'0' <= 9 {
		n = n*10 + uint32(c.rest[digits]-'0')
		digits++
	}
	ok = digits > 0 && c.rest[0] != '0'
	c.rest = c.rest[digits:]
	return n, ok
}

// over says that nothing but whitespace is left.
func (c *commonBody) over() bool {
	c.space()
	return len(c.rest) == 0
}
