package document

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"

	"github.com/valyala/fasthttp"
)

// How long a copy of a document may be used unasked.
var (
	Revalidate = []byte("no-cache")
	LongCache  = []byte("public, max-age=86400, stale-while-revalidate=604800")
)

// Send answers with a shared document, or 304 when the caller has it. packed says that the document is in gzip. The
// body is not copied: documents never change.
func (d *Document) Send(ctx *fasthttp.RequestCtx, packed bool, contentType string, cache []byte) {
	if NotModified(ctx, d.ETag, cache) {
		return
	}
	header := &ctx.Response.Header
	if packed {
		header.SetCanonical(headerContentEncoding, valueGzip)
	}
	header.SetContentType(contentType)
	ctx.Response.SetBodyRaw(d.Body)
}

// NotModified tells caches about an answer with a tag, and answers 304 when the caller has it.
func NotModified(ctx *fasthttp.RequestCtx, etag, cache []byte) bool {
	header := &ctx.Response.Header
	header.SetCanonical(headerETag, etag)
	header.SetCanonical(headerCacheControl, cache)
	header.SetCanonical(headerVary, valueAcceptEncoding)
	if !matchesETag(ctx.Request.Header.Peek("If-None-Match"), etag) {
		return false
	}
	ctx.Response.SetStatusCode(http.StatusNotModified)
	return true
}

// NewIncarnation tells two lives of a counter apart.
func NewIncarnation() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime aborts instead
	return hex.EncodeToString(random[:])
}
