package web_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// jsqrPath is a program of npm's that make packages installs: a reader of barcodes that knows nothing of ours.
const jsqrPath = "../../cmd/tools/npm/node_modules/jsqr/dist/jsQR.js"

func loadReader(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(jsqrPath)
	if err != nil && os.Getenv("CI") == "" && os.IsNotExist(err) {
		t.Skipf("NO CODE OF A TICKET IS READ BACK: no jsQR at %s (make packages)", jsqrPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// readCode answers what a reader sees in a picture of the page.
const readCode = `(async (selector) => { const img = document.querySelector(selector); await img.decode();
	const canvas = document.createElement('canvas'); canvas.width = canvas.height = 640;
	const ink = canvas.getContext('2d'); ink.fillStyle = '#fff'; ink.fillRect(0, 0, 640, 640);
	ink.drawImage(img, 40, 40, 560, 560); const d = ink.getImageData(0, 0, 640, 640);
	return jsQR(d.data, 640, 640)?.data ?? ''; })`

// TestTicketsAreShownScannedAndRefused: what a telephone shows is what the server signed, by the word of a reader that
// is not ours; it is there without a network once it was shown; the door lets it in once.
func TestTicketsAreShownScannedAndRefused(t *testing.T) {
	reader, axe := loadReader(t), loadAxe(t)
	f, server := newFake(t, 700)
	f.free = true
	p := openTab(t)
	p.do(p.size(390, 844, chromedp.EmulateMobile))
	p.openEvent(f, server.URL)
	p.click("#best")
	p.click("#buy")
	p.sees(".ticket-codes", "Tap to show its code large")
	p.until(`document.querySelectorAll('.codes img').length === 2`)
	p.clean(axe, "codes")
	value[bool](p, reader+`; true`)
	for i, want := range []string{signedCode("b1", 1), signedCode("b1", 2)} {
		nth := "1"
		if i == 1 {
			nth = "2"
		}
		if got := value[string](p, readCode+`('.codes li:nth-child(`+nth+`) img')`); got != want {
			t.Errorf("ticket %s reads as %q, want %q", nth, got, want)
		}
	}
	f.between(func() { f.deaf = true })
	p.click("#again")
	value[bool](p, `(document.querySelector('.bought summary').click(), true)`)
	p.until(`document.querySelectorAll('.bought .codes img').length === 2`) // without asking anybody
	p.click(".bought .code-picture")
	p.until(`document.querySelector('dialog.scan-me[open] img').getBoundingClientRect().width >= 300`)
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until(`!document.querySelector('dialog.scan-me')`)

	p.open(server.URL + "/scan")
	p.do(chromedp.SendKeys(chromedp.CSS("#gate"), "north"), chromedp.SendKeys(chromedp.CSS("#key"), "dev"))
	scan := func(text string) { p.do(chromedp.SendKeys(chromedp.CSS("#code"), text+kb.Enter)) }
	scan(signedCode("b1", 1)) // as a scanner types
	p.sees("#verdict", "Welcome.")
	p.sees("#verdict", "Stalls, A-1-1 (Best)")
	scan(signedCode("b1", 1))
	p.sees("#verdict", "Let in already by north")
	scan("nonsense")
	p.sees("#verdict", "Not a ticket of this house")
	p.until(`document.querySelectorAll('#checked li').length === 3`)
	p.clean(axe, "scanner-refuses")
}
