// Package commandline splits a text into words as the shells and programs of a system split a command.
//
// The AWS CLI splits credential_process and the headers of its config file this way. The package knows nothing of
// either.
package commandline

import (
	"errors"
	"strings"
)

var (
	//lint:ignore ST1005 the AWS CLI's text
	errOpenQuote = errors.New("No closing quotation")
	//lint:ignore ST1005 the AWS CLI's text
	errOpenEscape = errors.New("No escaped character")
)

// SplitPOSIX splits a command as the AWS CLI does where there is a POSIX shell: blanks, single and
// double quotes and backslashes, nothing else of a shell's language.
func SplitPOSIX(s string) (words []string, err error) {
	if !strings.ContainsAny(s, `'"\`) { // as nearly all are
		return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }), nil
	}
	var word []byte
	inWord := false // an empty quoted word is a word too
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words, word, inWord = append(words, string(word)), word[:0], false
			}
		case '\'':
			n := strings.IndexByte(s[i+1:], '\'')
			if n < 0 {
				return nil, errOpenQuote
			}
			word, inWord = append(word, s[i+1:i+1+n]...), true
			i += n + 1
		case '"':
			inWord = true
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					switch i++; {
					case i == len(s):
						return nil, errOpenEscape
					case s[i] != '"' && s[i] != '\\':
						word = append(word, '\\')
					}
				}
				word = append(word, s[i])
			}
			if i == len(s) {
				return nil, errOpenQuote
			}
		case '\\':
			if i++; i == len(s) {
				return nil, errOpenEscape
			}
			word, inWord = append(word, s[i]), true
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
}

// SplitWindows splits a command as programs on Windows split theirs: at blanks and tabs outside double
// quotes. A backslash is one, but in front of a quote: there two are one, and an odd one makes the quote
// a character.
func SplitWindows(s string) (words []string, err error) {
	var word []byte
	inWord, quoted := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			n := len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
			i += n
			if i == len(s) || s[i] != '"' {
				word, inWord = append(word, strings.Repeat(`\`, n)...), true
				i--
				continue
			}
			word, inWord = append(word, strings.Repeat(`\`, n/2)...), true
			if n%2 == 1 {
				word = append(word, '"')
				continue
			}
			c = '"'
		}
		switch {
		case c == '"':
			quoted, inWord = !quoted, true
		case (c == ' ' || c == '\t') && !quoted:
			if inWord {
				words, word, inWord = append(words, string(word)), word[:0], false
			}
		default:
			word, inWord = append(word, c), true
		}
	}
	if quoted {
		return nil, errOpenQuote
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
}
