package prompt

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sahilm/fuzzy"
	"golang.org/x/text/unicode/norm"
)

// searchable is a row as the filter sees it.
type searchable struct {
	fields []string // folded; the label is the last
}

func searchableOf(r Row, label string) searchable {
	var s searchable
	for _, f := range r.Fields {
		if f = fold(Harmless(f)); f != "" {
			s.fields = append(s.fields, f)
		}
	}
	s.fields = append(s.fields, fold(label))
	return s
}

// fold is text as it is compared: without case and accents, so that "zurich" finds Zürich.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			s = strings.Map(func(r rune) rune {
				if unicode.Is(unicode.Mn, r) {
					return -1
				}
				return r
			}, norm.NFKD.String(s))
			break
		}
	}
	return strings.ToLower(s)
}

// rank says how well a row has all words, 0 being best: as a whole field, at the beginning of one, or
// somewhere. ok is false when it lacks one.
func (s searchable) rank(words []string) (rank int, ok bool) {
	for _, w := range words {
		r := 3
		for _, f := range s.fields {
			switch i := strings.Index(f, w); {
			case i == 0 && len(f) == len(w):
				r = 0
			case i == 0:
				r = min(r, 1)
			case i > 0:
				r = min(r, 2)
			}
		}
		if r == 3 {
			return 0, false
		}
		rank = max(rank, r)
	}
	return rank, true
}

// match returns the rows that a filter finds, best first, each kind in the order of the menu. Rows that
// only have its characters one after the other, with others between, are found when no row has its words.
func match(rows []searchable, filter string) []int {
	words := strings.Fields(fold(filter))
	if len(words) == 0 {
		all := make([]int, len(rows))
		for i := range all {
			all[i] = i
		}
		return all
	}
	phrase := []string{strings.Join(words, " ")}
	var ranked [3][]int
	for i, r := range rows {
		rank, ok := r.rank(words)
		if !ok {
			continue
		}
		if asPhrase, ok := r.rank(phrase); ok {
			rank = min(rank, asPhrase)
		}
		ranked[rank] = append(ranked[rank], i)
	}
	if found := slices.Concat(ranked[0], ranked[1], ranked[2]); found != nil {
		return found
	}
	var found []int
	for _, m := range fuzzy.FindFrom(strings.Join(words, ""), labels(rows)) {
		found = append(found, m.Index)
	}
	return found
}

// Find is the rows of a menu that a filter leaves, best first.
func Find(m Menu, filter string) []int { return match(NewList(m).rows, filter) }

// labels is what fuzzy looks at.
type labels []searchable

// String implements fuzzy.Source.
func (l labels) String(i int) string { return l[i].fields[len(l[i].fields)-1] }

// Len implements fuzzy.Source.
func (l labels) Len() int { return len(l) }

// highlight marks the words of a filter in a text, or the characters that fuzzy found.
func highlight(text, filter string, style Style) []Span {
	characters := clusters(text)
	marked := make([]bool, len(characters))
	var b strings.Builder
	var from []int // the character that each byte of the folded text comes from
	for i, c := range characters {
		b.WriteString(fold(c))
		for len(from) < b.Len() {
			from = append(from, i)
		}
	}
	folded, words := b.String(), strings.Fields(fold(filter))
	if lacks := func(w string) bool { return !strings.Contains(folded, w) }; slices.ContainsFunc(words, lacks) {
		if found := fuzzy.Find(strings.Join(words, ""), []string{folded}); len(found) > 0 {
			for _, i := range found[0].MatchedIndexes {
				marked[from[i]] = true
			}
		}
	} else {
		for _, w := range words {
			at := strings.Index(folded, w)
			for _, i := range from[at : at+len(w)] {
				marked[i] = true
			}
		}
	}
	var line []Span
	for i, c := range characters {
		s := style
		if marked[i] {
			s = Matched
		}
		if n := len(line); n > 0 && line[n-1].Style == s {
			line[n-1].Text += c
			continue
		}
		line = append(line, Span{c, s})
	}
	return line
}
