package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/storage"
)

const browserPath = "/usr/bin/chromium"

// browse opens one page of a fresh browser profile. Without a browser the page is not tested at all: that fails under
// CI and is loud elsewhere.
func browse(t *testing.T) context.Context {
	t.Helper()
	if _, err := os.Stat(browserPath); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no browser at %s", browserPath)
		}
		t.Skipf("THE PAGE IS NOT TESTED AGAINST THE REAL SERVER: no browser at %s (Debian package chromium)",
			browserPath)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath), chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 800))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { cancel(); stop(); stopAllocator() })
	return ctx
}

func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	_, err := chromedp.Run(ctx, chromedp.Poll[any](condition, chromedp.WithPollingTimeout(time.Minute),
		chromedp.WithPollingInterval(20*time.Millisecond)))
	if err != nil {
		shoot(t, ctx, "failed")
		words, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('main')?.innerText ?? ''`))
		t.Fatalf("waiting for %s: %v\nthe page says: %s", condition, err, words)
	}
}

// shoot keeps a picture in the folder named by HOLDFAST_PAGE_PICTURES, for people to look at.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("HOLDFAST_PAGE_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "real-"+name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// saysHowToBeReached fills in what a buyer is asked before the first hold.
func saysHowToBeReached(t *testing.T, ctx context.Context) {
	t.Helper()
	until(t, ctx, `document.getElementById('contact-email')`)
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("#contact-email"), "fan@example.net"),
		chromedp.Click(chromedp.CSS("#contact-go"))); err != nil {
		t.Fatal(err)
	}
}

// TestPageSellsASeat goes the whole way of a stranger (P2, P9): demo event of real size, list, live map, best two
// together, pay, ticket; then the server is gone and back on the same data, and the page still shows what it
// acknowledged.
func TestPageSellsASeat(t *testing.T) {
	ctx := browse(t)
	data := t.TempDir()
	node := nodetest.Open(t, data)
	show, err := demo.Event(t.Context(), node.Engine())
	if err != nil {
		t.Fatal(err)
	}
	page := "http://" + node.Addr() + "/"
	click := func(selector string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	until(t, ctx, `document.querySelectorAll('.card a').length === 1`)
	shoot(t, ctx, "list")
	click(".card a")
	until(t, ctx, `window.__holdfast?.stats.live === 'live' && __holdfast.settled?.()`)
	shoot(t, ctx, "map")
	click("#best")
	saysHowToBeReached(t, ctx)
	until(t, ctx, `document.querySelectorAll('#held-seats li').length === 2`)
	shoot(t, ctx, "held")
	click("#to-pay")
	until(t, ctx, `document.getElementById('token')`)
	if err := chromedp.Do(ctx, chromedp.SetValue(chromedp.CSS("#token"), "tok_ok")); err != nil {
		t.Fatal(err)
	}
	click("#buy")
	until(t, ctx, `document.querySelectorAll('.tickets li').length === 2`)
	shoot(t, ctx, "tickets")
	seats, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('.tickets').innerText`))
	if err != nil || seats == "" {
		t.Fatalf("tickets %q, %v", seats, err)
	}
	nodetest.Close(t, node)
	again := nodetest.Open(t, data)
	defer nodetest.Close(t, again)
	sold := 0
	live, err := again.Engine().Live(t.Context(), show.ID)
	if err != nil {
		t.Fatal(err)
	}
	live.Read(func(_ storage.SectionNo, s actors.SectionStatus) {
		for _, letter := range s.Letters {
			if section.SeatStatus(letter) == section.Sold {
				sold++
			}
		}
	})
	if sold != 2 {
		t.Fatalf("after a restart %d seats are sold, the page had two tickets:\n%s", sold, seats)
	}
}
