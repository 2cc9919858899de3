package center

import (
	"net/http"
	"strings"
	"sync"
)

// door is where requests of one protocol come in, with the name that metrics have for it.
type door struct {
	name string
	router
}

type router interface{ Routes(mux *http.ServeMux) }

// routes tells which door a pattern of the mux belongs to.
type routes struct {
	doors []struct {
		name string
		mux  *http.ServeMux
	}
	known sync.Map // pattern → name: as many as there are patterns
}

func (r *routes) add(d door) {
	own := http.NewServeMux() // a mux does not tell what is in it, but it does tell what it would do
	d.Routes(own)
	r.doors = append(r.doors, struct {
		name string
		mux  *http.ServeMux
	}{d.name, own})
}

// door names the door that answered a request: the one that has its pattern.
func (r *routes) door(q *http.Request) string {
	if name, ok := r.known.Load(q.Pattern); ok {
		return name.(string)
	}
	probe := *q
	if method, _, ok := strings.Cut(q.Pattern, " "); ok {
		probe.Method = method // STS has the pattern of its posts for its GET as well
	}
	for _, d := range r.doors {
		if _, pattern := d.mux.Handler(&probe); pattern == q.Pattern && pattern != "" {
			r.known.Store(pattern, d.name)
			return d.name
		}
	}
	return "none"
}
