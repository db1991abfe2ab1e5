package tidy

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// wall says what a folder may import. Standard library: everything, unless Std lists what is allowed.
type wall struct {
	Why   string
	Std   []string // nil: all of it
	Own   []string // folders of this module; "x/..." covers everything below
	Third []string // modules, by prefix
	Test  []string // what its tests may import besides: folders and modules
}

// pureStd is what the pure rooms may use: nothing that knows the time, draws lots, blocks, or touches the world.
var pureStd = []string{
	"bytes", "cmp", "container/heap", "crypto/sha256", "crypto/hmac", "crypto/subtle", "encoding/base64", "encoding/binary", "encoding/hex", "errors",
	"fmt", "hash", "hash/crc32", "hash/fnv", "hash/maphash", "iter", "maps", "math", "math/bits", "slices", "sort", "strconv", "strings",
	"unicode", "unicode/utf8",
}

const (
	kong       = "github.com/alecthomas/kong"
	pebble     = "github.com/cockroachdb/pebble/v2"
	compress   = "github.com/klauspost/compress"
	fasthttp   = "github.com/valyala/fasthttp"
	protoactor = "github.com/asynkron/protoactor-go"
	memberlist = "github.com/hashicorp/memberlist"
	grpc       = "google.golang.org/grpc"
	prometheus = "github.com/prometheus/client_golang"
	rapid      = "pgregory.net/rapid"
	porcupine  = "github.com/anishathalye/porcupine"
	chromedp   = "github.com/chromedp"
	circl      = "github.com/cloudflare/circl"
	openapi    = "github.com/getkin/kin-openapi"
	histogram  = "github.com/HdrHistogram/hdrhistogram-go"
	xxhash     = "github.com/cespare/xxhash/v2"
	strictJSON = "github.com/go-json-experiment/json"
	fastjson   = "github.com/valyala/fastjson"
	pgx        = "github.com/jackc/pgx/v5"
	cockroach  = "github.com/cockroachdb/cockroach-go/v2"
	toxiproxy  = "github.com/Shopify/toxiproxy/v2"
	stripeGo   = "github.com/stripe/stripe-go/v85"
	zerolog    = "github.com/rs/zerolog"
	crdbParser = "github.com/cockroachdb/cockroachdb-parser"
	qrcode     = "github.com/piglig/go-qr"
	fpdf       = "codeberg.org/go-pdf/fpdf"
	golangICal = "github.com/arran4/golang-ical"
	liberation = "codeberg.org/go-fonts/liberation"
)

func covers(pattern, target string) bool {
	if folder, deep := strings.CutSuffix(pattern, "/..."); deep {
		return strings.HasPrefix(target, folder+"/")
	}
	return pattern == target
}

func coversModule(pattern, target string) bool {
	return target == pattern || strings.HasPrefix(target, pattern+"/")
}

func allowed(w wall, test bool, target string) bool {
	if own, ours := strings.CutPrefix(target, module+"/"); ours {
		return slices.ContainsFunc(w.Own, func(p string) bool { return covers(p, own) }) ||
			test && slices.ContainsFunc(w.Test, func(p string) bool { return covers(p, own) })
	}
	if first, _, _ := strings.Cut(target, "/"); !strings.Contains(first, ".") {
		return w.Std == nil || test || slices.Contains(w.Std, target)
	}
	return slices.ContainsFunc(w.Third, func(p string) bool { return coversModule(p, target) }) ||
		test && slices.ContainsFunc(w.Test, func(p string) bool { return coversModule(p, target) })
}

func checkWalls(sources []*source) []string {
	var findings []string
	for _, s := range sources {
		w, known := walls[s.Folder]
		if !known {
			findings = append(
				findings,
				fmt.Sprintf(
					"%s: folder %q is not on the floor plan; add it to walls with its reason, or put the file where it belongs",
					s.Path, s.Folder,
				),
			)
			continue
		}
		for target, pos := range s.imports() {
			own := strings.TrimPrefix(target, module+"/")
			external := s.Test && strings.HasSuffix(s.File.Name.Name, "_test") && own == s.Folder
			if !external && !allowed(w, s.Test, target) {
				findings = append(
					findings, fmt.Sprintf("%s: %s may not import %s: %s", s.at(pos), s.Folder, target, w.Why),
				)
			}
		}
	}
	return findings
}

