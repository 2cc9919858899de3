package query

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"keyfob/internal/output"
)

// lookup finds a function. It is a switch, not a table: a table would be made whenever the program starts.
func lookup(name string) (function, bool) {
	one := func(run func(v output.Value) (output.Value, error), types ...string) (function, bool) {
		return function{takes: [][]string{types}, run: func(_ string, a []argument) (output.Value, error) { return run(a[0].value) }}, true
	}
	two := func(first, second []string, run func(x, y output.Value) output.Value) (function, bool) {
		return function{takes: [][]string{first, second}, run: func(_ string, a []argument) (output.Value, error) {
			return run(a[0].value, a[1].value), nil
		}}, true
	}
	text := []string{"string"}
	switch name {
	case "abs":
		return one(abs, "number")
	case "avg":
		return one(avg, "array-number")
	case "ceil":
		return one(func(v output.Value) (output.Value, error) { return rounded(v, math.Ceil) }, "number")
	case "floor":
		return one(func(v output.Value) (output.Value, error) { return rounded(v, math.Floor) }, "number")
	case "contains":
		return function{takes: [][]string{{"array", "string"}, nil}, run: contains}, true
	case "ends_with":
		return two(text, text, func(x, y output.Value) output.Value { return strings.HasSuffix(x.(string), y.(string)) })
	case "starts_with":
		return two(text, text, func(x, y output.Value) output.Value { return strings.HasPrefix(x.(string), y.(string)) })
	case "join":
		return two(text, []string{"array-string"}, join)
	case "keys":
		return one(func(v output.Value) (output.Value, error) {
			names := []output.Value{}
			for _, k := range v.(*output.Object).Keys() {
				names = append(names, k)
			}
			return names, nil
		}, "object")
	case "values":
		return one(func(v output.Value) (output.Value, error) { return membersOf(v.(*output.Object)), nil }, "object")
	case "length":
		return one(length, "string", "array", "object")
	case "map":
		return function{takes: [][]string{{"expref"}, {"array"}}, run: mapped}, true
	case "max":
		return one(func(v output.Value) (output.Value, error) { return extreme(v, 1), nil }, "array-number", "array-string")
	case "min":
		return one(func(v output.Value) (output.Value, error) { return extreme(v, -1), nil }, "array-number", "array-string")
	case "max_by", "min_by":
		return function{takes: [][]string{{"array"}, {"expref"}}, run: extremeBy}, true
	case "merge":
		return function{takes: [][]string{{"object"}}, variadic: true, run: merge}, true
	case "not_null":
		return function{takes: [][]string{nil}, variadic: true, run: notNull}, true
	case "reverse":
		return one(reversed, "array", "string")
	case "sort":
		return one(func(v output.Value) (output.Value, error) {
			l := slices.Clone(v.([]output.Value))
			slices.SortStableFunc(l, compare)
			return l, nil
		}, "array-string", "array-number")
	case "sort_by":
		return function{takes: [][]string{{"array"}, {"expref"}}, run: sortBy}, true
	case "sum":
		return one(func(v output.Value) (output.Value, error) { return sum(v.([]output.Value)), nil }, "array-number")
	case "to_array":
		return one(func(v output.Value) (output.Value, error) {
			if l, ok := v.([]output.Value); ok {
				return l, nil
			}
			return []output.Value{v}, nil
		})
	case "to_number":
		return one(toNumber)
	case "to_string":
		return one(func(v output.Value) (output.Value, error) {
			if s, ok := v.(string); ok {
				return s, nil
			}
			return output.Compact(v), nil
		})
	case "type":
		return one(func(v output.Value) (output.Value, error) { return typeOf(v), nil })
	}
	return function{}, false
}

func abs(v output.Value) (output.Value, error) {
	if n, ok := v.(int64); ok {
		if n < 0 {
			n = -n
		}
		return n, nil
	}
	return math.Abs(v.(float64)), nil
}

func avg(v output.Value) (output.Value, error) {
	l := v.([]output.Value)
	if len(l) == 0 {
		return nil, nil
	}
	return toFloat(sum(l)) / float64(len(l)), nil
}

func rounded(v output.Value, round func(float64) float64) (output.Value, error) {
	f, ok := v.(float64)
	if !ok {
		return v, nil
	}
	if f = round(f); math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errors.New("cannot convert float infinity or NaN to integer")
	}
	if math.Abs(f) >= 1<<63 {
		return f, nil
	}
	return int64(f), nil
}

