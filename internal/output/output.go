package output

import "strings"

// Format is how a result is written.
type Format string

// The formats. FormatOff writes nothing.
const (
	FormatJSON       Format = "json"
	FormatText       Format = "text"
	FormatTable      Format = "table"
	FormatYAML       Format = "yaml"
	FormatYAMLStream Format = "yaml-stream"
	FormatOff        Format = "off"
)

// Formats are all there are, in the order in which the AWS CLI lists them.
func Formats() []string {
	return []string{string(FormatJSON), string(FormatText), string(FormatTable), string(FormatYAML), string(FormatYAMLStream), string(FormatOff)}
}

// Options are what a format may want to know. The zero value is good for all but tables.
type Options struct {
	Title string // of a table: the operation's name
	Width int    // of the terminal; 0 for none, which is as 80
	Color bool
}

// Write returns a result in a format. An empty object is no result: nothing is written for it.
func Write(f Format, v Value, o Options) (string, error) {
	if o.Width == 0 {
		o.Width = 80
	}
	var b strings.Builder
	var err error
	object, _ := v.(*Object)
	none := object != nil && object.Len() == 0
	switch f {
	case FormatText:
		err = writeText(&b, v, nil, nil)
	case FormatTable:
		err = writeTable(&b, o.Title, v, o.Width, o.Color)
	case FormatYAML, FormatYAMLStream:
		if f == FormatYAMLStream {
			v = []Value{v} // each answer is a list of one, so that those after it go on with it
		}
		if !none {
			writeYAML(&b, v)
		}
	case FormatOff:
	default:
		if !none {
			writeJSON(&b, v, "")
			b.WriteByte('\n')
		}
	}
	return b.String(), err
}
