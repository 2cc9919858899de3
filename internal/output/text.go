package output

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// errMixed is a list that has objects and something else: text has no columns for both.
var errMixed = errors.New("a list of objects that has something else in it has no form in text; another --output has")

// writeText writes a line for each row of scalars, separated by tabs and in the order of their members' names.
// A row in a named list begins with that name.
func writeText(b *strings.Builder, v Value, name *string, columns []string) error {
	switch v := v.(type) {
	case *Object:
		return writeTextObject(b, v, name, columns)
	case []Value:
		return writeTextList(b, v, name)
	}
	b.WriteString(Text(v) + "\n")
	return nil
}

func writeTextList(b *strings.Builder, list []Value, name *string) error {
	switch {
	case slices.ContainsFunc(list, isObject):
		columns, err := scalarMembers(list)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := writeText(b, e, name, columns); err != nil {
				return err
			}
		}
	case slices.ContainsFunc(list, isList):
		var scalars []Value
		for _, e := range list {
			if !isList(e) {
				scalars = append(scalars, e)
			}
		}
		if scalars != nil {
			writeRow(b, scalars, name)
		}
		for _, e := range list {
			if isList(e) {
				if err := writeText(b, e, name, nil); err != nil {
					return err
				}
			}
		}
	case len(list) > 0:
		writeRow(b, list, name)
	}
	return nil
}

func writeRow(b *strings.Builder, scalars []Value, name *string) {
	if name != nil {
		for _, s := range scalars {
			b.WriteString(strings.ToUpper(*name) + "\t" + Text(s) + "\n")
		}
		return
	}
	for i, s := range scalars {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(Text(s))
	}
	b.WriteByte('\n')
}

// writeTextObject writes the columns that all objects of a list have between them, or those of this object alone
// when columns is nil, and then what is below it.
func writeTextObject(b *strings.Builder, o *Object, name *string, columns []string) error {
	var row, rest []string
	if columns == nil {
		for _, k := range o.sorted() {
			if isScalar(o.values[k]) {
				row = append(row, Text(o.values[k]))
			} else {
				rest = append(rest, k)
			}
		}
	} else {
		for _, k := range columns {
			cell := ""
			if v, ok := o.Get(k); ok {
				cell = Text(v)
			}
			row = append(row, cell)
		}
		for _, k := range o.sorted() {
			if !slices.Contains(columns, k) {
				rest = append(rest, k)
			}
		}
	}
	if len(row) > 0 {
		if name != nil {
			row = slices.Insert(row, 0, strings.ToUpper(*name))
		}
		b.WriteString(strings.Join(row, "\t") + "\n")
	}
	for _, k := range rest {
		if err := writeText(b, o.values[k], &k, nil); err != nil {
			return err
		}
	}
	return nil
}

func scalarMembers(list []Value) ([]string, error) {
	seen := map[string]bool{}
	for _, e := range list {
		o, ok := e.(*Object)
		if !ok {
			return nil, errMixed
		}
		for k, v := range o.values {
			if isScalar(v) {
				seen[k] = true
			}
		}
	}
	columns := slices.Sorted(maps.Keys(seen))
	if columns == nil {
		columns = []string{}
	}
	return columns, nil
}

func isObject(v Value) bool { _, ok := v.(*Object); return ok }
func isList(v Value) bool   { _, ok := v.([]Value); return ok }
func isScalar(v Value) bool { return !isObject(v) && !isList(v) }
