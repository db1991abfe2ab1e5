package report

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/go-fonts/liberation/liberationmonobold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"github.com/chromedp/chromedp"
	"gonum.org/v1/plot/vg/draw"
)

// readersFont is a font that a reader's machine has instead of the one that the plots were measured with.
type readersFont struct {
	name string
	face string // a @font-face that ships it, for what no machine need have
	list string // the value of font-family
}

func shipped(name string, ttf []byte, more string) readersFont {
	return readersFont{name, fmt.Sprintf(`@font-face { font-family: %s; src: url(data:font/ttf;base64,%s); %s }`,
		name, base64.StdEncoding.EncodeToString(ttf), more), name}
}

// readersFonts: what a machine has by itself, with serifs and without; one half again as wide as what was measured; and
// one of two thirds of its width.
var readersFonts = []readersFont{
	{name: "the machine's own", list: "sans-serif"},
	{name: "serif", list: "serif"},
	{name: "DejaVu", list: `"DejaVu Sans", Verdana, sans-serif`},
	shipped("Wide", liberationmonobold.TTF, ""),
	shipped("Narrow", liberationsansregular.TTF, "size-adjust: 67%;"),
}

// TestPageReportInAnyFont guards what a font of the reader's could break: text stays inside of its plot and of its
// page, and no two texts of a plot run into each other that did not with the font they were measured with.
func TestPageReportInAnyFont(t *testing.T) {
	page := htmlOf(t, fakeReport(7, 5, append(named(strings.Repeat("WM", 20)), fakeSides...)))
	for _, font := range readersFonts {
		t.Run(font.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.html")
			forced := fmt.Sprintf("<style>%s * { font-family: %s !important; } figure > svg text { font-family: "+
				"%[2]s !important; }</style></head>", font.face, font.list)
			changed := strings.Replace(page, "</head>", forced, 1)
			if changed == page {
				t.Fatal("the page has no head to put a font into")
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			p := openTab(t)
			p.do(chromedp.Navigate("file://" + path))
			loaded, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](
				`Promise.all([...document.fonts].map((f) => f.load())).then(() => [...document.fonts].map((f) =>
					f.status).join())`, chromedp.EvalAwaitPromise))
			p.must(err)
			if font.face != "" && loaded != "loaded" {
				t.Fatalf("the font was not loaded (%q): nothing is tried", loaded)
			}
			for _, width := range []int64{1200, 380} {
				p.do(chromedp.EmulateViewport(width, 900), media("", false))
				view := fmt.Sprintf("%s, %d wide", font.name, width)
				if over := valueOf[float64](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
					t.Errorf("%s: the page is %v wider than its window", view, over)
				}
				p.pictures(view)
				p.apart(view)
			}
			p.shoot(font.name)
		})
	}
}

// apart: texts of a plot that stand on one line do not overlap. Two pixels are forgiven: letters have room around them.
func (p *tab) apart(view string) {
	p.Helper()
	overlap := valueOf[string](p, `[...document.querySelectorAll('figure > svg')].flatMap((s) => {
		const boxes = [...s.querySelectorAll('text')].map((t) => [t, t.getBoundingClientRect()]).filter(([t]) =>
			!t.closest('g[transform*="rotate"]'));
		return boxes.flatMap(([a, p], i) => boxes.slice(i + 1).filter(([b, q]) => Math.abs(p.bottom - q.bottom) < 2
			&& Math.min(p.right, q.right) - Math.max(p.left, q.left) > 2).map(([b]) => s.getAttribute('aria-label') +
				': ' + a.textContent + ' / ' + b.textContent)); }).slice(0, 5).join('\n')`)
	if overlap != "" {
		p.Errorf("%s: texts run into each other:\n%s", view, overlap)
	}
}

// TestEveryTextOfAPlotHasItsMeasuredWidth: without it a place chosen for one font holds for no other.
func TestEveryTextOfAPlotHasItsMeasuredWidth(t *testing.T) {
	page := htmlOf(t, fakeReport(7, 5, fakeSides))
	texts, sized := strings.Count(page, "<text "), strings.Count(page, `<text textLength="`)
	if texts < 100 || sized != texts {
		t.Errorf("%d of %d texts have a width", sized, texts)
	}
}

// TestLabelsAreShortenedByTheirWidth: forty narrow letters have room where forty wide ones do not.
func TestLabelsAreShortenedByTheirWidth(t *testing.T) {
	style := label(ink, draw.XLeft)
	const room = 200
	narrow, wide := strings.Repeat("i", 40), strings.Repeat("W", 40)
	if got := shortened(narrow, 40, style, room); got != narrow {
		t.Errorf("%q was shortened to %q", narrow, got)
	}
	if got := shortened(wide, 40, style, room); style.Width(got) > room || !strings.HasSuffix(got, "W…") {
		t.Errorf("%q is %v wide, there is room for %v", got, style.Width(got), room)
	}
	if got := shortened("W", 40, style, 1); got != "W" {
		t.Errorf("a single letter became %q", got)
	}
}
