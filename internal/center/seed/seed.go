package seed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

const (
	maxFile  = 16 << 20 // 5,000 accounts with five assignments each take three
	maxDepth = 64
)

// Seed is what a file declares.
type Seed struct {
	Organisation store.Organisation
	// StartURLs are names of the instance beside the center's own address, like
	// "https://example.awsapps.com/start", which clients send and nobody contacts.
	StartURLs []string
	// Secrets are those of service users, by access key id or serial number of the MFA device. Seal
	// brings them into Organisation.
	Secrets map[string]wire.Secret
	// Kept are those that stay as the store has them ("secret: keep").
	Kept map[string]bool
}

// Sources is what a file may refer to. A nil function means that such references are refused.
type Sources struct {
	ReadFile  func(name string) ([]byte, error) // name as written in the file
	LookupEnv func(name string) (string, bool)
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 when it is not about one place
	Message      string
}

// Error gives the place in the form that editors understand.
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything that is wrong with a file, in its order; its text is one line each.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Parse reads a file's content; file is its name in messages. The error is Problems.
func Parse(file string, data []byte, sources Sources) (Seed, error) {
	r := &reader{file: file, sources: sources}
	if root := r.parse(data); root != nil {
		r.readFile(root)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return Seed{}, Problems(r.problems)
	}
	return r.seed, nil
}

func (r *reader) parse(data []byte) ast.Node {
	switch {
	case len(data) > maxFile:
		r.report(nil, "the file is larger than %d MiB", maxFile>>20)
		return nil
	case tooDeep(data):
		r.report(nil, "the file is nested too deeply")
		return nil
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		var e yaml.Error
		if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
			at := e.GetToken().Position
			r.problems = append(r.problems, Problem{r.file, at.Line, at.Column, "this is not YAML: " + printable(e.GetMessage())})
		} else {
			r.report(nil, "this is not YAML: %s", printable(err.Error()))
		}
		return nil
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		r.report(nil, "the file is empty: keyfob-center init writes an example")
		return nil
	}
	if len(f.Docs) > 1 {
		r.report(f.Docs[1].Body, "the file has more than one YAML document: remove the ---")
		return nil
	}
	return f.Docs[0].Body
}

// tooDeep guards the parser, which recurses, against lines that nothing legible needs.
func tooDeep(data []byte) bool {
	depth := 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '\n':
			depth = max(depth, 0)
		}
		if depth > maxDepth {
			return true
		}
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		nested := strings.TrimLeft(line, " \t")
		if len(line)-len(nested) > 4*maxDepth || strings.Count(line, "- ") > maxDepth && strings.HasPrefix(nested, "- - ") ||
			strings.Count(line, "? ") > maxDepth || strings.Count(line, ": ") > maxDepth {
			return true
		}
	}
	return false
}
