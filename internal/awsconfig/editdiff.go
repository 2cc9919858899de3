package awsconfig

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// secretKeys are the keys whose values are nobody's to see.
func secretKeys() []string {
	return []string{"aws_secret_access_key", "aws_session_token", "aws_security_token"}
}

// IsSecret reports whether a key's value is a secret, which belongs into the credentials file and on no
// screen. Keys know no case.
func IsSecret(key string) bool { return slices.Contains(secretKeys(), strings.ToLower(key)) }

// Diff shows a person what an edit did: the changed lines and a few around them, each marked by "+", "-"
// or a blank, below a line that says where they are. It is empty when no line changed.
//
// The values of secret keys are hidden, in comments too; that one changed is still seen. Other text is the
// file's own and may hold anything: whoever prints it has to make it harmless.
func Diff(before, after []byte) []string {
	var h hider
	old, updated := parse(string(before)), parse(string(after))
	text := diff.Diff("", []byte(h.hide(old)), "", []byte(h.hide(updated)))
	if text == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[3:] // without the files' names
	for i, l := range lines {
		if l[0] == '@' {
			lines[i] = updated.position(lines[i:])
		}
	}
	return strings.Split(strings.NewReplacer(h.marks...).Replace(strings.Join(lines, "\n")), "\n")
}

// position words the head of a hunk: which line of the edited file it begins with, and in which section,
// unless the hunk itself shows that.
func (d *document) position(hunk []string) string {
	var from, removed, first, added int
	if _, err := fmt.Sscanf(hunk[0], "@@ -%d,%d +%d,%d @@", &from, &removed, &first, &added); err != nil {
		return hunk[0]
	}
	changed := first
	for _, l := range hunk[1:] {
		if l[0] != ' ' {
			break
		}
		changed++
	}
	in := ""
	for _, b := range d.blocks {
		switch line := b.line + 1; {
		case line < first:
			in = ", in [" + b.header + "]"
		case line < changed:
			in = ""
		}
	}
	return fmt.Sprintf("@@ line %d%s @@", max(first, 1), in)
}

// hider puts marks in the place of secrets: one for each value, so that a comparison tells them apart.
type hider struct {
	seen  map[string]string // marks by value
	marks []string          // pairs of a mark and what is shown for it
}

// hide returns the lines of a file without its secrets, and all with the same end.
func (h *hider) hide(d document) string {
	secret := map[int]bool{} // lines that are a secret key's, by index
	for _, b := range d.blocks {
		for _, o := range b.options {
			for i := o.line; i <= o.last && IsSecret(o.key); i++ {
				secret[i] = true
			}
		}
	}
	var b strings.Builder
	for i, l := range d.lines {
		text := strings.TrimRightFunc(strings.TrimPrefix(d.src[l.start:l.to], byteOrderMark), isBlank)
		from := len(text)
		switch {
		case secret[i] && l.kind == optionLine:
			from -= l.valueTo - l.valueFrom
		case secret[i]:
			from -= l.to - l.from
		default:
			from = secretIn(text)
		}
		b.WriteString(text[:from] + h.mark(text[from:]) + "\n")
	}
	return b.String()
}

func (h *hider) mark(value string) string {
	if value == "" {
		return ""
	}
	m, ok := h.seen[value]
	if !ok {
		if h.seen == nil {
			h.seen = map[string]string{}
		}
		m = "\x00" + strconv.Itoa(len(h.seen)) + "\x00"
		h.seen[value] = m
		h.marks = append(h.marks, m, "********")
	}
	return m
}

// secretIn returns where in a line that is no secret key's a secret begins all the same, as it does in a
// key that is commented out; the line's length when there is none.
func secretIn(text string) int {
	lower := strings.ToLower(text)
	for _, key := range secretKeys() {
		i := strings.Index(lower, key)
		switch {
		case i < 0:
		case len(lower) != len(text):
			return 0
		default:
			rest := text[i+len(key):]
			return len(text) - len(strings.TrimLeft(rest, " \t=:"))
		}
	}
	return len(text)
}
