package api

import (
	"holdfast/api/call"
	"holdfast/api/captcha"
	"holdfast/api/document"

	_ "embed"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"

	"holdfast/actors/venue"
	"holdfast/api/proofofwork"
	"holdfast/api/web"
)

// assets are the page's files, and the headers that a server sends with each of them.
type assets struct {
	*files
	headers [][2]string
}

// files are part of the program.
type files struct {
	byName  map[string]*asset
	openapi *document.Still
	events  *document.Still            // what sinks of the feed are told
	schemas map[string]*document.Still // of plans, by file name
}

type asset struct {
	still       *document.Still
	contentType string
}

//go:embed openapi.json
var openapiJSON []byte

//go:embed asyncapi.json
var asyncapiJSON []byte

func loadAssets(let ...pageOrigins) *assets {
	return &assets{files: packedFiles(), headers: pageHeaders(let)}
}

// packedFiles packs the files once in a process, however many servers it has. It panics on failure: see files.
var packedFiles = sync.OnceValue(func() *files {
	a := &files{byName: map[string]*asset{}}
	names, err := fs.Glob(web.FS, "*")
	for _, name := range names {
		var body []byte
		if body, err = web.FS.ReadFile(name); err != nil {
			break
		}
		var doc *document.Still
		if doc, err = document.New(body); err != nil {
			break
		}
		a.byName[name] = &asset{still: doc, contentType: typeOf(name)}
	}
	if err == nil {
		worker := &asset{contentType: typeOf(".js")}
		worker.still, err = document.New(proofofwork.Worker)
		a.byName["proof-of-work.js"] = worker // solves the challenge of a waiting room
	}
	if err == nil {
		a.openapi, err = document.New(openapiJSON)
	}
	if err == nil {
		a.events, err = document.New(asyncapiJSON)
	}
	if err == nil {
		a.schemas, err = loadSchemas()
	}
	if err != nil {
		panic(err)
	}
	return a
})

func loadSchemas() (map[string]*document.Still, error) {
	schemas := map[string]*document.Still{}
	entries, err := venue.Schemas.ReadDir("schema")
	for _, entry := range entries {
		var body []byte
		if body, err = venue.Schemas.ReadFile("schema/" + entry.Name()); err != nil {
			break
		}
		if schemas[entry.Name()], err = document.New(body); err != nil {
			break
		}
	}
	return schemas, err
}

// typeOf fixes the types that a machine's own mime table may get wrong; a module script with a wrong type does not run.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

// pageHeaders keep the page to itself: nothing from elsewhere runs in it but what is let in, and nobody frames it.
func pageHeaders(let []pageOrigins) [][2]string {
	return [][2]string{
		{"Content-Security-Policy", pagePolicy(let)},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
	}
}

// captchaOrigins are those of a captcha's provider, where there is one.
func captchaOrigins(captchas *captcha.Service) (o pageOrigins) {
	if captchas != nil {
		o.scripts, o.frames, o.styles, o.data = captchas.Origins()
	}
	return o
}

// pagePolicy opens a directive only for what is let in: a payment processor's fields, a bank's challenge, a captcha.
func pagePolicy(let []pageOrigins) string {
	var all pageOrigins
	for _, o := range let {
		for _, add := range [][2]*string{
			{&all.scripts, &o.scripts}, {&all.frames, &o.frames}, {&all.styles, &o.styles}, {&all.data, &o.data},
		} {
			*add[0] = strings.TrimSpace(*add[0] + " " + *add[1])
		}
	}
	policy := "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
		"form-action 'self'"
	for _, more := range [][2]string{
		{"script-src", all.scripts}, {"frame-src", all.frames}, {"style-src", all.styles}, {"connect-src", all.data},
	} {
		if more[1] != "" {
			policy += "; " + more[0] + " 'self' " + more[1]
		}
	}
	return policy
}

func (s *Server) indexPage(r *call.Call) error { return s.page(r, "index.html") }

// scanPage is the page of those who stand at the door.
func (s *Server) scanPage(r *call.Call) error { return s.page(r, "scan.html") }

func (s *Server) assetPage(r *call.Call) error { return s.page(r, string(r.Param)) }

func (s *Server) page(r *call.Call, name string) error { return s.pageWith(r, name, s.assets.headers) }

func (s *Server) pageWith(r *call.Call, name string, headers [][2]string) error {
	a := s.assets.byName[name]
	if a == nil {
		return notFound
	}
	for _, h := range headers {
		r.Ctx.Response.Header.Set(h[0], h[1])
	}
	a.still.Send(r.Ctx, a.contentType, document.Revalidate)
	return nil
}

// schemaType is the media type that JSON Schema's draft 2020-12 gives itself.
const schemaType = "application/schema+json"

// schemaPage serves the JSON Schema of a plan format that is ours.
func (s *Server) schemaPage(r *call.Call) error {
	schema := s.assets.schemas[string(r.Param)]
	if schema == nil {
		return notFound
	}
	return s.sendOpen(r, schema, schemaType)
}

// sendOpen sends a description that programs of any origin may read.
func (s *Server) sendOpen(r *call.Call, d *document.Still, contentType string) error {
	r.Ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	r.Ctx.Response.Header.Set("Access-Control-Allow-Origin", "*")
	d.Send(r.Ctx, contentType, document.Revalidate)
	return nil
}

func (s *Server) asyncapiPage(r *call.Call) error {
	return s.sendOpen(r, s.assets.events, document.JSON)
}

func (s *Server) openapiPage(r *call.Call) error {
	return s.sendOpen(r, s.assets.openapi, document.JSON)
}
