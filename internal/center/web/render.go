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
	"strings"
	"time"

	"keyfob/internal/center/directory"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// pages are the parsed templates, by name; each is layout.html with the blocks of its own file.
type pages map[string]*template.Template

func newPages() (pages, error) {
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		if all[name], err = template.ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", n); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// assets are the stylesheet and the icon, under names that change with their bytes, so that browsers
// may keep them for ever.
type assets struct {
	files       map[string][]byte // by the name in the address
	Style, Icon string            // addresses
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
	w.Header().Set("Content-Type", map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(b)
}

// view is a page that is about to be drawn. Body is what its own template sees as .Body.
type view struct {
	Page, Title string
	Status      int // 0 is 200
	Person      *directory.Person
	Body        any
}

// frame is what layout.html sees.
type frame struct {
	view
	Instance    string
	Style, Icon string
	Who         *badge
	PlainHTTP   bool
	Banner      string
}

// badge is the signed-in person in the corner.
type badge struct {
	Name, Login, Initials, CSRF string
	Administrates               bool
}

func (d *Door) draw(w http.ResponseWriter, r *http.Request, v view) {
	f := frame{view: v, Style: d.assets.Style, Icon: d.assets.Icon, PlainHTTP: !d.secureCookies(), Banner: d.Banner}
	// An error page must not need a database.
	if inst, err := d.Instances.Instance(r.Context()); err == nil && inst.Name != "" {
		f.Instance = visible(inst.Name)
	}
	if p := v.Person; p != nil {
		name := p.User.DisplayName
		if name == "" {
			name = p.User.Name
		}
		f.Who = &badge{Name: visible(name), Login: visible(p.User.Name), Initials: initials(name), CSRF: d.csrf(holderOf(p, ""), "/sign-out")}
		if d.Administration != nil {
			// Without an answer there is no link; the pages ask for themselves.
			f.Who.Administrates, _ = d.Administration.Administrates(r.Context(), p.User.ID)
		}
	}
	var b bytes.Buffer
	err := fmt.Errorf("no page %q", v.Page)
	if t := d.pages[v.Page]; t != nil {
		err = t.ExecuteTemplate(&b, "layout", f)
	}
	if err != nil {
		d.Logger.ErrorContext(r.Context(), "page could not be drawn", "page", v.Page, "error", err)
		http.Error(w, "Something went wrong here.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Status != 0 {
		w.WriteHeader(v.Status)
	}
	_, _ = w.Write(b.Bytes())
}

// instant is a time as pages show it. They have no script that could know the reader's time zone.
type instant struct{ time.Time }

// String is for people.
func (t instant) String() string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// Machine is for the datetime attribute.
func (t instant) Machine() string { return t.UTC().Format(time.RFC3339) }
