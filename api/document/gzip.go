package document

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fasthttp"
)

var (
	headerETag            = []byte("ETag")
	headerVary            = []byte("Vary")
	headerCacheControl    = []byte("Cache-Control")
	headerContentEncoding = []byte("Content-Encoding")
	valueAcceptEncoding   = []byte("Accept-Encoding")
	valueGzip             = []byte("gzip")
	valueNoStore          = []byte("no-store")
)

// JSON is the media type of answers that are no problems.
const JSON = "application/json"

// NoStore forbids every cache to keep an answer.
func NoStore(header *fasthttp.ResponseHeader) { header.SetCanonical(headerCacheControl, valueNoStore) }

// gzip levels: what changes fifty times a second is packed fast, what never changes well.
const (
	gzipFast = gzip.BestSpeed
	gzipWell = gzip.BestCompression
)

// A writer holds hundreds of kilobytes of tables: reused, one pool a level.
var gzipWriters = map[int]*sync.Pool{gzipFast: newGzipPool(gzipFast), gzipWell: newGzipPool(gzipWell)}

func newGzipPool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			panic(err) // the levels are the library's own constants
		}
		return w
	}}
}

// PackFast packs what changes often.
func PackFast(body []byte) ([]byte, error) { return gzipped(body, gzipFast) }

func gzipped(body []byte, level int) ([]byte, error) {
	pool := gzipWriters[level]
	w := pool.Get().(*gzip.Writer)
	defer pool.Put(w)
	out := bytes.NewBuffer(make([]byte, 0, len(body)/8+64))
	w.Reset(out)
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("api: gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("api: gzip: %w", err)
	}
	return out.Bytes(), nil
}

// WantsGzip reads Accept-Encoding; "gzip;q=0" is a no.
func WantsGzip(ctx *fasthttp.RequestCtx) bool {
	accepted := ctx.Request.Header.PeekBytes(valueAcceptEncoding)
	for len(accepted) > 0 {
		var one []byte
		one, accepted, _ = bytes.Cut(accepted, []byte(","))
		name, quality, _ := bytes.Cut(one, []byte(";"))
		if !bytes.EqualFold(bytes.TrimSpace(name), valueGzip) {
			continue
		}
		quality = bytes.TrimPrefix(bytes.TrimSpace(quality), []byte("q="))
		return len(quality) == 0 || len(bytes.Trim(quality, "0.")) > 0
	}
	return false
}

// matchesETag is the weak comparison of RFC 9110 §13.1.2.
func matchesETag(ifNoneMatch, etag []byte) bool {
	for len(ifNoneMatch) > 0 {
		var one []byte
		one, ifNoneMatch, _ = bytes.Cut(ifNoneMatch, []byte(","))
		one = bytes.TrimPrefix(bytes.TrimSpace(one), []byte("W/"))
		if bytes.Equal(one, etag) || string(one) == "*" {
			return true
		}
	}
	return false
}
