package report

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const browserPath = "/usr/bin/chromium"

// tab is one page in a real browser. Exceptions, console errors and requests to anything but the file fail the test.
type tab struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

// openTab starts a browser with an empty page. Without a browser these tests cannot say anything: that fails under CI
// and is loud elsewhere.
func openTab(t *testing.T) *tab {
	t.Helper()
	if _, err := os.Stat(browserPath); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no browser: %v", err)
		}
		t.Skipf("THE PAGE IS NOT TESTED: no browser at %s (Debian package chromium): %v", browserPath, err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1200, 900))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	p := &tab{T: t, ctx: ctx}
	t.Cleanup(func() { p.noFaults(); cancel(); stop(); stopAllocator() })
	p.must(chromedp.Do(ctx))
	p.must(chromedp.Listen(ctx, p.hear))
	p.must(chromedp.Do(ctx, call(network.Enable, network.EnableParams{})))
	return p
}

func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.bad = append(p.bad, "exception: "+e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError {
			p.bad = append(p.bad, "console: "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file:") && !strings.HasPrefix(e.Request.URL, "data:") {
			p.bad = append(p.bad, "it asked for "+e.Request.URL)
		}
	}
}

func (p *tab) noFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.bad {
		p.Errorf("the page met a fault: %s", fault)
	}
}

func (p *tab) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	p.must(chromedp.Do(p.ctx, steps...))
}

func valueOf[T any](p *tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// shoot keeps a picture of the whole page in the folder named by HOLDFAST_PAGE_PICTURES, for people to look at.
func (p *tab) shoot(name string) {
	p.Helper()
	dir := os.Getenv("HOLDFAST_PAGE_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.must(err)
	p.must(os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
}

// TestPageReportInBrowser opens the page from a file, as whoever was sent it does: on a desk, on a phone, in the dark
// and on paper.
func TestPageReportInBrowser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	hostileSides := append(named(`<img src=x onerror="throw 'planted'">`, strings.Repeat("unbroken", 30)), fakeSides...)
	if err := os.WriteFile(path, []byte(htmlOf(t, fakeReport(7, 5, hostileSides))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := openTab(t)
	p.do(chromedp.Navigate("file://" + path))
	for _, view := range []struct {
		name          string
		width, height int64
		media         string
		dark          bool
	}{{"desk", 1200, 900, "", false}, {"desk-dark", 1200, 900, "", true}, {"phone", 380, 800, "", false},
		{"phone-dark", 320, 640, "", true}, {"paper", 794, 1123, "print", true}} {
		p.do(chromedp.EmulateViewport(view.width, view.height), media(view.media, view.dark))
		if over := valueOf[float64](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%s: the page is %v wider than its window", view.name, over)
		}
		p.pictures(view.name)
		p.contrast(view.name)
		p.shoot(view.name)
	}
	if title := valueOf[string](p, `document.querySelector('h1').innerText`); !strings.Contains(title, "useful/s") {
		t.Errorf("the first thing said is %q", title)
	}
	if images := valueOf[int](p, `document.images.length + document.scripts.length`); images != 0 {
		t.Errorf("%d images and scripts came from a name", images)
	}
}

// pictures must be there, have a size, and keep their text inside.
func (p *tab) pictures(view string) {
	p.Helper()
	count := valueOf[int](p, `[...document.querySelectorAll('figure > svg')].filter((s) =>
		s.getBoundingClientRect().width > 150 && s.getBoundingClientRect().height > 60).length`)
	if count < 20 {
		p.Errorf("%s: only %d plots have a size", view, count)
	}
	outside := valueOf[string](p, `[...document.querySelectorAll('figure > svg')].flatMap((s) => { const b =
		s.getBoundingClientRect();
		return [...s.querySelectorAll('text')].filter((t) => { const r = t.getBoundingClientRect(); return r.left <
			b.left - 1.5 || r.right > b.right + 1.5 || r.top < b.top - 3 || r.bottom > b.bottom + 3; })
			.map((t) => s.getAttribute('aria-label') + ': ' + t.textContent); }).slice(0, 5).join('\n')`)
	if outside != "" {
		p.Errorf("%s: text outside of its plot:\n%s", view, outside)
	}
}

// contrast: colours are names of the style sheet; one that it does not know would come out black on black.
func (p *tab) contrast(view string) {
	p.Helper()
	same := valueOf[string](p, `(() => { const ground =
		getComputedStyle(document.querySelector('section')).backgroundColor;
		return [...document.querySelectorAll('figure > svg text, h1, .badge, td')].filter((e) => { const c =
			getComputedStyle(e); return (e.ownerSVGElement ? c.fill : c.color) === ground; })
			.slice(0, 3).map((e) => e.textContent).join('\n'); })()`)
	if same != "" {
		p.Errorf("%s: text in the colour of its ground:\n%s", view, same)
	}
	unknown := valueOf[string](p, `[...new
		Set(document.documentElement.outerHTML.match(/var\(--[a-z0-9-]+\)/g))].map((v) => v.slice(4, -1))
		.filter((v) => v !== '--p' && !getComputedStyle(document.documentElement).getPropertyValue(v)).join()`)
	if unknown != "" {
		p.Errorf("%s: colours without a value: %s", view, unknown)
	}
}

func media(kind string, dark bool) chromedp.Action[chromedp.Void] {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// call is a command of the browser as a step.
func call[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	}
}