func contains(_ string, a []argument) (output.Value, error) {
	if l, ok := a[0].value.([]output.Value); ok {
		return slices.ContainsFunc(l, func(e output.Value) bool { return output.Equal(e, a[1].value) }), nil
	}
	part, ok := a[1].value.(string)
	if !ok {
		return nil, errors.New("'in <string>' requires string as left operand, not " + pythonType(a[1].value))
	}
	return strings.Contains(a[0].value.(string), part), nil
}

func join(separator, v output.Value) output.Value {
	var parts []string
	for _, e := range v.([]output.Value) {
		parts = append(parts, e.(string))
	}
	return strings.Join(parts, separator.(string))
}

func length(v output.Value) (output.Value, error) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), nil
	case []output.Value:
		return int64(len(v)), nil
	}
	return int64(v.(*output.Object).Len()), nil
}

func mapped(_ string, a []argument) (output.Value, error) {
	all := []output.Value{}
	for _, e := range a[1].value.([]output.Value) {
		v, err := a[0].each.search(e)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// extreme is the first of the largest elements (sign 1) or the smallest (-1).
func extreme(v output.Value, sign int) (best output.Value) {
	for i, e := range v.([]output.Value) {
		if i == 0 || compare(e, best)*sign > 0 {
			best = e
		}
	}
	return best
}

// keysBy are the numbers or texts by which a list is ordered.
func keysBy(name string, l []output.Value, each node, types []string) ([]output.Value, error) {
	keys := make([]output.Value, len(l))
	for i, e := range l {
		k, err := each.search(e)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(types, typeOf(k)) {
			return nil, typeError(name, output.Text(k), types, typeOf(k))
		}
		if i > 0 && isText(k) != isText(keys[0]) {
			return nil, errors.New("'<' not supported between instances of '" + pythonType(k) + "' and '" + pythonType(keys[0]) + "'")
		}
		keys[i] = k
	}
	return keys, nil
}

func extremeBy(name string, a []argument) (best output.Value, err error) {
	l := a[0].value.([]output.Value)
	keys, err := keysBy(name, l, a[1].each, []string{"number", "string"})
	if err != nil {
		return nil, err
	}
	sign := 1
	if name == "min_by" {
		sign = -1
	}
	at := 0
	for i, k := range keys {
		if compare(k, keys[at])*sign > 0 {
			at = i
		}
	}
	if len(l) == 0 {
		return nil, nil
	}
	return l[at], nil
}

func sortBy(name string, a []argument) (output.Value, error) {
	l := a[0].value.([]output.Value)
	if len(l) == 0 {
		return l, nil
	}
	first, err := a[1].each.search(l[0])
	if err != nil {
		return nil, err
	}
	if !ordered(first) {
		return nil, typeError(name, output.Text(l[0]), []string{"string", "number"}, typeOf(first))
	}
	keys, err := keysBy(name, l, a[1].each, []string{typeOf(first)})
	if err != nil {
		return nil, err
	}
	order := make([]int, len(l))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(keys[i], keys[j]) })
	sorted := make([]output.Value, len(l))
	for i, at := range order {
		sorted[i] = l[at]
	}
	return sorted, nil
}

func merge(_ string, a []argument) (output.Value, error) {
	merged := output.NewObject()
	for _, arg := range a {
		o, ok := arg.value.(*output.Object)
		if !ok {
			return nil, typeError("merge", output.Text(arg.value), []string{"object"}, typeOf(arg.value))
		}
		for _, k := range o.Keys() {
			v, _ := o.Get(k)
			merged.Set(k, v)
		}
	}
	return merged, nil
}

func notNull(_ string, a []argument) (output.Value, error) {
	for _, arg := range a {
		if arg.value != nil {
			return arg.value, nil
		}
	}
	return nil, nil
}

func reversed(v output.Value) (output.Value, error) {
	if s, ok := v.(string); ok {
		runes := []rune(s)
		slices.Reverse(runes)
		return string(runes), nil
	}
	l := slices.Clone(v.([]output.Value))
	slices.Reverse(l)
	return l, nil
}

func sum(l []output.Value) output.Value {
	var whole int64
	for i, e := range l {
		n, ok := e.(int64)
		if !ok || (whole+n < whole) != (n < 0) {
			f := float64(whole)
			for _, e := range l[i:] {
				f += toFloat(e)
			}
			return f
		}
		whole += n
	}
	return whole
}

func toNumber(v output.Value) (output.Value, error) {
	s, ok := v.(string)
	if !ok {
		if isNumber(v) {
			return v, nil
		}
		return nil, nil
	}
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	if strings.ContainsAny(s, "xXpP") { // Go's, not Python's
		return nil, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, nil
	}
	return f, nil
}