func TestFloorPlan(t *testing.T) {
	report(t, checkWalls(checkout(t)))
}

// topLevel is fixed: a stranger guesses the folders.
var topLevel = []string{
	"actors", "api", "bench", "cluster", "cmd", "storage", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
}

func TestTopLevelIsFixed(t *testing.T) {
	walkFiles(t, func(file string) {
		first, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(topLevel, first) {
			t.Errorf("%s: %q does not belong at the top level", file, first)
		}
	})
}

func TestEveryWallHasAReason(t *testing.T) {
	for folder, w := range walls {
		if len(w.Why) < 20 {
			t.Errorf("wall of %s gives no reason", folder)
		}
		for _, own := range w.Own {
			if strings.HasPrefix(own, "cmd") && !strings.HasPrefix(folder, "cmd/holdfast") {
				t.Errorf("wall of %s allows %s: cmd is imported by nobody else", folder, own)
			}
		}
	}
}

func TestConcreteStoresStayApart(t *testing.T) {
	concrete := []string{"storage/memstore", "storage/pebblestore", "storage/sqlstore"}
	for _, folder := range concrete {
		for _, other := range concrete {
			if folder != other && allowed(walls[folder], false, path.Join(module, other)) {
				t.Errorf("%s may import %s", folder, other)
			}
		}
	}
}

func TestWallsFindPlantedViolations(t *testing.T) {
	runPlanted(t, []planted{
		{"clock in the core", "actors/section/a.go", "package section\nimport _ \"time\"\n", "may not import time"},
		{
			"chance in the core", "actors/section/a.go", "package section\nimport _ \"math/rand/v2\"\n",
			"may not import math/rand",
		},
		{"lock in the core", "actors/section/a.go", "package section\nimport _ \"sync\"\n", "may not import sync"},
		{
			"core uses library", "actors/section/a.go", "package section\nimport _ \"pgregory.net/rapid\"\n",
			"may not import pgregory",
		},
		{"core test may use it", "actors/section/a_test.go", "package section\nimport _ \"pgregory.net/rapid\"\n", ""},
		{
			"storage looks up", "storage/a.go", "package storage\nimport _ \"holdfast/actors\"\n",
			"may not import holdfast/actors",
		},
		{
			"store imports store", "storage/memstore/a.go",
			"package memstore\nimport _ \"holdfast/storage/pebblestore\"\n",
			"may not import holdfast/storage/pebblestore",
		},
		{
			"api reaches a store", "api/a.go", "package api\nimport _ \"holdfast/storage/pebblestore\"\n",
			"never a concrete store",
		},
		{
			"actors serve", "actors/a.go", "package actors\nimport _ \"github.com/valyala/fasthttp\"\n",
			"may not import github.com/valyala",
		},
		{
			"bench knows server", "bench/run/a.go", "package run\nimport _ \"holdfast/api\"\n",
			"may not import holdfast/api",
		},
		{
			"cmd imported", "api/a.go", "package api\nimport _ \"holdfast/cmd/holdfast\"\n",
			"may not import holdfast/cmd",
		},
		{
			"node reaches up", "cmd/holdfast/node/a.go",
			"package node\nimport _ \"holdfast/cmd/holdfast/clusterctl\"\n",
			"may not import holdfast/cmd/holdfast/clusterctl",
		},
		{"unknown folder", "utils/a.go", "package utils\n", "not on the floor plan"},
		{
			"name that only begins alike", "api/a.go", "package api\nimport _ \"github.com/valyala/fasthttpproxy\"\n",
			"may not import",
		},
		{"clean", "api/a.go", "package api\nimport (\n_ \"holdfast/actors\"\n_ \"net/http\"\n)\n", ""},
	}, checkWalls)
}
