package paging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/output"
)

// service has pages of two items each: a b, c d, e.
func service(calls *[]string) func(context.Context, string) (*output.Object, error) {
	pages := map[string]*output.Object{
		"":   output.NewObject("nextToken", "é2", "list", []output.Value{"a", "b"}),
		"é2": output.NewObject("nextToken", "3", "list", []output.Value{"c", "d"}),
		"3":  output.NewObject("list", []output.Value{"e"}),
	}
	return func(_ context.Context, next string) (*output.Object, error) {
		*calls = append(*calls, next)
		page, ok := pages[next]
		if !ok {
			return nil, fmt.Errorf("no page %q", next)
		}
		copied := output.NewObject()
		for _, k := range page.Keys() {
			v, _ := page.Get(k)
			copied.Set(k, v)
		}
		return copied, nil
	}
}

func read(t *testing.T, limit int, start string) (items, resume string, calls []string) {
	t.Helper()
	r, err := Read(t.Context(), Request{List: "list", Fetch: service(&calls), Max: limit, Limit: limit >= 0, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	list, _ := r.Merged().Get("list")
	for _, v := range list.([]output.Value) {
		items += v.(string)
	}
	return items, r.Resume, calls
}

// TestTokens are what botocore 1.37.9 gives out for the same pages.
func TestTokens(t *testing.T) {
	for _, c := range []struct {
		limit                int
		start, items, resume string
		calls                []string
	}{
		{-1, "", "abcde", "", []string{"", "é2", "3"}},
		{0, "", "", "eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAwfQ==", []string{""}},
		{1, "", "a", "eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==", []string{""}},
		{2, "", "ab", "eyJuZXh0VG9rZW4iOiAiXHUwMGU5MiJ9", []string{""}},
		{3, "", "abc", "eyJuZXh0VG9rZW4iOiAiXHUwMGU5MiIsICJib3RvX3RydW5jYXRlX2Ftb3VudCI6IDF9", []string{"", "é2"}},
		{5, "", "abcde", "", []string{"", "é2", "3"}},
		{1, "eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==", "b", "eyJuZXh0VG9rZW4iOiAiXHUwMGU5MiJ9", []string{""}},
		{-1, "3", "e", "", []string{"3"}},
		{-1, "None___1", "bcde", "", []string{"", "é2", "3"}},
		{1, "é2___1", "d", "eyJuZXh0VG9rZW4iOiAiMyJ9", []string{"é2"}},
	} {
		items, resume, calls := read(t, c.limit, c.start)
		if items != c.items || resume != c.resume || !slices.Equal(calls, c.calls) {
			t.Errorf("%d from %q: %q %q %q, want %q %q %q", c.limit, c.start, items, resume, calls, c.items, c.resume, c.calls)
		}
	}
}

// TestEveryStep reads the list in steps of every size, each from where the last one stopped.
func TestEveryStep(t *testing.T) {
	for size := 1; size <= 6; size++ {
		var all strings.Builder
		start := ""
		for range 6 {
			items, resume, _ := read(t, size, start)
			all.WriteString(items)
			if start = resume; start == "" {
				break
			}
		}
		if all.String() != "abcde" || start != "" {
			t.Errorf("in steps of %d: %q, then %q", size, all.String(), start)
		}
	}
}

func TestInText(t *testing.T) {
	var calls []string
	r, err := Read(t.Context(), Request{List: "list", Fetch: service(&calls), Max: 3, Limit: true})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"list":["a","b"]},{"list":["c"]},{"NextToken":{"NextToken":"` + r.Resume + `"}}]`
	if got := output.Compact(r.InText()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestBadTokens are JSON, so that they cannot be the service's, and not what is ever given out.
func TestBadTokens(t *testing.T) {
	for _, bad := range []string{"e30x", "W10=", "eyJhIjogMX0=", "eyJib3RvX3RydW5jYXRlX2Ftb3VudCI6IC0xfQ=="} {
		_, err := Read(t.Context(), Request{List: "list", Start: bad, Fetch: func(context.Context, string) (*output.Object, error) {
			return nil, errors.New("fetched")
		}})
		if bad == "e30x" {
			if err == nil || err.Error() != "fetched" {
				t.Errorf("an opaque token: %v", err)
			}
		} else if !errors.As(err, new(*StartError)) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCircle(t *testing.T) {
	n := 0
	_, err := Read(t.Context(), Request{List: "list", Fetch: func(context.Context, string) (*output.Object, error) {
		n++
		return output.NewObject("nextToken", "again"), nil
	}})
	if !errors.As(err, new(*CircleError)) || n != 2 {
		t.Errorf("%v after %d calls", err, n)
	}
}

func FuzzStart(f *testing.F) {
	f.Add("eyJuZXh0VG9rZW4iOiAiXHUwMGU5MiIsICJib3RvX3RydW5jYXRlX2Ftb3VudCI6IDF9")
	f.Add("a___1")
	f.Fuzz(func(t *testing.T, given string) {
		next, skip, err := start(given)
		if err != nil || next == "None" || !strings.Contains(output.Compact(next), next) {
			return
		}
		again, n, err := start(token(next, skip))
		if err != nil || again != next || n != skip || skip < 0 {
			t.Errorf("%q %d: %q %d %v", next, skip, again, n, err)
		}
	})
}
