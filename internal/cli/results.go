package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/output"
	"keyfob/internal/paging"
	"keyfob/internal/query"
)

// results prints what services answer, in the format and through the query that were asked for.
type results struct {
	Format output.Format
	Query  *query.Expression // nil for everything
	Width  int               // of the terminal; 0 without one
	Color  bool
	Show   func(text string) error // prints, or runs a pager
}

// formatError is a format that the config file or the environment names, and that is none.
type formatError struct{ name string }

func (e *formatError) Error() string { return "Unknown output type: " + e.name }

// format is the one of --output, or the profile's.
func (a *app) format(profile string) (output.Format, error) {
	name := a.global.output
	if name == "" && a.config != nil {
		name, _ = a.config.Setting(profile, "output", "AWS_DEFAULT_OUTPUT")
	}
	if name == "" {
		return output.FormatJSON, nil
	}
	if !slices.Contains(output.Formats(), name) {
		return "", &formatError{name}
	}
	return output.Format(name), nil
}

// compileQuery reads --query.
func (a *app) compileQuery(cmd *cobra.Command) (err error) {
	if !cmd.Flags().Changed("query") {
		return nil
	}
	if a.query, err = query.Compile(a.global.query); err != nil {
		// The lines below the first show the place, which a single line cannot.
		reason, _, _ := strings.Cut(err.Error(), "\n")
		reason = strings.TrimSuffix(strings.TrimSuffix(reason, ":"), ", for expression")
		return &usageError{cmd, "Bad value for --query " + a.global.query + ": " + reason}
	}
	return nil
}

// one prints a single answer of an operation.
func (r *results) one(operation string, v output.Value) error {
	text, err := r.write(operation, v)
	if err != nil {
		return err
	}
	return r.Show(text)
}

// pages prints the answers of an operation that has several: as text and yaml-stream each on its own, else as one.
func (r *results) pages(operation string, all paging.Result) error {
	var answers []output.Value
	switch r.Format {
	case output.FormatText:
		answers = all.InText()
	case output.FormatYAMLStream:
		for _, page := range all.Pages {
			answers = append(answers, page)
		}
	default:
		return r.one(operation, all.Merged())
	}
	var b strings.Builder
	for _, v := range answers {
		text, err := r.write(operation, v)
		if err != nil {
			return err
		}
		b.WriteString(text)
	}
	return r.Show(b.String())
}

func (r *results) write(operation string, v output.Value) (text string, err error) {
	if r.Format == output.FormatText || r.Format == output.FormatTable {
		v = output.Clean(v)
	}
	if r.Query != nil {
		if v, err = r.Query.Search(v); err != nil {
			return "", err
		}
	}
	return output.Write(r.Format, v, output.Options{Title: operation, Width: r.Width, Color: r.Color})
}

// pagingFlags are those of the commands that list, as the AWS CLI has them.
type pagingFlags struct {
	maxItems, pageSize   int
	startingToken        string
	nextToken            string // the service's own, which the AWS CLI takes but does not show
	maxResults           int
	limited, sized, bare bool // whether --max-items, --page-size and one of the service's own were given
}

func (f *pagingFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.maxItems, "max-items", 0, "stop after so many `items`, and print a NextToken to go on from")
	cmd.Flags().IntVar(&f.pageSize, "page-size", 0, "ask the service for so many `items` at a time")
	cmd.Flags().StringVar(&f.startingToken, "starting-token", "", "go on from the `NextToken` of an earlier call")
	cmd.Flags().StringVar(&f.nextToken, "next-token", "", "the service's own `token`")
	cmd.Flags().IntVar(&f.maxResults, "max-results", 0, "the service's own `size` of a page")
	for _, own := range []string{"next-token", "max-results"} {
		_ = cmd.Flags().MarkHidden(own)
	}
}

// check returns whether all pages are to be read, or just the service's answer to one call.
func (f *pagingFlags) check(cmd *cobra.Command, all bool) (bool, error) {
	changed := cmd.Flags().Changed
	f.limited, f.sized, f.bare = changed("max-items"), changed("page-size"), changed("next-token") || changed("max-results")
	if all = all && !f.bare; !all {
		var used []string
		for _, name := range []string{"starting-token", "page-size", "max-items"} {
			if v := cmd.Flag(name).Value.String(); v != "" && v != "0" {
				used = append(used, "--"+name)
			}
		}
		if used != nil {
			return all, &usageError{cmd, "Cannot specify --no-paginate along with pagination arguments: " + strings.Join(used, ", ")}
		}
	}
	size, sized := f.pageSize, f.sized && all
	if f.bare {
		size, sized = f.maxResults, changed("max-results")
	}
	switch {
	case sized && size < 1:
		return all, &usageError{cmd, fmt.Sprintf("Parameter validation failed: Invalid value for parameter maxResults, value: %d, valid min value: 1", size)}
	case f.limited && f.maxItems < 0:
		return all, &usageError{cmd, "--max-items cannot be negative"}
	}
	return all, nil
}

// asUsage makes a starting token that is none a mistake in the command line.
func asUsage(cmd *cobra.Command, err error) error {
	if bad := new(paging.StartError); errors.As(err, &bad) {
		return &usageError{cmd, bad.Error()}
	}
	return err
}
