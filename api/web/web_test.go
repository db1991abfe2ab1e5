package web_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"holdfast/api/proofofwork"
	"holdfast/api/web"
)

const fileLinesMax = 500

// servedBeside are files that the page asks for by name and that another room holds.
var servedBeside = map[string][]byte{"proof-of-work.js": proofofwork.Worker}

func read(t *testing.T, name string) string {
	t.Helper()
	body, err := web.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Every name that a file refers to is there, so that no visitor meets a 404.
func TestEveryReferenceExists(t *testing.T) {
	references := regexp.MustCompile(`/assets/([a-z.-]+)|from '\./([a-z.]+)'`)
	names, err := fs.Glob(web.FS, "*")
	if err != nil || len(names) < 10 {
		t.Fatalf("assets: %v, %v", names, err)
	}
	used := map[string]bool{"index.html": true, "returned.html": true, "scan.html": true}
	for _, name := range names {
		for _, found := range references.FindAllStringSubmatch(read(t, name), -1) {
			target := found[1] + found[2]
			used[target] = true
			if _, err := web.FS.ReadFile(target); err != nil && servedBeside[target] == nil {
				t.Errorf("%s refers to %s, which is not there", name, target)
			}
		}
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

// letIn are the hosts that the server's own policy lets one file load from, where an operator chose a captcha's
// provider.
var letIn = map[string]*regexp.Regexp{
	"queuecaptcha.js": regexp.MustCompile(`'https://(challenges\.cloudflare\.com|js\.hcaptcha\.com)/`),
}

// defect answers what is wrong with a file under a strict Content-Security-Policy, or "".
func defect(name, text string) string {
	if hosts := letIn[name]; hosts != nil {
		text = hosts.ReplaceAllString(text, "'/")
	}
	switch {
	case regexp.MustCompile(`(?i)\son[a-z]+\s*=\s*["']|<style|\sstyle\s*=`).MatchString(text) &&
		strings.HasSuffix(name, ".html"):
		return "inline script or style"
	case regexp.MustCompile(`<script(\s[^>]*)?>[^<]`).MatchString(text):
		return "inline script"
	case regexp.MustCompile(`innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`).MatchString(text):
		return "text parsed as code or HTML"
	case regexp.MustCompile(`https?://`).MatchString(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")):
		return "another host"
	case strings.Count(text, "\n") > fileLinesMax:
		return "too long"
	}
	return ""
}

func TestFilesKeepAStrictPolicy(t *testing.T) {
	names, err := fs.Glob(web.FS, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if wrong := defect(name, read(t, name)); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	planted := []string{`<p onclick="x()">`, `<p style="color:red">`, `<script>x()</script>`, `el.innerHTML = x`,
		`fetch('https://cdn.example/x')`, strings.Repeat("\n", fileLinesMax+1)}
	if defect("queuecaptcha.js", `'https://js.hcaptcha.com.evil/x'`) == "" {
		t.Error("the check takes any host for a captcha's provider")
	}
	for _, text := range planted {
		if defect("planted.html", text) == "" {
			t.Errorf("the check does not see %q", text)
		}
	}
}
