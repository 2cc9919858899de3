package output

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// FuzzWrite feeds any document to every format: none may panic, JSON reads as what was written, and no format lets
// through what a terminal could act on.
func FuzzWrite(f *testing.F) {
	for _, r := range recordings(f) {
		f.Add([]byte(r.Value), 80)
	}
	f.Add([]byte("{\"\u202e\": [\"\\u001b[2J\", -1e400]}"), 0)
	f.Fuzz(func(t *testing.T, document []byte, width int) {
		v, err := Decode(document)
		if err != nil {
			return
		}
		for _, format := range Formats() {
			in := v
			if format == "text" || format == "table" {
				in = Clean(v)
			}
			got, err := Write(Format(format), in, Options{Title: "T", Width: width % 200})
			if err != nil {
				continue
			}
			for _, r := range got {
				if Hostile(r) && r != '\n' && (r != '\t' || format != "text") {
					t.Fatalf("%s has %q:\n%q", format, r, got)
				}
			}
			if o, ok := v.(*Object); format == "json" && (!ok || o.Len() > 0) && !strings.Contains(got, "Infinity") {
				again, err := Decode([]byte(got))
				if err != nil || !Equal(v, again) {
					t.Fatalf("json is read as something else (%v):\n%s", err, got)
				}
				if ordered, _ := Write(FormatJSON, again, Options{}); ordered != got {
					t.Fatalf("the order of members is lost:\n%s\n%s", got, ordered)
				}
			}
		}
	})
}

// TestYAMLIsRead has an independent reader judge what is written.
func TestYAMLIsRead(t *testing.T) {
	v, err := Decode([]byte(`["null", "1", "yes", "~", "2020-01-01", "a: b # c", "", " x", "é\n y", "\u001b", "\u202e", ["- x", true], -5]`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Write(FormatYAML, v, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var back []any
	if err := yaml.Unmarshal([]byte(text), &back); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if want := v.([]Value); fmt.Sprintf("%q", back) != fmt.Sprintf("%q", want) {
		t.Errorf("%s\nis read as %q", text, back)
	}
}

// TestHostile says what becomes of what a terminal would act on.
func TestHostile(t *testing.T) {
	v := NewObject("a", "x\x1b[2J\u202ey\nz\t", "b\a", []Value{"\x7f"})
	for format, want := range map[Format]string{
		FormatJSON: "{\n    \"a\": \"x\\u001b[2J\\u202ey\\nz\\t\",\n    \"b\\u0007\": [\n        \"\\u007f\"\n    ]\n}\n",
		FormatYAML: "a: \"x\\e[2J\\u202Ey\\nz\\t\"\n\"b\\a\":\n- \"\\x7F\"\n",
	} {
		if got, err := Write(format, v, Options{}); err != nil || got != want {
			t.Errorf("%s: %v\n%q\n%q", format, err, got, want)
		}
	}
	if got, err := Write(FormatText, Clean(NewObject("a", "x\x1b[2J\u202ey\nz\t")), Options{}); err != nil || got != "x[2Jy z \n" {
		t.Errorf("text: %v %q", err, got)
	}
}
