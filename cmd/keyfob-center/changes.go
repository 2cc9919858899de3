package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"keyfob/internal/center/plan"
)

// maxAlike is how many changes of one kind are shown one by one.
const maxAlike = 100

// showChanges prints changes for people. Names come from outside.
func showChanges(out io.Writer, changes []plan.Change) error {
	w := bufio.NewWriter(out)
	alike := map[string]int{}
	for i, c := range changes {
		group := string(c.Op) + c.Kind
		if alike[group]++; alike[group] > maxAlike {
			if i+1 == len(changes) || string(changes[i+1].Op)+changes[i+1].Kind != group {
				fmt.Fprintf(w, "%s %s: %d more\n", c.Op, c.Kind, alike[group]-maxAlike)
				alike[group] = 0
			}
			continue
		}
		fmt.Fprintf(w, "%s %s %s\n", c.Op, c.Kind, shownText(c.Name))
		for _, f := range c.Fields {
			switch {
			case f.Secret && c.Op == plan.Add:
				fmt.Fprintf(w, "    %s: (set)\n", f.Name)
			case f.Secret:
				fmt.Fprintf(w, "    %s: (changes)\n", f.Name)
			case c.Op == plan.Add:
				fmt.Fprintf(w, "    %s: %s\n", f.Name, shownText(f.After))
			default:
				fmt.Fprintf(w, "    %s: %s -> %s\n", f.Name, orNone(f.Before), orNone(f.After))
			}
		}
	}
	n := plan.Count(changes)
	fmt.Fprintf(w, "%d to add, %d to change, %d to remove.\n", n[plan.Add], n[plan.Modify], n[plan.Remove])
	return w.Flush()
}

// summary names the first changes, for the audit log.
func summary(changes []plan.Change) string {
	var b strings.Builder
	for _, c := range changes {
		if b.Len() > 400 {
			b.WriteString("…")
			break
		}
		fmt.Fprintf(&b, "%s%s %s; ", c.Op, c.Kind, c.Name)
	}
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return shownText(s)
}

// shownText makes text from outside fit for a terminal.
func shownText(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return s
}
