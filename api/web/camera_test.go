package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	qrcode "github.com/piglig/go-qr"
)

// The fake camera's picture.
const (
	cameraWide, cameraHigh, cameraFrames = 640, 480, 10
	cameraDots                           = 8 // of a module

	sameAgainMs = 4000 // scan.js: a code that was gone for as long is asked about again
)

// film is a film of a ticket's code, in YUV4MPEG2, which Chromium shows as a camera.
func film(t *testing.T, code string) (path string) {
	t.Helper()
	qr, err := qrcode.EncodeText(code, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	light := bytes.Repeat([]byte{255}, cameraWide*cameraHigh)
	size := qr.Size() * cameraDots
	left, top := (cameraWide-size)/2, (cameraHigh-size)/2
	if left < 0 || top < 4*cameraDots {
		t.Fatalf("a code of %d dots is no picture of %d", size, cameraHigh)
	}
	for y := range size {
		for x := range size {
			if qr.Module(x/cameraDots, y/cameraDots) {
				light[(top+y)*cameraWide+left+x] = 0
			}
		}
	}
	film := bytes.NewBufferString("YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n")
	for range cameraFrames {
		film.WriteString("FRAME\n")
		film.Write(light)
		film.Write(bytes.Repeat([]byte{128}, cameraWide*cameraHigh/2)) // no colour
	}
	path = filepath.Join(t.TempDir(), "code.y4m")
	if err := os.WriteFile(path, film.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// detector stands for the browser's own, which Chromium has on telephones and not on Linux.
const detector = `
globalThis.BarcodeDetector = class {
	async detect(video) {
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
		const ink = canvas.getContext('2d');
		ink.drawImage(video, 0, 0);
		const seen = ink.getImageData(0, 0, canvas.width, canvas.height);
		const found = jsQR(seen.data, canvas.width, canvas.height);
		return found ? [{ rawValue: found.data }] : [];
	}
};`

// TestTheCameraLetsATicketInOnce: the page asks for a camera, sees the code in its picture, and asks the server once,
// for as long as the ticket is held before it.
func TestTheCameraLetsATicketInOnce(t *testing.T) {
	reader, axe := loadReader(t), loadAxe(t)
	if _, err := os.Stat(browserPath); err != nil && os.Getenv("CI") == "" {
		t.Skipf("THE CAMERA IS NOT TESTED: no browser at %s (Debian package chromium): %v", browserPath, err)
	}
	f, behind := newFake(t, 700)
	page, err := os.ReadFile("scan.html")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", behind.Config.Handler)
	mux.HandleFunc("GET /scan", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(bytes.Replace(page, []byte(`<script type="module"`),
			[]byte(`<script src="/test/reader.js"></script><script type="module"`), 1))
	})
	mux.HandleFunc("GET /test/reader.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte(reader + detector))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	p := cameraTab(t, film(t, signedCode("b1", 1)))
	p.do(p.size(390, 844, chromedp.EmulateMobile))
	p.open(server.URL + "/scan")
	p.do(chromedp.SendKeys(chromedp.CSS("#gate"), "north"), chromedp.SendKeys(chromedp.CSS("#key"), "dev"))
	p.until(`!document.querySelector('#camera').hidden`)
	p.click("#camera")
	p.sees("#verdict", "Welcome.")
	p.until(`document.querySelector('#view').checkVisibility() && document.querySelector('#camera').hidden`)
	p.clean(axe, "camera")
	seen := value[float64](p, `performance.now()`)
	p.until(fmt.Sprintf(`performance.now() > %f`, seen+2*sameAgainMs))
	if n := value[int](p, `document.querySelectorAll('#checked li').length`); n != 1 {
		t.Errorf("a ticket that is held before the camera was asked about %d times", n)
	}
	f.between(func() {
		if f.scans[signedCode("b1", 1)] != "north" {
			t.Errorf("let in: %v", f.scans)
		}
	})
}

// cameraTab is a tab of a browser of its own, whose camera shows a film.
func cameraTab(t *testing.T, film string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	parent, stop := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(parent, 3*time.Minute)
	p := &tab{T: t, ctx: ctx}
	t.Cleanup(func() { p.noFaults(); cancel(); stop(); stopAllocator() })
	p.must(chromedp.Do(ctx, p.size(1280, 800)))
	p.must(chromedp.Listen(ctx, p.hear))
	return p
}
