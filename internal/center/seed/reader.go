package seed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// reader walks a file's syntax tree and collects what is wrong with it. Its methods return zero values
// for what they reported.
type reader struct {
	file     string
	sources  Sources
	seed     Seed
	problems []Problem
	names
}

func (r *reader) report(at ast.Node, format string, args ...any) {
	p := Problem{File: r.file, Message: fmt.Sprintf(format, args...)}
	if pairs := pairsOf(at); len(pairs) > 0 {
		at = pairs[0].Key // a mapping's own token may be that of the ":" after its first key
	}
	if at != nil && at.GetToken() != nil && at.GetToken().Position != nil {
		p.Line, p.Column = at.GetToken().Position.Line, at.GetToken().Position.Column
	}
	r.problems = append(r.problems, p)
}

// field is a key that a mapping may have.
type field struct {
	key      string
	required bool
	read     func(ast.Node)
}

// mapping hands every value of n to its field. what names the mapping in messages.
func (r *reader) mapping(n ast.Node, what string, fields ...field) {
	pairs := pairsOf(n)
	if pairs == nil {
		r.report(n, "%s must be a mapping of %s%s", what, keys(fields), instead(n))
		return
	}
	seen := map[string]bool{}
	for _, p := range pairs {
		key, ok := p.Key.(*ast.StringNode)
		if !ok {
			r.report(p.Key, "a key of %s must be one of %s", what, keys(fields))
			continue
		}
		f := find(fields, key.Value)
		if f == nil {
			r.report(p.Key, "unknown key %q in %s: it may have %s", printable(key.Value), what, keys(fields))
			continue
		}
		seen[key.Value] = true
		if _, null := p.Value.(*ast.NullNode); null {
			if f.required {
				r.report(p.Key, "%s of %s is empty", f.key, what)
			}
			continue
		}
		f.read(p.Value)
	}
	for _, f := range fields {
		if f.required && !seen[f.key] {
			r.report(n, "%s needs the key %s", what, f.key)
		}
	}
}

// pairsOf returns the pairs of a mapping, nil of anything else.
func pairsOf(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return append([]*ast.MappingValueNode{}, n.Values...)
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func find(fields []field, key string) *field {
	for i := range fields {
		if fields[i].key == key {
			return &fields[i]
		}
	}
	return nil
}

func keys(fields []field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.key
	}
	return strings.Join(all, ", ")
}

// list hands every element of a sequence to read.
func (r *reader) list(n ast.Node, what string, read func(ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.report(n, "%s must be a list: every element on a line of its own, behind \"- \"%s", what, instead(n))
		return
	}
	for _, v := range s.Values {
		read(v)
	}
}

// text reads a string into to.
func (r *reader) text(what string, to *string) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := str(n)
		switch {
		case !ok:
			r.report(n, "%s must be text%s", what, instead(n))
		case strings.TrimSpace(s) == "":
			r.report(n, "%s is empty", what)
		case strings.IndexFunc(s, unprintable) >= 0:
			r.report(n, "%s has characters in it that cannot be seen", what)
		default:
			*to = s
		}
	}
}

func (r *reader) texts(what string, each func(ast.Node, string)) func(ast.Node) {
	return func(n ast.Node) {
		r.list(n, what, func(n ast.Node) {
			var s string
			if r.text("an element of "+what, &s)(n); s != "" {
				each(n, s)
			}
		})
	}
}

func (r *reader) truth(what string, to *bool) func(ast.Node) {
	return func(n ast.Node) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.report(n, "%s must be true or false", what)
			return
		}
		*to = b.Value
	}
}

func (r *reader) duration(what string, to *time.Duration, least, most time.Duration) func(ast.Node) {
	return func(n ast.Node) {
		s, _ := str(n)
		d, ok := parseDuration(s)
		switch {
		case !ok:
			r.report(n, "%s must be a duration like 8h, 90m or PT8H", what)
		case d < least || d > most:
			r.report(n, "%s must be between %s and %s", what, hours(least), hours(most))
		default:
			*to = d
		}
	}
}

func hours(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%dh", int(d.Hours()))
}

// parseDuration reads Go's notation, and ISO 8601's as far as it means the same everywhere: days,
// hours, minutes and seconds.
func parseDuration(s string) (time.Duration, bool) {
	m := regexp.MustCompile(`^P(?:(\d{1,4})D)?(T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$`).FindStringSubmatch(s)
	if m == nil {
		d, err := time.ParseDuration(s)
		return d, err == nil
	}
	if s == "P" || m[2] == "T" {
		return 0, false
	}
	var d time.Duration
	for i, unit := range map[int]time.Duration{1: 24 * time.Hour, 3: time.Hour, 4: time.Minute, 5: time.Second} {
		n, _ := strconv.Atoi(m[i]) // "" is none of it
		d += time.Duration(n) * unit
	}
	return d, true
}

func str(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// instead says what was found where something else was wanted, and what to do about it.
func instead(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return fmt.Sprintf(": put it in quotes, \"%s\"", printable(n.GetToken().Value))
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return ": anchors, aliases and tags are not understood here"
	case *ast.MappingNode, *ast.MappingValueNode:
		return ", not a mapping"
	case *ast.SequenceNode:
		return ", not a list"
	}
	return ""
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// printable makes text from a file fit for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return '?'
		}
		return r
	}, s)
}
