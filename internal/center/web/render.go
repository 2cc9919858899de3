package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// pages are the parsed templates, by language and name; each is layout.html with the blocks of its own
// file.
type pages map[string]map[string]*template.Template

func newPages(l languages) (pages, error) {
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	base, err := template.New("").Funcs(functions(l.all[0])).ParseFS(pageFiles, "pages/layout.html", "pages/icons.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, w := range l.all {
		all[w.Tag] = map[string]*template.Template{}
	}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		if name == "layout" || name == "parts" || name == "icons" {
			continue
		}
		t, err := base.Clone()
		if err == nil {
			_, err = t.ParseFS(pageFiles, n)
		}
		if err != nil {
			return nil, err
		}
		for _, w := range l.all {
			c, err := t.Clone()
			if err != nil {
				return nil, err
			}
			all[w.Tag][name] = c.Funcs(functions(w))
		}
	}
	return all, nil
}

// functions are what templates may call: t says a message, say the same with text from outside in it.
func functions(w *words) template.FuncMap {
	return template.FuncMap{"t": w.say, "say": w.markup, "when": w.when}
}

// assets are the stylesheet, the script and the icon, under names that change with their bytes, so that browsers
// may keep them for ever.
type assets struct {
	files               map[string][]byte // by the name in the address
	Style, Script, Icon string            // addresses
}

func newAssets() (assets, error) {
	a := assets{files: map[string][]byte{}}
	add := func(file string) (string, error) {
		b, err := assetFiles.ReadFile("assets/" + file)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(file)
		name := strings.TrimSuffix(file, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
		a.files[name] = b
		return "/assets/" + name, nil
	}
	var err error
	if a.Style, err = add("style.css"); err != nil {
		return a, err
	}
	if a.Script, err = add("app.js"); err != nil {
		return a, err
	}
	a.Icon, err = add("icon.svg")
	return a, err
}

func (d *Door) asset(w http.ResponseWriter, r *http.Request) {
	d.secure(w.Header())
	name := r.PathValue("name")
	b, ok := d.assets.files[name]
	if !ok {
		d.fail(w, r, errNotFound)
		return
	}
	w.Header().Set("Content-Type", map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(b)
}

// view is a page that is about to be drawn. Body is what its own template sees as .Body. Title is said
// in the page's language already.
type view struct {
	Page, Title string
	Status      int // 0 is 200
	Person      *directory.Person
	Body        any
}

// frame is what layout.html sees.
type frame struct {
	view
	assets
	Instance  string
	Who       *badge
	Nav       []navigation
	PlainHTTP bool
	Banner    string
	Language  *words
	Languages []choice
}

// badge is the signed-in person in the corner.
type badge struct {
	Name, Login, Initials, CSRF string
}

// navigation is a place that somebody signed in can always go to.
type navigation struct {
	Name, Href string
	Here       bool
}

// places are shown on the pages that are one of them, and not where somebody is asked for a decision.
func places(l *words, page string, administrates bool) []navigation {
	all := []navigation{
		{l.say("Accounts"), "/start", page == "portal" || page == "keys"},
		{l.say("Security"), "/profile", page == "security" || page == "add-app" || page == "add-passkey" || page == "new-password"},
		{l.say("Sessions"), "/profile/sessions", page == "sessions"},
	}
	if administrates {
		all = append(all, navigation{l.say("Administration"), "/admin/users", page == "admin" || page == "admin-link"})
	}
	if !slices.ContainsFunc(all, func(n navigation) bool { return n.Here }) {
		return nil
	}
	return all
}

func (d *Door) draw(w http.ResponseWriter, r *http.Request, v view) {
	l := d.speak(r)
	d.remember(w, r, l)
	f := frame{view: v, assets: d.assets, PlainHTTP: !d.secureCookies(), Banner: d.Banner, Language: l, Languages: d.choices(r, l, v.Status == 0)}
	// An error page must not need a database.
	if inst, err := d.Instances.Instance(r.Context()); err == nil && inst.Name != "" {
		f.Instance = visible(inst.Name)
	}
	if p := v.Person; p != nil {
		name := shownName(p.User)
		f.Who = &badge{Name: visible(name), Login: visible(p.User.Name), Initials: initials(name), CSRF: d.csrf(holderOf(p, ""), "/sign-out")}
		administrates := false
		if d.Administration != nil {
			// Without an answer there is no link; the pages ask for themselves.
			administrates, _ = d.Administration.Administrates(r.Context(), p.User.ID)
		}
		f.Nav = places(l, v.Page, administrates)
	}
	var b bytes.Buffer
	err := fmt.Errorf("no page %q", v.Page)
	if t := d.pages[l.Tag][v.Page]; t != nil {
		err = t.ExecuteTemplate(&b, "layout", f)
	}
	if err != nil {
		d.Logger.ErrorContext(r.Context(), "page could not be drawn", "page", v.Page, "error", err)
		http.Error(w, l.say("Something went wrong here")+".", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", l.Tag)
	if v.Status != 0 {
		w.WriteHeader(v.Status)
	}
	_, _ = w.Write(b.Bytes())
}

// shownName is what a person is called.
func shownName(u store.User) string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return u.Name
}

// instant is a time as pages show it.
type instant struct{ time.Time }
