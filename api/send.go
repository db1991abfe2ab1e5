package api

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"

	"github.com/valyala/fasthttp"
)

// How long a copy of a document may be used unasked.
var (
	revalidate = []byte("no-cache")
	longCache  = []byte("public, max-age=86400, stale-while-revalidate=604800")
)

// sendDocument answers with a shared document, or 304 when the caller has it. The body is not copied: documents never
// change.
func sendDocument(ctx *fasthttp.RequestCtx, d *document, packed bool, contentType string, cache []byte) {
	header := &ctx.Response.Header
	header.SetCanonical(headerETag, d.etag)
	header.SetCanonical(headerCacheControl, cache)
	header.SetCanonical(headerVary, valueAcceptEncoding)
	if matchesETag(ctx.Request.Header.Peek("If-None-Match"), d.etag) {
		ctx.Response.SetStatusCode(http.StatusNotModified)
		return
	}
	if packed {
		header.SetCanonical(headerContentEncoding, valueGzip)
	}
	header.SetContentType(contentType)
	ctx.Response.SetBodyRaw(d.body)
}

// newIncarnation tells two lives of a counter apart.
func newIncarnation() string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails: the runtime aborts instead
	return hex.EncodeToString(random[:])
}
