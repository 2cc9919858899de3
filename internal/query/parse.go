package query

import (
	"fmt"
	"strings"

	"keyfob/internal/output"
)

// Expression is a query that has been read. It may be used by several goroutines.
type Expression struct{ root node }

// Compile reads a query. Errors are of type [*Error].
func Compile(expression string) (*Expression, error) {
	tokens, err := lex(expression)
	if err != nil {
		return nil, err
	}
	p := &parser{source: expression, tokens: tokens}
	root := p.expression(0)
	if p.err == nil && p.kind(0) != tokenEOF {
		p.unexpected("Unexpected token: " + p.tokens[p.at].text)
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expression{root}, nil
}

// maxNesting is deeper than what anybody writes, and far from what a stack bears.
const maxNesting = 500

// parser is a top-down operator precedence parser. After the first error it only returns.
type parser struct {
	source string
	tokens []token
	at     int
	depth  int
	err    error
}

// power is how strongly a token binds what is on its left.
func power(kind string) int {
	switch kind {
	case tokenPipe:
		return 1
	case tokenOr:
		return 2
	case tokenAnd:
		return 3
	case "eq", "gt", "lt", "gte", "lte", "ne":
		return 5
	case tokenFlatten:
		return 9
	case tokenStar:
		return 20
	case tokenFilter:
		return 21
	case tokenDot:
		return 40
	case tokenNot:
		return 45
	case tokenBrace:
		return 50
	case tokenBracket:
		return 55
	case tokenParen:
		return 60
	}
	return 0
}

// projectionStop is the power below which a token ends what a projection applies to.
const projectionStop = 10

func (p *parser) kind(ahead int) string {
	if p.at+ahead < len(p.tokens) {
		return p.tokens[p.at+ahead].kind
	}
	return tokenEOF
}

// take returns the current token and goes to the next. The last one, the end, is never left.
func (p *parser) take() token {
	t := p.tokens[p.at]
	if p.at < len(p.tokens)-1 {
		p.at++
	}
	return t
}

func (p *parser) fail(t token, reason string) node {
	if p.err == nil {
		p.err = &Error{fmt.Sprintf("%s: Parse error at column %d, token \"%s\" (%s), for expression:\n\"%s\"\n%s^",
			reason, t.at, t.text, strings.ToUpper(t.kind), p.source, strings.Repeat(" ", t.at+1))}
	}
	return identity{}
}

func (p *parser) unexpected(reason string) { p.fail(p.tokens[p.at], reason) }

func (p *parser) incomplete() node {
	if p.err == nil {
		p.err = &Error{fmt.Sprintf("Invalid jmespath expression: Incomplete expression:\n\"%s\"\n%s^",
			p.source, strings.Repeat(" ", len([]rune(p.source))+1))}
	}
	return identity{}
}

func (p *parser) expect(kind string) {
	switch {
	case p.kind(0) == kind:
		p.take()
	case p.kind(0) == tokenEOF:
		p.incomplete()
	default:
		p.unexpected(fmt.Sprintf("Expecting: %s, got: %s", kind, p.kind(0)))
	}
}

func (p *parser) expression(binding int) node {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting && p.err == nil {
		p.err = &Error{"the expression is nested too deeply"}
	}
	if p.err != nil {
		return identity{}
	}
	left := p.prefix(p.take())
	for p.err == nil && binding < power(p.kind(0)) {
		left = p.infix(left, p.take())
	}
	return left
}

// prefix reads what begins with t.
func (p *parser) prefix(t token) node {
	switch t.kind {
	case tokenLiteral:
		return literal{t.value}
	case tokenIdentifier:
		return field{t.text}
	case tokenQuoted:
		if p.kind(0) == tokenParen {
			next := p.tokens[p.at]
			next.at = 0
			return p.fail(next, "Quoted identifier not allowed for function names.")
		}
		return field{t.text}
	case tokenStar:
		if p.kind(0) == tokenClose {
			return values{identity{}, identity{}}
		}
		return values{identity{}, p.projected(power(tokenStar))}
	case tokenFilter:
		return p.filter(identity{})
	case tokenBrace:
		return p.hash()
	case tokenParen:
		n := p.expression(0)
		p.expect(tokenCloseParen)
		return n
	case tokenFlatten:
		return projection{flatten{identity{}}, p.projected(power(tokenFlatten))}
	case tokenNot:
		return not{p.expression(power(tokenNot))}
	case tokenBracket:
		switch {
		case p.kind(0) == tokenNumber || p.kind(0) == tokenColon:
			return p.index(identity{})
		case p.kind(0) == tokenStar && p.kind(1) == tokenClose:
			p.take()
			p.take()
			return projection{identity{}, p.projected(power(tokenStar))}
		}
		return p.list()
	case tokenCurrent:
		return identity{}
	case tokenRef:
		return reference{p.expression(power(tokenRef))}
	case tokenEOF:
		return p.incomplete()
	}
	return p.fail(t, "invalid token")
}

// infix reads what t makes of what is on its left.
func (p *parser) infix(left node, t token) node {
	switch t.kind {
	case tokenDot:
		if p.kind(0) == tokenStar {
			p.take()
			return values{left, p.projected(power(tokenDot))}
		}
		return sequence{left, p.afterDot(power(tokenDot))}
	case tokenPipe:
		return sequence{left, p.expression(power(tokenPipe))}
	case tokenOr:
		return or{left, p.expression(power(tokenOr))}
	case tokenAnd:
		return and{left, p.expression(power(tokenAnd))}
	case tokenParen:
		name, ok := left.(field)
		if !ok {
			prev := p.tokens[max(0, p.at-2)]
			return p.fail(prev, "Invalid function name '"+prev.text+"'")
		}
		return p.call(name.name)
	case tokenFilter:
		return p.filter(left)
	case "eq", "ne", "gt", "gte", "lt", "lte":
		return comparison{t.kind, left, p.expression(power(t.kind))}
	case tokenFlatten:
		return projection{flatten{left}, p.projected(power(tokenFlatten))}
	case tokenBracket:
		if p.kind(0) == tokenNumber || p.kind(0) == tokenColon {
			return p.index(left)
		}
		p.expect(tokenStar)
		p.expect(tokenClose)
		return projection{left, p.projected(power(tokenStar))}
	}
	return p.fail(t, "invalid token")
}

func (p *parser) call(name string) node {
	c := call{name: name}
	for p.err == nil && p.kind(0) != tokenCloseParen {
		c.arguments = append(c.arguments, p.expression(0))
		if p.kind(0) == tokenComma {
			p.take()
		}
	}
	p.expect(tokenCloseParen)
	return c
}

func (p *parser) filter(left node) node {
	condition := p.expression(0)
	p.expect(tokenClose)
	if p.kind(0) == tokenFlatten {
		return filter{left, condition, identity{}}
	}
	return filter{left, condition, p.projected(power(tokenFilter))}
}

// index reads [1] or a slice, from behind its bracket.
func (p *parser) index(left node) node {
	if p.kind(0) != tokenColon && p.kind(1) != tokenColon {
		n := p.take().value.(int64)
		p.expect(tokenClose)
		return indexed{left, element{n}}
	}
	var s slice
	for i := 0; p.err == nil && p.kind(0) != tokenClose && i < 3; {
		switch p.kind(0) {
		case tokenColon:
			if i++; i == 3 {
				p.unexpected("syntax error")
			}
			p.take()
		case tokenNumber:
			n := p.take().value.(int64)
			s.parts[i] = &n
		default:
			p.unexpected("syntax error")
		}
	}
	p.expect(tokenClose)
	if i, ok := left.(indexed); ok {
		return indexed{i, s} // no projection, unlike everywhere else: the AWS CLI's answer
	}
	return projection{indexed{left, s}, p.projected(power(tokenStar))}
}

func (p *parser) list() node {
	var l list
	for p.err == nil {
		l.items = append(l.items, p.expression(0))
		if p.kind(0) == tokenClose {
			break
		}
		p.expect(tokenComma)
	}
	p.expect(tokenClose)
	return l
}

func (p *parser) hash() node {
	var h hash
	for p.err == nil {
		t := p.tokens[p.at]
		if t.kind != tokenQuoted && t.kind != tokenIdentifier {
			if t.kind == tokenEOF {
				return p.incomplete()
			}
			return p.fail(t, fmt.Sprintf("Expecting: ['quoted_identifier', 'unquoted_identifier'], got: %s", t.kind))
		}
		p.take()
		p.expect(tokenColon)
		h.keys = append(h.keys, t.text)
		h.items = append(h.items, p.expression(0))
		switch p.kind(0) {
		case tokenComma:
			p.take()
		case tokenCloseBrace:
			p.take()
			return h
		}
	}
	return h
}

// projected reads what is applied to each element.
func (p *parser) projected(binding int) node {
	switch {
	case power(p.kind(0)) < projectionStop:
		return identity{}
	case p.kind(0) == tokenBracket, p.kind(0) == tokenFilter:
		return p.expression(binding)
	case p.kind(0) == tokenDot:
		p.take()
		return p.afterDot(binding)
	}
	return p.fail(p.tokens[p.at], "syntax error")
}

func (p *parser) afterDot(binding int) node {
	switch p.kind(0) {
	case tokenQuoted, tokenIdentifier, tokenStar:
		return p.expression(binding)
	case tokenBracket:
		p.take()
		return p.list()
	case tokenBrace:
		p.take()
		return p.hash()
	}
	t := p.tokens[p.at]
	return p.fail(t, "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: "+t.kind)
}

// node is a part of an expression.
type node interface {
	search(v output.Value) (output.Value, error)
}
