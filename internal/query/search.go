package query

import (
	"errors"
	"fmt"
	"slices"

	"keyfob/internal/output"
)

// Search picks from a value. It does not change it, but the answer shares parts with it.
func (e *Expression) Search(v output.Value) (output.Value, error) { return e.root.search(v) }

type (
	identity   struct{}
	literal    struct{ value output.Value }
	field      struct{ name string }
	element    struct{ at int64 }
	slice      struct{ parts [3]*int64 }
	flatten    struct{ of node }
	sequence   struct{ left, right node }
	indexed    struct{ left, right node }
	projection struct{ of, each node }
	values     struct{ of, each node }
	filter     struct{ of, condition, each node }
	list       struct{ items []node }
	hash       struct {
		keys  []string
		items []node
	}
	or         struct{ left, right node }
	and        struct{ left, right node }
	not        struct{ of node }
	comparison struct {
		operator    string
		left, right node
	}
	reference struct{ of node }
	call      struct {
		name      string
		arguments []node
	}
)

func (identity) search(v output.Value) (output.Value, error)   { return v, nil }
func (n literal) search(output.Value) (output.Value, error)    { return n.value, nil }
func (reference) search(output.Value) (output.Value, error)    { return nil, errReference }
func (n sequence) search(v output.Value) (output.Value, error) { return follow(n.left, n.right, v) }
func (n indexed) search(v output.Value) (output.Value, error)  { return follow(n.left, n.right, v) }

var errReference = errors.New("an expression after & is an argument of a function, not a value")

func follow(left, right node, v output.Value) (output.Value, error) {
	v, err := left.search(v)
	if err != nil {
		return nil, err
	}
	return right.search(v)
}

func (n field) search(v output.Value) (output.Value, error) {
	if o, ok := v.(*output.Object); ok {
		v, _ := o.Get(n.name)
		return v, nil
	}
	return nil, nil
}

func (n element) search(v output.Value) (output.Value, error) {
	l, ok := v.([]output.Value)
	at := n.at
	if at < 0 {
		at += int64(len(l))
	}
	if !ok || at < 0 || at >= int64(len(l)) {
		return nil, nil
	}
	return l[at], nil
}

func (n slice) search(v output.Value) (output.Value, error) {
	l, ok := v.([]output.Value)
	if !ok {
		return nil, nil
	}
	step, size := int64(1), int64(len(l))
	if n.parts[2] != nil {
		step = *n.parts[2]
	}
	if step == 0 {
		return nil, errors.New("slice step cannot be zero")
	}
	step = max(min(step, size+1), -size-1) // more skips no more
	from, to, low, high := int64(0), size, int64(0), size
	if step < 0 {
		from, to, low, high = size-1, -1, -1, size-1
	}
	clamp := func(at int64) int64 {
		if at < 0 {
			at += size
		}
		return max(low, min(high, at))
	}
	if n.parts[0] != nil {
		from = clamp(*n.parts[0])
	}
	if n.parts[1] != nil {
		to = clamp(*n.parts[1])
	}
	picked := []output.Value{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		picked = append(picked, l[i])
	}
	return picked, nil
}

func (n flatten) search(v output.Value) (output.Value, error) {
	v, err := n.of.search(v)
	l, ok := v.([]output.Value)
	if err != nil || !ok {
		return nil, err
	}
	flat := []output.Value{}
	for _, e := range l {
		if inner, ok := e.([]output.Value); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, e)
		}
	}
	return flat, nil
}

// project applies a node to each element, and drops what is null then.
func project(l []output.Value, each node) (output.Value, error) {
	picked := []output.Value{}
	for _, e := range l {
		v, err := each.search(e)
		if err != nil {
			return nil, err
		}
		if v != nil {
			picked = append(picked, v)
		}
	}
	return picked, nil
}

func (n projection) search(v output.Value) (output.Value, error) {
	v, err := n.of.search(v)
	l, ok := v.([]output.Value)
	if err != nil || !ok {
		return nil, err
	}
	return project(l, n.each)
}

func (n values) search(v output.Value) (output.Value, error) {
	v, err := n.of.search(v)
	o, ok := v.(*output.Object)
	if err != nil || !ok {
		return nil, err
	}
	return project(membersOf(o), n.each)
}

func membersOf(o *output.Object) []output.Value {
	all := []output.Value{}
	for _, k := range o.Keys() {
		v, _ := o.Get(k)
		all = append(all, v)
	}
	return all
}

func (n filter) search(v output.Value) (output.Value, error) {
	v, err := n.of.search(v)
	l, ok := v.([]output.Value)
	if err != nil || !ok {
		return nil, err
	}
	kept := []output.Value{}
	for _, e := range l {
		v, err := n.condition.search(e)
		if err != nil {
			return nil, err
		}
		if truth(v) {
			kept = append(kept, e)
		}
	}
	return project(kept, n.each)
}

func (n list) search(v output.Value) (output.Value, error) {
	if v == nil {
		return nil, nil
	}
	all := make([]output.Value, 0, len(n.items))
	for _, item := range n.items {
		e, err := item.search(v)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func (n hash) search(v output.Value) (output.Value, error) {
	if v == nil {
		return nil, nil
	}
	o := output.NewObject()
	for i, item := range n.items {
		e, err := item.search(v)
		if err != nil {
			return nil, err
		}
		o.Set(n.keys[i], e)
	}
	return o, nil
}

// truth is false for what is empty, null or false. Numbers are true.
func truth(v output.Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []output.Value:
		return len(v) > 0
	case *output.Object:
		return v.Len() > 0
	}
	return true
}

func (n or) search(v output.Value) (output.Value, error) {
	left, err := n.left.search(v)
	if err != nil || truth(left) {
		return left, err
	}
	return n.right.search(v)
}

func (n and) search(v output.Value) (output.Value, error) {
	left, err := n.left.search(v)
	if err != nil || !truth(left) {
		return left, err
	}
	return n.right.search(v)
}

func (n not) search(v output.Value) (output.Value, error) {
	v, err := n.of.search(v)
	return !truth(v), err
}

func (n comparison) search(v output.Value) (output.Value, error) {
	left, err := n.left.search(v)
	if err != nil {
		return nil, err
	}
	right, err := n.right.search(v)
	switch {
	case err != nil:
		return nil, err
	case n.operator == "eq":
		return output.Equal(left, right), nil
	case n.operator == "ne":
		return !output.Equal(left, right), nil
	case !ordered(left) || !ordered(right):
		return nil, nil
	case isText(left) != isText(right):
		sign := map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[n.operator]
		return nil, fmt.Errorf("'%s' not supported between instances of '%s' and '%s'", sign, pythonType(left), pythonType(right))
	}
	order := compare(left, right)
	switch n.operator {
	case "lt":
		return order < 0, nil
	case "lte":
		return order <= 0, nil
	case "gt":
		return order > 0, nil
	}
	return order >= 0, nil
}

func isText(v output.Value) bool { _, ok := v.(string); return ok }

func isNumber(v output.Value) bool {
	switch v.(type) {
	case int64, float64:
		return true
	}
	return false
}

func ordered(v output.Value) bool { return isText(v) || isNumber(v) }

// compare orders two texts or two numbers.
func compare(a, b output.Value) int {
	if s, ok := a.(string); ok {
		t, _ := b.(string)
		return slices.Compare([]rune(s), []rune(t))
	}
	x, whole := a.(int64)
	if y, ok := b.(int64); ok && whole {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	f, g := toFloat(a), toFloat(b)
	switch {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}

func toFloat(v output.Value) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	f, _ := v.(float64)
	return f
}
