package web_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	browserPath = "/usr/bin/chromium"
	waitMax     = 30 * time.Second
)

// tab is one page of its own browser profile. Any uncaught exception or console error in it fails the test.
type tab struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string
	// deafToConsole lets what the browser itself writes to the console pass: refusals of a policy, which are meant.
	deafToConsole bool
}

// browserContext starts one browser for all tests of this package; each tab gets a profile of its own.
var browserContext = sync.OnceValues(func() (context.Context, error) {
	if _, err := os.Stat(browserPath); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "holdfast-page-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 800))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	closeBrowser = func() { stop(); stopAllocator(); _ = os.RemoveAll(dir) }
	return ctx, chromedp.Do(ctx)
})

var closeBrowser = func() {}

var beside sync.Map // the tests that run beside others

// besideOthers has a test wait for its turn among others and then run beside them: pages mostly wait.
func besideOthers(t *testing.T) {
	if _, again := beside.LoadOrStore(t, true); !again {
		t.Parallel()
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	os.Exit(code)
}

// openTab opens an empty page. Without a browser these tests cannot say anything: that fails under CI and is loud
// elsewhere.
func openTab(t *testing.T) *tab {
	t.Helper()
	besideOthers(t)
	parent, err := browserContext()
	if err != nil && os.Getenv("CI") == "" && os.IsNotExist(err) {
		t.Skipf("THE PAGE IS NOT TESTED: no browser at %s (Debian package chromium): %v", browserPath, err)
	}
	if err != nil {
		t.Fatalf("no browser: %v", err)
	}
	ctx, stop := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	p := &tab{T: t, ctx: ctx}
	t.Cleanup(func() { p.noFaults(); cancel(); stop() })
	p.must(chromedp.Listen(ctx, p.hear))
	p.must(chromedp.Do(ctx, p.size(1280, 800)))
	p.must(chromedp.Do(ctx, p.focused))
	return p
}

func (p *tab) size(width, height int64, options ...chromedp.EmulateViewportOption) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, height, options...)
}

// focused has the page believe that its window has the focus: windows of other tests are beside it.
func (p *tab) focused(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled,
		emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return chromedp.Void{}, err
}

// hear collects faults; a refused request is no fault, the page is meant to meet those.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.bad = append(p.bad, fmt.Sprintf("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError && e.Entry.Source != cdplog.EntrySourceNetwork &&
			!(p.deafToConsole && e.Entry.Source == cdplog.EntrySourceSecurity) {
			p.bad = append(p.bad, "console: "+e.Entry.Text)
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

// do runs steps in the page.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	p.must(chromedp.Do(p.ctx, steps...))
}

