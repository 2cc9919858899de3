package loopback

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"unicode"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// conclude ends the browser's request: how did the sign-in end?
func conclude(w http.ResponseWriter, failure string) {
	if failure == "" {
		write(w, http.StatusOK, page{
			tone: "good", mark: "M5 13l5 5L20 7", title: "You are signed in",
			text: "The command line has what it needs. You may close this window and go back to the terminal.",
		})
		return
	}
	write(w, http.StatusOK, page{
		tone: "bad", mark: "M6 6l12 12M18 6L6 18", title: "You are not signed in",
		text: "The sign-in did not succeed, and nothing was stored. You may close this window; the terminal says more.", detail: failure,
	})
}

// refuse answers what is not the awaited answer.
func refuse(w http.ResponseWriter, status int, title, text string) {
	write(w, status, page{tone: "dull", mark: "M12 6v8M12 18v.01", title: title, text: text})
}

type page struct{ tone, mark, title, text, detail string }

// maxDetail keeps a service's essay from filling the page.
const maxDetail = 400

func write(w http.ResponseWriter, status int, p page) {
	detail := ""
	if d := printable(p.detail); d != "" {
		detail = `<p class="detail">` + html.EscapeString(d) + `</p>`
	}
	// Every value but detail is one of this file's own.
	body := fmt.Sprintf(document, html.EscapeString(p.title), style, p.tone, p.mark, html.EscapeString(p.title), html.EscapeString(p.text), detail)
	h := w.Header()
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+styleHash()+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
	_ = http.NewResponseController(w).Flush() // Close waits for the page, but not for the connection
}

func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxDetail {
		s = string(r[:maxDetail]) + "…"
	}
	return strings.TrimSpace(s)
}

const document = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s – keyfob</title>
<style>%s</style>
</head>
<body>
<main class="%s" role="status">
<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="%s"/></svg>
<h1>%s</h1>
<p>%s</p>
%s
<p class="from">keyfob · 127.0.0.1</p>
</main>
</body>
</html>
`

const style = `:root{--bg:#f4f5f8;--card:#fff;--ink:#171a21;--soft:#5b6270;--line:#e3e6ec;--good:#12805c;--bad:#b3261e;--dull:#6b7280}
@media (prefers-color-scheme:dark){:root{--bg:#0f1116;--card:#181b22;--ink:#eceef2;--soft:#a2a9b8;--line:#2a2f3a;--good:#4ccb9b;--bad:#ff8a80;--dull:#9aa3b2}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:460px;background:var(--card);border:1px solid var(--line);border-radius:16px;padding:40px 36px 28px;text-align:center;box-shadow:0 12px 40px rgba(15,20,40,.08)}
.mark{width:64px;height:64px;padding:12px;border-radius:50%;fill:none;stroke:currentColor;stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round;border:2px solid currentColor}
.good .mark{color:var(--good)}.bad .mark{color:var(--bad)}.dull .mark{color:var(--dull)}
h1{font-size:24px;line-height:1.25;margin:20px 0 8px;letter-spacing:-.01em}
h1,p{text-wrap:balance}
p{margin:0 0 12px;color:var(--soft)}
.detail{text-wrap:wrap;margin-top:20px;padding:12px 14px;text-align:left;font-size:14px;color:var(--ink);background:var(--bg);border:1px solid var(--line);border-radius:10px;overflow-wrap:anywhere}
.from{margin:24px 0 0;padding-top:16px;border-top:1px solid var(--line);font-size:13px}
@media (max-width:480px){main{padding:32px 22px 22px}}`
