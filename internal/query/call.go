package query

import (
	"fmt"
	"slices"
	"strings"

	"keyfob/internal/output"
)

// argument is what a function is called with: a value, or an expression that it applies itself.
type argument struct {
	value output.Value
	each  node // after &; nil for a value
}

// function is one of the language. takes has, for each argument, the types it may have; none means any. The last
// one may be repeated when variadic.
type function struct {
	takes    [][]string
	variadic bool
	run      func(name string, a []argument) (output.Value, error)
}

func (n call) search(v output.Value) (output.Value, error) {
	var arguments []argument
	for _, a := range n.arguments {
		if r, ok := a.(reference); ok {
			arguments = append(arguments, argument{each: r.of})
			continue
		}
		value, err := a.search(v)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument{value: value})
	}
	f, ok := lookup(n.name)
	if !ok {
		return nil, failure("Unknown function: " + n.name + "()")
	}
	want, got := len(f.takes), len(arguments)
	if got < want || got > want && !f.variadic {
		least, s := "", "s"
		if f.variadic {
			least = "at least "
		}
		if want == 1 {
			s = ""
		}
		return nil, failure(fmt.Sprintf("Expected %s%d argument%s for function %s(), received %d", least, want, s, n.name, got))
	}
	for i, types := range f.takes {
		if err := check(n.name, arguments[i], types); err != nil {
			return nil, err
		}
	}
	for _, a := range arguments {
		if a.each != nil && !slices.ContainsFunc(f.takes, func(t []string) bool { return slices.Contains(t, "expref") }) {
			return nil, errReference
		}
	}
	return f.run(n.name, arguments)
}

// failure is a query that has no answer for this value, in the AWS CLI's words.
type failure string

// Error implements error.
func (f failure) Error() string { return string(f) }

// typeError is an argument of the wrong type, in the AWS CLI's words.
func typeError(name, value string, types []string, got string) error {
	return failure(fmt.Sprintf("In function %s(), invalid type for value: %s, expected one of: ['%s'], received: \"%s\"",
		name, value, strings.Join(types, "', '"), got))
}

func check(name string, a argument, types []string) error {
	if len(types) == 0 {
		return nil
	}
	got := "expref"
	if a.each == nil {
		got = typeOf(a.value)
	}
	var inner []string // of a list's elements
	fits := false
	for _, t := range types {
		outer, of, _ := strings.Cut(t, "-")
		fits = fits || outer == got
		if of != "" {
			inner = append(inner, of)
		}
	}
	if !fits {
		return typeError(name, output.Text(a.value), types, got)
	}
	elements, _ := a.value.([]output.Value)
	if len(inner) == 0 || len(elements) == 0 {
		return nil
	}
	if len(inner) > 1 {
		if !slices.Contains(inner, typeOf(elements[0])) {
			return typeError(name, output.Text(elements[0]), types, pythonType(elements[0]))
		}
		inner = []string{typeOf(elements[0])}
	}
	for _, e := range elements {
		if typeOf(e) != inner[0] {
			return typeError(name, output.Text(e), types, pythonType(e))
		}
	}
	return nil
}

func typeOf(v output.Value) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []output.Value:
		return "array"
	case *output.Object:
		return "object"
	}
	return "number"
}

// pythonType is what the AWS CLI's messages call a type here and there.
func pythonType(v output.Value) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case []output.Value:
		return "list"
	case *output.Object:
		return "dict"
	case int64:
		return "int"
	}
	return "float"
}
