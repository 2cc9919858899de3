package query

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"keyfob/internal/output"
)

// Error is an expression that cannot be read. Its text is that of the AWS CLI, with the expression and a mark below
// the place.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return e.text }

// token kinds, in the words of messages.
const (
	tokenEOF        = "eof"
	tokenIdentifier = "unquoted_identifier"
	tokenQuoted     = "quoted_identifier"
	tokenLiteral    = "literal"
	tokenNumber     = "number"
	tokenFlatten    = "flatten"
	tokenFilter     = "filter"
	tokenBracket    = "lbracket"
	tokenPipe       = "pipe"
	tokenOr         = "or"
	tokenAnd        = "and"
	tokenRef        = "expref"
	tokenNot        = "not"
	tokenDot        = "dot"
	tokenStar       = "star"
	tokenClose      = "rbracket"
	tokenComma      = "comma"
	tokenColon      = "colon"
	tokenCurrent    = "current"
	tokenParen      = "lparen"
	tokenCloseParen = "rparen"
	tokenBrace      = "lbrace"
	tokenCloseBrace = "rbrace"
)

type token struct {
	kind  string
	value output.Value // of a literal or number
	text  string
	at    int // in characters
}

// lexer reads an expression, character by character.
type lexer struct {
	source []rune
	at     int
}

func (l *lexer) bad(at int, message string) error {
	return &Error{fmt.Sprintf("Bad jmespath expression: %s:\n%s\n%s^", message, string(l.source), strings.Repeat(" ", at))}
}

func (l *lexer) peek(n int) rune {
	if l.at+n < len(l.source) {
		return l.source[l.at+n]
	}
	return -1
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }

func lex(expression string) ([]token, error) {
	l := &lexer{source: []rune(expression)}
	if len(l.source) == 0 {
		return nil, &Error{"Invalid JMESPath expression: cannot be empty."}
	}
	var all []token
	for l.at < len(l.source) {
		if strings.ContainsRune(" \t\r\n", l.peek(0)) {
			l.at++
			continue
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return append(all, token{kind: tokenEOF, at: len(l.source)}), nil
}

// simple are the tokens of one character.
func simple(r rune) string {
	switch r {
	case '.':
		return tokenDot
	case '*':
		return tokenStar
	case ']':
		return tokenClose
	case ',':
		return tokenComma
	case ':':
		return tokenColon
	case '@':
		return tokenCurrent
	case '(':
		return tokenParen
	case ')':
		return tokenCloseParen
	case '{':
		return tokenBrace
	case '}':
		return tokenCloseBrace
	}
	return ""
}

// pairs are the tokens of one character, and what they are with a second one.
func pairs(r rune) (alone string, second rune, both string) {
	switch r {
	case '|':
		return tokenPipe, '|', tokenOr
	case '&':
		return tokenRef, '&', tokenAnd
	case '<':
		return "lt", '=', "lte"
	case '>':
		return "gt", '=', "gte"
	case '!':
		return tokenNot, '=', "ne"
	}
	return "", 0, ""
}

func (l *lexer) next() (token, error) {
	start, r := l.at, l.peek(0)
	t := token{kind: simple(r), at: start}
	end := start + 1
	alone, second, both := pairs(r)
	switch {
	case t.kind != "":
	case isLetter(r):
		t.kind = tokenIdentifier
		for end < len(l.source) && (isLetter(l.source[end]) || isDigit(l.source[end])) {
			end++
		}
	case r == '[':
		switch t.kind = tokenBracket; l.peek(1) {
		case ']':
			t.kind, end = tokenFlatten, end+1
		case '?':
			t.kind, end = tokenFilter, end+1
		}
	case alone != "" && l.peek(1) == second:
		t.kind, end = both, end+1
	case alone != "":
		t.kind = alone
	case isDigit(r), r == '-':
		for end < len(l.source) && isDigit(l.source[end]) {
			end++
		}
		if r == '-' && end == start+1 {
			return t, l.bad(start, "Unknown token '-'")
		}
		n, err := strconv.ParseInt(string(l.source[start:end]), 10, 64)
		if err != nil {
			n = math.MaxInt64 // no list has it, as with the number itself
			if r == '-' {
				n = math.MinInt64
			}
		}
		t.kind, t.value, t.text = tokenNumber, n, strconv.FormatInt(n, 10)
		l.at = end
		return t, nil
	case r == '=' && l.peek(1) == '=':
		t.kind, end = "eq", end+1
	case r == '=':
		return t, l.bad(start, "Unknown token '='")
	case r == '\'' || r == '"' || r == '`':
		return l.delimited(r)
	default:
		return t, l.bad(start, "Unknown token "+string(r))
	}
	t.text = string(l.source[start:end])
	l.at = end
	return t, nil
}

// delimited reads what is between two equal marks: a raw text, a quoted name, or JSON.
func (l *lexer) delimited(mark rune) (token, error) {
	start := l.at
	inside, ok := l.until(mark)
	if !ok {
		return token{}, l.bad(start, "Unclosed "+string(mark)+" delimiter")
	}
	t := token{kind: tokenLiteral, at: start}
	switch mark {
	case '\'':
		text := strings.ReplaceAll(inside, `\'`, "'")
		t.value = text
	case '"':
		var name string
		if err := json.Unmarshal([]byte(`"`+inside+`"`), &name); err != nil {
			return t, l.bad(start, "Invalid quoted name "+`"`+inside+`"`)
		}
		t.kind, t.value, t.text = tokenQuoted, name, name
		return t, nil
	default:
		inside = strings.ReplaceAll(inside, "\\`", "`")
		v, err := output.Decode([]byte(inside))
		if err != nil { // a text without its quotes, which has long been deprecated
			v, err = output.Decode([]byte(`"` + strings.TrimLeft(inside, " \t\r\n") + `"`))
		}
		if err != nil {
			return t, l.bad(start, "Bad token "+inside)
		}
		t.value = v
	}
	t.text = output.Text(t.value)
	return t, nil
}

func (l *lexer) until(mark rune) (string, bool) {
	start := l.at + 1
	for i := start; i < len(l.source); i++ {
		switch l.source[i] {
		case '\\':
			i++
		case mark:
			l.at = i + 1
			return string(l.source[start:i]), true
		}
	}
	return "", false
}
