package files

import (
	"bytes"
	"strings"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"

	"holdfast/actors/money"
	"holdfast/actors/ticketing"
)

// Measures of a page in millimetres: A4, with the code where a folded sheet shows it.
const (
	pageMargin = 20.0
	pageWidth  = 210.0 - 2*pageMargin
	codeTop    = 105.0
	codeWidth  = 90.0
	fontName   = "Liberation"
)

// PDF is a page for each valid ticket of a booking, to print or to keep. It has no clock in it, so the same tickets give
// the same bytes.
func PDF(all *ticketing.Tickets) ([]byte, error) {
	e := all.Event.Header
	made := time.UnixMilli(int64(e.CreatedAt)).UTC()
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(made)
	f.SetModificationDate(made)
	f.SetProducer("Holdfast", true)
	f.SetTitle(plain(e.Name), true)
	f.SetLang("en")
	f.SetMargins(pageMargin, pageMargin, pageMargin)
	f.SetAutoPageBreak(false, 0)
	f.AddUTF8FontFromBytes(fontName, "", liberationsansregular.TTF)
	for i := range all.Tickets {
		if t := &all.Tickets[i]; t.Code != "" {
			if err := pageOf(f, all, t); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	err := f.Output(&out)
	return out.Bytes(), err
}

func pageOf(f *fpdf.Fpdf, all *ticketing.Tickets, t *ticketing.Ticket) error {
	e := all.Event.Header
	f.AddPage()
	f.SetTextColor(0, 0, 0)
	write := func(size, height float64, text string) {
		f.SetFont(fontName, "", size)
		f.MultiCell(pageWidth, height, shorten(f, plain(text)), "", "L", false)
	}
	write(24, 11, e.Name)
	if e.StartsAt != 0 && (e.Postponed == nil || !e.Postponed.Unknown) {
		starts := time.UnixMilli(int64(e.StartsAt)).In(all.Event.Clock())
		write(14, 8, starts.Format("Monday, 2 January 2006, 15:04 MST"))
	}
	f.Ln(6)
	write(30, 13, t.Seat)
	about := t.Section + " · " + t.Category
	if t.Type != "" {
		about += " · " + t.Type
	}
	write(14, 8, about)
	write(14, 8, money.Format(t.Price.Total(), e.Currency))
	if err := drawCode(f, t.Code); err != nil {
		return err
	}
	f.SetXY(pageMargin, codeTop+codeWidth+8)
	write(10, 5, "Ticket "+t.ID+", booking "+all.Booking.String())
	write(10, 5, "One person is let in with this code, once. Whoever has it first is that person: show it to nobody.")
	return nil
}

// drawCode draws a code's modules, a stroke for each run of a row.
func drawCode(f *fpdf.Fpdf, code string) error {
	qr, err := encode(code)
	if err != nil {
		return err
	}
	f.SetFillColor(0, 0, 0)
	module := codeWidth / float64(qr.Size())
	left := (210.0 - codeWidth) / 2
	for y := range qr.Size() {
		for x := 0; x < qr.Size(); x++ {
			from := x
			for x < qr.Size() && qr.Module(x, y) {
				x++
			}
			if x > from {
				f.Rect(left+float64(from)*module, codeTop+float64(y)*module, float64(x-from)*module, module, "F")
			}
		}
	}
	return f.Error()
}

// shorten cuts a text that takes more than two lines.
func shorten(f *fpdf.Fpdf, text string) string {
	runes := []rune(text)
	for len(runes) > 1 && f.GetStringWidth(string(runes)) > 2*pageWidth*0.9 {
		runes = append(runes[:max(len(runes)*9/10-1, 1)], '…')
	}
	return string(runes)
}

// plain leaves out what the file's font cannot show in one sign: the library knows 65,536 of them.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '\u25a1'
		}
		return r
	}, text)
}
