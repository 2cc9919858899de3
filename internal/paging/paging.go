// Package paging reads a list that a service answers in pages, as much of it as is asked for, and remembers where
// it stopped in a token that the AWS CLI reads too, and the other way round.
//
// Package cli calls it. It must not know which service it is: a page is fetched through a port.
package paging

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"keyfob/internal/output"
)

// The members of tokens and pages, as the AWS CLI has them.
const (
	nextMember   = "nextToken"
	amountMember = "boto_truncate_amount"
	resumeMember = "NextToken"
)

// Request says what to read.
type Request struct {
	List  string // the member of a page that has its items
	Fetch func(ctx context.Context, next string) (*output.Object, error)

	Max   int    // items in all, when Limit is set
	Limit bool   // whether there is a Max
	Start string // where an earlier call stopped; "" for the beginning
}

// Result is what was read. Each page has at most its own items, and its own token of the service.
type Result struct {
	Pages  []*output.Object
	List   string
	Resume string // where to go on; "" at the end
}

// StartError is a token that none of the AWS CLI's commands and ours gave out.
type StartError struct{ Token string }

// Error implements error.
func (e *StartError) Error() string { return "Bad starting token: " + e.Token }

// CircleError is a service that would be asked for ever.
type CircleError struct{}

// Error implements error.
func (e *CircleError) Error() string {
	return "the service's answers go round in circles: it gave the same page token twice"
}

// Read reads pages until there are no more, or there are enough.
func Read(ctx context.Context, r Request) (Result, error) {
	result := Result{List: r.List}
	next, skip, err := start(r.Start)
	if err != nil {
		return Result{}, err
	}
	seen := map[string]bool{}
	for total := 0; ; skip = 0 {
		page, err := r.Fetch(ctx, next)
		if err != nil {
			return Result{}, err
		}
		v, _ := page.Get(r.List)
		items, _ := v.([]output.Value)
		if skip > 0 {
			items = items[min(skip, len(items)):]
			page.Set(r.List, items)
		}
		result.Pages = append(result.Pages, page)
		if over := total + len(items) - r.Max; r.Limit && over > 0 {
			keep := len(items) - over
			page.Set(r.List, items[:keep:keep])
			result.Resume = token(next, keep+skip)
			return result, nil
		}
		total += len(items)
		v, _ = page.Get(nextMember)
		if next, _ = v.(string); next == "" {
			return result, nil
		}
		if r.Limit && total == r.Max {
			result.Resume = token(next, -1)
			return result, nil
		}
		if seen[next] {
			return Result{}, &CircleError{}
		}
		seen[next] = true
	}
}

// Merged is one answer of all pages.
func (r Result) Merged() *output.Object {
	all := []output.Value{}
	for _, page := range r.Pages {
		v, _ := page.Get(r.List)
		items, _ := v.([]output.Value)
		all = append(all, items...)
	}
	merged := output.NewObject(r.List, all)
	if r.Resume != "" {
		merged.Set(resumeMember, r.Resume)
	}
	return merged
}

// InText are the answers that are printed one by one as text: the pages' items, and where to go on.
func (r Result) InText() []output.Value {
	var all []output.Value
	for _, page := range r.Pages {
		v, _ := page.Get(r.List)
		all = append(all, output.NewObject(r.List, v))
	}
	if r.Resume != "" {
		all = append(all, output.NewObject(resumeMember, output.NewObject(resumeMember, r.Resume)))
	}
	return all
}

// token is where to go on: behind the items that were taken from the page that next leads to, or at its beginning
// when taken is negative.
func token(next string, taken int) string {
	value := output.Value(nil)
	if next != "" {
		value = next
	}
	document := `{"` + nextMember + `": ` + output.Compact(value)
	if taken >= 0 {
		document += `, "` + amountMember + `": ` + strconv.Itoa(taken)
	}
	return base64.StdEncoding.EncodeToString([]byte(document + "}"))
}

// start reads a token. What is none is taken for the service's own, with the number of items to skip behind three
// underscores, as tokens once were.
func start(given string) (next string, skip int, err error) {
	if given == "" {
		return "", 0, nil
	}
	next, skip, err = decode(given)
	if !errors.Is(err, errOpaque) {
		if err != nil {
			err = &StartError{given}
		}
		return next, skip, err
	}
	next = given
	if before, number, ok := strings.Cut(given, "___"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 0 {
			next, skip = before, n
		}
	}
	if next == "None" {
		next = ""
	}
	return next, skip, nil
}

var errOpaque = errors.New("no token of ours")

func decode(given string) (next string, skip int, err error) {
	document, err := base64.StdEncoding.DecodeString(given)
	if err != nil {
		return "", 0, errOpaque
	}
	v, err := output.Decode(document)
	if err != nil {
		return "", 0, errOpaque
	}
	o, ok := v.(*output.Object)
	if !ok {
		return "", 0, &StartError{}
	}
	for _, k := range o.Keys() {
		switch v, _ := o.Get(k); v := v.(type) {
		case string:
			ok = k == nextMember
			if next = v; v == "None" {
				next = ""
			}
		case nil:
			ok = k == nextMember
		case int64:
			ok = k == amountMember && v >= 0 && v < 1<<31
			skip = int(v)
		default:
			ok = false
		}
		if !ok {
			return "", 0, &StartError{}
		}
	}
	return next, skip, nil
}
