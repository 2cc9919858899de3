package output

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// notAString is what YAML 1.2 reads as something other than a text unless it is quoted.
const notAString = `^(?:true|True|TRUE|false|False|FALSE` +
	`|~|null|Null|NULL|<<|=` +
	`|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?` +
	`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+][0-9_]+|[0-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+` +
	`|[0-9]{4}-[0-9]{2}-[0-9]{2}` +
	`|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9](?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?)$`

func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// isPrintable is libyaml's idea of what needs no escape, less what is hostile.
func isPrintable(r rune) bool {
	switch {
	case r == '\n':
		return true
	case Hostile(r), r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	}
	return r <= 0xffff
}

// isBlankOrEnd is what separates one thing of YAML from the next.
func isBlankOrEnd(runes []rune, i int) bool {
	return i < 0 || i >= len(runes) || runes[i] == ' ' || runes[i] == '\t' || runes[i] == 0 || isBreak(runes[i])
}

// text writes a text in the plainest of the styles that it has.
func (e *emitter) text(s string, key bool) {
	plain, single := styles(s)
	switch {
	case plain && s != "" && !e.notAString.MatchString(s):
		e.plain(s, !key)
	case single && !(key && strings.ContainsFunc(s, isBreak)):
		e.single(s, !key)
	default:
		e.double(s, !key)
	}
}

// styles reports whether a text may be written as it is, and whether between single quotes.
func styles(s string) (plain, single bool) {
	runes := []rune(s)
	plain, single = true, true
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		plain = false
	}
	for i, r := range runes {
		alone := isBlankOrEnd(runes, i+1)
		switch {
		case i == 0 && strings.ContainsRune("#,[]{}&*!|>'\"%@`", r), i == 0 && strings.ContainsRune("?:-", r) && alone,
			r == ':' && alone, r == '#' && isBlankOrEnd(runes, i-1),
			isBreak(r), r == ' ' && (i == 0 || i == len(runes)-1):
			plain = false
		}
		if !isPrintable(r) || r == ' ' && i > 0 && isBreak(runes[i-1]) || isBreak(r) && i > 0 && runes[i-1] == ' ' {
			plain, single = false, false
		}
	}
	return plain, single
}

// folds reports whether the blank at i is where a long line ends, and goes to the next one.
func (e *emitter) folds(runes []rune, i int, may bool) bool {
	if !may || e.column <= yamlWidth || i > 0 && runes[i-1] == ' ' {
		return false
	}
	e.continued()
	return true
}

// continued goes to where the lines of a text go on: one level deeper than what it is in.
func (e *emitter) continued() {
	outer := e.indent
	if e.indent < 0 {
		e.indent = 2
	} else {
		e.indent += 2
	}
	e.toIndent()
	e.indent = outer
}

func (e *emitter) plain(s string, fold bool) {
	if !e.whitespace {
		e.put(" ")
	}
	runes := []rune(s)
	for i, r := range runes {
		if r == ' ' && e.folds(runes, i, fold && i+1 < len(runes) && runes[i+1] != ' ') {
			continue
		}
		e.put(string(r))
		if r != ' ' {
			e.indention = false
		}
	}
	e.whitespace, e.indention = false, false
}

func (e *emitter) single(s string, fold bool) {
	e.indicator("'", true, false)
	runes, broken := []rune(s), false
	for i, r := range runes {
		switch {
		case r == ' ':
			if !e.folds(runes, i, fold && i > 0 && i < len(runes)-1 && runes[i+1] != ' ') {
				e.put(" ")
			}
		case isBreak(r):
			if !broken && r == '\n' {
				e.breakLine("\n")
			}
			e.breakLine(string(r))
			e.indention, broken = true, true
		default:
			if broken {
				e.continued()
			}
			if r == '\'' {
				e.put("'")
			}
			e.put(string(r))
			e.indention, broken = false, false
		}
	}
	if broken {
		e.continued()
	}
	e.indicator("'", false, false)
}

func (e *emitter) double(s string, fold bool) {
	e.indicator(`"`, true, false)
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case !isPrintable(r) || isBreak(r) || r == '"' || r == '\\':
			e.put(escaped(r))
		case r == ' ' && e.folds(runes, i, fold && i > 0 && i < len(runes)-1):
			if runes[i+1] == ' ' {
				e.put(`\`)
			}
		default:
			e.put(string(r))
		}
	}
	e.indicator(`"`, false, false)
}

func escaped(r rune) string {
	const short = "\x00\a\b\t\n\v\f\r\x1b\"\\\u0085\u00a0\u2028\u2029"
	const names = `0abtnvfre"\N_LP`
	if i := strings.IndexRune(short, r); i >= 0 {
		return `\` + string(names[utf8.RuneCountInString(short[:i])])
	}
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}