// open goes to an address as the test's buyer.
func (p *tab) open(address string) {
	p.Helper()
	p.do(chromedp.Navigate(strings.SplitN(address, "#", 2)[0]))
	value[bool](p, `(localStorage.setItem('holdfast.buyer', '`+testBuyer+`'), true)`)
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// openEvent goes to the event and waits until its map has been drawn and is live.
func (p *tab) openEvent(f *fake, address string) {
	p.Helper()
	p.open(address + "/#/e/" + eventID)
	f.awaitStream(p.ctx, p.T)
	p.until(`__holdfast.stats.live === 'live' && __holdfast.stats.reloads >= 2 && __holdfast.settled?.()`)
}

// until waits for a condition of the page. A page that is left meanwhile takes the question with it: the next page is
// asked again.
func (p *tab) until(condition string) {
	p.Helper()
	poll := chromedp.Poll[any](condition, chromedp.WithPollingTimeout(waitMax),
		chromedp.WithPollingInterval(20*time.Millisecond))
	var err error
	for range 5 {
		if _, err = chromedp.Run(p.ctx, poll); err == nil {
			return
		}
		if errors.Is(err, chromedp.ErrPollingTimeout) || p.ctx.Err() != nil {
			break
		}
	}
	p.shoot("failed")
	p.Fatalf("waiting for %s: %v\npanel: %s\nstats: %s", condition, err,
		value[string](p, `document.querySelector('main')?.innerText ?? ''`),
		value[string](p, `JSON.stringify(window.__holdfast?.stats ?? null)`))
}

// sees waits until an element is shown and its text contains words.
func (p *tab) sees(selector, words string) {
	p.Helper()
	p.until(fmt.Sprintf(`((el) => el?.checkVisibility() && el.innerText.includes(%q))(document.querySelector(%q))`,
		words, selector))
}

func (p *tab) click(selector string) {
	p.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// value evaluates an expression; a promise is awaited.
func value[T any](p *tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// show brings a seat into the window and answers where it is.
func (p *tab) show(seat string) (x, y float64) {
	p.Helper()
	value[bool](p, fmt.Sprintf(`(__holdfast.show(%q), true)`, seat))
	p.until(`__holdfast.settled()`)
	at := value[map[string]float64](p, fmt.Sprintf(`__holdfast.seatPoint(%q)`, seat))
	return at["x"], at["y"]
}

func (p *tab) clickSeat(seat string) {
	p.Helper()
	x, y := p.show(seat)
	p.do(chromedp.MouseClickXY(x, y))
}

// keyCodes are the keys that are not simply a character.
var keyCodes = map[string]string{
	"ArrowRight": kb.ArrowRight, "ArrowLeft": kb.ArrowLeft, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp,
	"Enter": kb.Enter, "Tab": kb.Tab, "Escape": kb.Escape, "End": kb.End, "Home": kb.Home,
}

// key presses keys one after the other.
func (p *tab) key(names ...string) {
	p.Helper()
	for _, name := range names {
		if name == "ShiftTab" {
			p.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
			continue
		}
		p.do(chromedp.KeyEvent(cmp.Or(keyCodes[name], name)))
	}
}

// focusIs waits until an element has the focus.
func (p *tab) focusIs(selector string) {
	p.Helper()
	p.until(fmt.Sprintf(`document.activeElement?.matches(%q)`, selector))
}

// pixel reads one pixel of the map at a point of the window, as "r,g,b".
func (p *tab) pixel(x, y float64) string {
	p.Helper()
	return value[string](p, fmt.Sprintf(`(() => { const c = document.getElementById('map'),
		b = c.getBoundingClientRect(), k = c.width / b.width;
		return [...c.getContext('2d').getImageData(Math.round((%f - b.left) * k), Math.round((%f - b.top) * k), 1,
			1).data].slice(0, 3).join(); })()`, x, y))
}

func (p *tab) dark() chromedp.Action[chromedp.Void] { return p.scheme("dark") }

// scheme makes the reader's system light or dark.
func (p *tab) scheme(scheme string) chromedp.Action[chromedp.Void] {
	return p.media("prefers-color-scheme", scheme)
}

func (p *tab) media(name, value string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: name, Value: value}}})
		return chromedp.Void{}, err
	}
}

// still makes the reader's system one that wants nothing to move.
func (p *tab) still() chromedp.Action[chromedp.Void] {
	return p.media("prefers-reduced-motion", "reduce")
}

// touch sends one touch event with a finger at each x, side by side in the upper part of the map.
func (p *tab) touch(kind input.DispatchTouchEventType, xs ...float64) chromedp.Action[chromedp.Void] {
	points := []*input.TouchPoint{}
	for id, x := range xs {
		finger := float64(id)
		points = append(points, &input.TouchPoint{X: x, Y: 240, ID: &finger})
	}
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind,
			TouchPoints: points})
		return chromedp.Void{}, err
	}
}

// shoot keeps a picture of the page in the folder named by HOLDFAST_PAGE_PICTURES, for people to look at.
func (p *tab) shoot(name string) {
	p.Helper()
	dir := os.Getenv("HOLDFAST_PAGE_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
}
